import type { Session } from '../session.ts'
import type { TableMaker } from './table-maker.ts'

/** What searches need beside the data itself: the log that vector indexes follow, terms of metadata, saved searches. */
export async function search(make: TableMaker, db: Session): Promise<void> {
  await make.table('embedding_log', (t) =>
    t
      .pk()
      .bigint('app_pk')
      .bigint('model_version_pk')
      .bigint('dimension')
      .bigint('embedding_pk')
      .bool('added')
      .bigint('transaction_number', (column) => column.notNull())
      .text('token'),
  )
  await logEmbeddings(make, db, 'insert')
  await logEmbeddings(make, db, 'delete')

  await make.table('annotation_terms', (t) =>
    t
      .parent('annotation_pk', 'annotations')
      .text('term')
      .bigint('app_pk')
      .bigint('input_pk')
      .key(['annotation_pk', 'term']),
  )
  await make.index('annotation_terms', ['app_pk', 'term', 'input_pk'])
  // Inputs with a concept in the order of inputs, so that a page of a search for a common concept reads a page of rows.
  await make.index('annotation_concepts', ['app_pk', 'concept_pk', 'input_pk', 'annotation_pk', 'value'])
  await make.index('inputs', ['app_pk', 'status_code', 'pk'])

  await make.table('searches', (t) => t.family().parent('app_pk', 'apps').text('id').text('name').bigint('visibility'))
  await make.index('searches', ['app_pk', 'id'], { unique: true })
  await make.index('searches', ['app_pk', 'created_at desc', 'pk desc'])

  await make.table('annotation_search_metrics', (t) =>
    t.family().parent('app_pk', 'apps').text('id').bigint('status_code'),
  )
  await make.index('annotation_search_metrics', ['app_pk', 'id'], { unique: true })
  await make.index('annotation_search_metrics', ['app_pk', 'created_at desc', 'pk desc'])
}

async function logEmbeddings(make: TableMaker, db: Session, event: 'insert' | 'delete'): Promise<void> {
  const { transactionNumber, uniqueText } = db.ops
  const text = (expression: { compile(db: Session): { sql: string } }): string => expression.compile(db).sql
  await make.afterEach(
    `log_embeddings_${event}`,
    'embeddings',
    event,
    `insert into embedding_log
      (app_pk, model_version_pk, dimension, embedding_pk, added, transaction_number, token)
     values (row.app_pk, row.model_version_pk, row.dimension, row.pk, ${event === 'insert' ? 1 : 0},
      ${text(transactionNumber)}, ${text(uniqueText)})`,
  )
}
