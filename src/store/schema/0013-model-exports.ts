import type { TableMaker } from './table-maker.ts'

/** Model versions as files; the file itself is one of the version's stored contents. */
export async function modelExports(make: TableMaker): Promise<void> {
  await make.table('model_version_exports', (t) =>
    t
      .parent('version_pk', 'model_versions')
      .bigint('status_code')
      .text('status_details')
      .text('media_id')
      .bigint('size')
      .text('job_id')
      .bigint('created_at')
      .bigint('modified_at')
      .key(['version_pk']),
  )
  await make.index('model_version_exports', ['media_id'], { unique: true })
}
