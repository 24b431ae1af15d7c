import { nullable, type TableMaker } from './table-maker.ts'

/** Evaluations of workflow versions, with each example. */
export async function workflowEvaluations(make: TableMaker): Promise<void> {
  await make.table('workflow_evaluations', (t) =>
    t
      .family()
      .parent('app_pk', 'apps')
      .text('id')
      .parent('workflow_version_pk', 'workflow_versions')
      .text('target_node_id')
      .text('template_id')
      .bigint('dataset_version_pk')
      .bigint('predictions_version_pk', nullable)
      .bigint('status_code')
      .text('status_details')
      .text('job_id'),
  )
  await make.index('workflow_evaluations', ['app_pk', 'id'], { unique: true })
  await make.index('workflow_evaluations', ['app_pk', 'created_at desc', 'pk desc'])
  await make.index('workflow_evaluations', ['workflow_version_pk', 'created_at desc', 'pk desc'])
  await make.table('workflow_evaluation_data', (t) =>
    t
      .parent('evaluation_pk', 'workflow_evaluations')
      .bigint('position')
      .text('id')
      .text('doc')
      .key(['evaluation_pk', 'id']),
  )
  await make.index('workflow_evaluation_data', ['evaluation_pk', 'position'])
}
