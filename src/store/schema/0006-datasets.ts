import { nullable, type TableMaker } from './table-maker.ts'

/** Versions of datasets with what is made of them, annotation filters, annotation tracks. */
export async function datasetVersions(make: TableMaker): Promise<void> {
  await make.table('annotation_filters', (t) => t.family().parent('app_pk', 'apps').text('id'))
  await make.index('annotation_filters', ['app_pk', 'id'], { unique: true })
  await make.index('annotation_filters', ['app_pk', 'created_at desc', 'pk desc'])

  await make.table('annotation_tracks', (t) => t.family().parent('input_pk', 'inputs').text('id').bigint('status_code'))
  await make.index('annotation_tracks', ['input_pk', 'id'], { unique: true })
  await make.index('annotation_tracks', ['input_pk', 'pk'])

  await make.table('dataset_versions', (t) =>
    t
      .family()
      .parent('dataset_pk', 'datasets')
      .text('id')
      .text('description')
      .bigint('visibility')
      .bigint('status_code')
      .text('status_details')
      .bigint('request_origin')
      .bigint('inputs_count')
      .text('job_id'),
  )
  await make.index('dataset_versions', ['dataset_pk', 'id'], { unique: true })
  await make.index('dataset_versions', ['dataset_pk', 'created_at desc', 'pk desc'])

  await make.table('dataset_version_chunks', (t) =>
    t
      .parent('version_pk', 'dataset_versions')
      .bigint('position')
      .text('hash')
      .bigint('size')
      .bigint('inputs')
      .key(['version_pk', 'position']),
  )

  await make.table('dataset_version_groups', (t) =>
    t
      .parent('version_pk', 'dataset_versions')
      .bigint('position')
      .text('parent_path')
      .bigint('type')
      .text('value')
      .text('doc')
      .key(['version_pk', 'position']),
  )

  await make.table('dataset_version_exports', (t) =>
    t
      .parent('version_pk', 'dataset_versions')
      .bigint('format')
      .bool('include_embeddings')
      .bigint('status_code')
      .text('status_details')
      .text('media_id')
      .text('hash', nullable)
      .bigint('size')
      .text('job_id')
      .bigint('created_at')
      .bigint('modified_at')
      .key(['version_pk', 'format']),
  )
  await make.index('dataset_version_exports', ['media_id'], { unique: true })
}
