import { nullable, type TableMaker } from './table-maker.ts'

/** Clusters and nodepools of users, the runners in them and the deployments that name them. */
export async function compute(make: TableMaker): Promise<void> {
  await make.table('compute_clusters', (t) => t.family().parent('user_pk', 'users').text('id').bigint('visibility'))
  await make.index('compute_clusters', ['user_pk', 'id'], { unique: true })
  await make.table('nodepools', (t) =>
    t.family().parent('cluster_pk', 'compute_clusters').text('id').bigint('visibility'),
  )
  await make.index('nodepools', ['cluster_pk', 'id'], { unique: true })
  await make.table('runners', (t) =>
    t
      .family()
      .parent('user_pk', 'users')
      .parent('nodepool_pk', 'nodepools', nullable)
      .text('id')
      .bigint('num_replicas')
      .bigint('model_pk')
      .bigint('version_pk'),
  )
  await make.index('runners', ['user_pk', 'id'], { unique: true })
  await make.index('runners', ['nodepool_pk'])
  await make.table('deployments', (t) =>
    t.family().parent('user_pk', 'users').text('id').bigint('visibility').bigint('model_pk').bigint('version_pk'),
  )
  await make.index('deployments', ['user_pk', 'id'], { unique: true })
  await make.table('deployment_nodepools', (t) =>
    t
      .parent('deployment_pk', 'deployments')
      .parent('nodepool_pk', 'nodepools')
      .bigint('position')
      .key(['deployment_pk', 'nodepool_pk']),
  )
  await make.index('deployment_nodepools', ['nodepool_pk'])
}
