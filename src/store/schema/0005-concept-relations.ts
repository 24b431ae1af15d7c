import type { TableMaker } from './table-maker.ts'

/** Relations between concepts, and the knowledge graphs that they belong to. */
export async function conceptRelations(make: TableMaker): Promise<void> {
  await make.table('knowledge_graphs', (t) => t.family().parent('app_pk', 'apps').text('id'))
  await make.index('knowledge_graphs', ['app_pk', 'id'], { unique: true })

  await make.table('concept_relations', (t) =>
    t
      .family()
      .parent('app_pk', 'apps')
      .text('id')
      .text('knowledge_graph_id')
      .text('predicate')
      .parent('subject_pk', 'concepts')
      .parent('object_pk', 'concepts')
      .bigint('visibility'),
  )
  await make.index('concept_relations', ['app_pk', 'id'], { unique: true })
  await make.index('concept_relations', ['app_pk', 'subject_pk', 'object_pk', 'predicate', 'knowledge_graph_id'], {
    unique: true,
  })
  await make.index('concept_relations', ['app_pk', 'object_pk'])
  // Deleting a concept's app asks by these alone.
  await make.index('concept_relations', ['subject_pk'])
  await make.index('concept_relations', ['object_pk'])
}
