import { nullable, type TableMaker } from './table-maker.ts'

/** Inputs with their media, what is said about them, embeddings and datasets. */
export async function dataPlane(make: TableMaker): Promise<void> {
  await inputs(make)
  await media(make)
  await annotations(make)
  await datasets(make)
  await make.table('app_tallies', (t) =>
    t
      .parent('app_pk', 'apps')
      .text('kind')
      .bigint('key')
      .bigint('slot')
      .bigint('amount')
      .key(['app_pk', 'kind', 'key', 'slot']),
  )
}

async function inputs(make: TableMaker): Promise<void> {
  await make.table('inputs_add_jobs', (t) =>
    t.family().parent('app_pk', 'apps').text('id').bigint('status_code').bigint('refused'),
  )
  await make.index('inputs_add_jobs', ['app_pk', 'id'], { unique: true })
  await make.index('inputs_add_jobs', ['app_pk', 'created_at desc', 'pk desc'])

  await make.table('inputs', (t) =>
    t
      .family()
      .parent('app_pk', 'apps')
      .text('id')
      .bigint('kinds')
      .bigint('status_code')
      .text('status_details')
      .bigint('add_job_pk', nullable),
  )
  await make.index('inputs', ['app_pk', 'id'], { unique: true })
  await make.index('inputs', ['app_pk', 'created_at desc', 'pk desc'])
  await make.index('inputs', ['app_pk', 'status_code', 'created_at desc', 'pk desc'])
  await make.index('inputs', ['add_job_pk', 'status_code'])

  await make.table('input_urls', (t) =>
    t.bigint('app_pk').text('url_hash').parent('input_pk', 'inputs').key(['app_pk', 'url_hash', 'input_pk']),
  )
  await make.index('input_urls', ['input_pk'])
}

async function media(make: TableMaker): Promise<void> {
  await make.table('media', (t) =>
    t.family().parent('app_pk', 'apps').parent('input_pk', 'inputs', nullable).text('id').text('kind'),
  )
  await make.index('media', ['app_pk', 'id'], { unique: true })
  await make.index('media', ['input_pk'])

  await make.table('media_files', (t) =>
    t
      .parent('media_pk', 'media')
      .text('size_name')
      .text('hash')
      .bigint('start', (column) => column.notNull().defaultTo(0))
      .bigint('size')
      .text('content_type')
      .bytes('content', nullable)
      .key(['media_pk', 'size_name']),
  )
}

async function annotations(make: TableMaker): Promise<void> {
  await make.table('annotations', (t) =>
    t
      .family()
      .parent('app_pk', 'apps')
      .parent('input_pk', 'inputs')
      .text('id')
      .text('worker_kind')
      .text('worker_id')
      .bigint('worker_pk', nullable)
      .bigint('status_code')
      .bool('trusted')
      .bool('input_level')
      .text('task_id')
      .text('track_id')
      .bigint('shapes'),
  )
  await make.index('annotations', ['input_pk', 'id'], { unique: true })
  await make.index('annotations', ['input_pk'], { unique: true, only: 'input_level' })
  await make.index('annotations', ['app_pk', 'pk'])
  await make.index('annotations', ['app_pk', 'pk'], { only: 'trusted' })
  await make.index('annotations', ['app_pk', 'status_code', 'pk'])
  await make.index('annotations', ['app_pk', 'worker_id', 'pk'])
  await make.index('annotations', ['app_pk', 'task_id', 'pk'])

  // What follows is derived from the documents of annotations, for searches; the other pks in it need no foreign keys.
  await make.table('annotation_concepts', (t) =>
    t
      .parent('annotation_pk', 'annotations')
      .bigint('concept_pk')
      .bigint('place')
      .bigint('app_pk')
      .bigint('input_pk')
      .real('value')
      .key(['annotation_pk', 'concept_pk', 'place']),
  )
  await make.index('annotation_concepts', ['app_pk', 'concept_pk', 'value', 'annotation_pk'])

  await make.table('annotation_geos', (t) =>
    t
      .parent('annotation_pk', 'annotations')
      .bigint('app_pk')
      .bigint('input_pk')
      .real('longitude')
      .real('latitude')
      .key(['annotation_pk']),
  )
  await make.index('annotation_geos', ['app_pk', 'latitude', 'longitude'])

  await make.table('embeddings', (t) =>
    t
      .pk()
      .bigint('app_pk')
      .bigint('input_pk')
      .parent('annotation_pk', 'annotations')
      .bigint('model_version_pk')
      .text('region_id')
      .bigint('dimension')
      .bytes('vector'),
  )
  await make.index('embeddings', ['app_pk', 'model_version_pk', 'pk'])
  await make.index('embeddings', ['annotation_pk'])
  await make.index('embeddings', ['input_pk'])
}

async function datasets(make: TableMaker): Promise<void> {
  await make.table('datasets', (t) =>
    t
      .family()
      .parent('app_pk', 'apps')
      .text('id')
      .text('description')
      .bigint('visibility')
      .bool('is_bookmark')
      .bool('is_featured'),
  )
  await make.index('datasets', ['app_pk', 'id'], { unique: true })
  await make.index('datasets', ['app_pk', 'modified_at desc', 'pk desc'])
  await make.index('datasets', ['visibility', 'modified_at desc', 'pk desc'])

  await make.table('dataset_inputs', (t) =>
    t
      .parent('dataset_pk', 'datasets')
      .parent('input_pk', 'inputs')
      .bigint('created_at')
      .key(['dataset_pk', 'input_pk']),
  )
  await make.index('dataset_inputs', ['dataset_pk', 'created_at', 'input_pk'])
  await make.index('dataset_inputs', ['input_pk'])
}
