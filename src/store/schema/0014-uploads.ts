import { nullable, type TableMaker } from './table-maker.ts'

/** Files on their way in, with what is there of them. */
export async function uploads(make: TableMaker): Promise<void> {
  await make.table('uploads', (t) =>
    t
      .family()
      .parent('app_pk', 'apps')
      .text('id')
      .bigint('status_code')
      .text('status_details')
      .text('content_name')
      .bigint('content_length')
      .bigint('received')
      .text('hash', nullable)
      .bigint('add_job_pk', nullable)
      .bigint('expires_at'),
  )
  await make.index('uploads', ['app_pk', 'id'], { unique: true })
  await make.index('uploads', ['app_pk', 'created_at desc', 'pk desc'])
  await make.index('uploads', ['app_pk', 'status_code'])
  await make.index('uploads', ['add_job_pk', 'pk'])

  await make.table('upload_parts', (t) =>
    t
      .parent('upload_pk', 'uploads')
      .bigint('start')
      .bigint('size')
      .text('hash')
      .bigint('blob_start')
      .bigint('blob_size')
      .key(['upload_pk', 'start']),
  )
}
