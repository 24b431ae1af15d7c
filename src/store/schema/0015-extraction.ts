import { nullable, type TableMaker } from './table-maker.ts'

/** Work that takes inputs out of archives and buckets, and who wants to hear of its end. */
export async function extraction(make: TableMaker): Promise<void> {
  await make.table('inputs_extraction_jobs', (t) =>
    t
      .family()
      .parent('app_pk', 'apps')
      .text('id')
      .bigint('add_job_pk')
      .bigint('status_code')
      .text('status_details')
      .text('url')
      .text('sealed')
      .text('hash', nullable)
      .text('job_id')
      .bigint('images')
      .bigint('videos')
      .bigint('audios')
      .bigint('texts')
      .bigint('refused')
      .bigint('archives_pending')
      .bigint('archives_running')
      .bigint('archives_done')
      .bigint('archives_failed'),
  )
  await make.index('inputs_extraction_jobs', ['app_pk', 'id'], { unique: true })
  await make.index('inputs_extraction_jobs', ['app_pk', 'created_at desc', 'pk desc'])
  await make.index('inputs_extraction_jobs', ['add_job_pk', 'pk'])

  await make.table('inputs_add_job_callbacks', (t) =>
    t.parent('add_job_pk', 'inputs_add_jobs').bigint('app_pk').text('url').key(['add_job_pk']),
  )
  await make.index('inputs_add_job_callbacks', ['app_pk'])
}
