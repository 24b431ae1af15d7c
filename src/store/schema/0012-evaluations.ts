import { nullable, type TableMaker } from './table-maker.ts'

/** Evaluations of model versions: what was said about each example, and the figures. */
export async function evaluations(make: TableMaker): Promise<void> {
  await make.table('evaluations', (t) =>
    t
      .family()
      .parent('app_pk', 'apps')
      .text('id')
      .parent('model_version_pk', 'model_versions')
      .bigint('dataset_pk', nullable)
      .bigint('dataset_version_pk', nullable)
      .text('eval_dataset_id')
      .text('train_dataset_id')
      .bigint('status_code')
      .text('status_details')
      .text('job_id')
      .real('roc_auc', nullable)
      .real('f1', nullable)
      .real('macro_precision', nullable)
      .real('macro_recall', nullable)
      .real('mean_average_precision', nullable),
  )
  await make.index('evaluations', ['app_pk', 'id'], { unique: true })
  await make.index('evaluations', ['app_pk', 'created_at desc', 'pk desc'])
  await make.index('evaluations', ['model_version_pk', 'created_at desc', 'pk desc'])
  await make.table('evaluation_chunks', (t) =>
    t
      .parent('evaluation_pk', 'evaluations')
      .bigint('position')
      .bigint('examples')
      .bytes('content')
      .key(['evaluation_pk', 'position']),
  )
  await make.table('evaluation_results', (t) =>
    t.parent('evaluation_pk', 'evaluations').text('field').text('doc').key(['evaluation_pk', 'field']),
  )
}
