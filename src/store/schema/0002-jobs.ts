import { nullable, type TableMaker } from './table-maker.ts'

/** The queue of background work. */
export async function jobs(make: TableMaker): Promise<void> {
  await make.table('jobs', (t) =>
    t
      .pk()
      .text('id')
      .parent('app_pk', 'apps', nullable)
      .parent('user_pk', 'users', nullable)
      .bigint('lane')
      .text('kind')
      .text('status')
      .text('hold')
      .bigint('priority')
      .text('args')
      .text('state', nullable)
      .bigint('done')
      .bigint('total', nullable)
      .bigint('attempts')
      .bigint('run_after')
      .text('lease_token', nullable)
      .bigint('lease_until', nullable)
      .text('concurrency_key', nullable)
      .text('dedupe_key', nullable)
      .bool('cancel_requested')
      .bigint('error_code', nullable)
      .text('error_details', nullable)
      .bigint('created_at')
      .bigint('modified_at')
      .bigint('started_at', nullable)
      .bigint('finished_at', nullable),
  )
  await make.index('jobs', ['id'], { unique: true })
  await make.index('jobs', ['app_pk', 'pk'])
  await make.index('jobs', ['user_pk', 'pk'])
  await make.index('jobs', ['kind', 'pk'])
  await make.index('jobs', ['status', 'pk'], { name: 'ix_jobs_ended', where: 'finished_at is not null' })
  // Finished rows are in none of these but the last: what the queue asks costs the same however many there are.
  await make.index('jobs', ['kind', 'lane', 'priority desc', 'pk'], {
    name: 'ix_jobs_ready',
    where: "status = 'queued' and hold = ''",
  })
  await make.index('jobs', ['kind', 'created_at'], { name: 'ix_jobs_queued', where: "status = 'queued'" })
  await make.index('jobs', ['run_after'], { name: 'ix_jobs_delayed', where: "status = 'queued' and hold = 'time'" })
  await make.index('jobs', ['concurrency_key', 'priority desc', 'pk'], {
    name: 'ix_jobs_behind',
    where: "status = 'queued' and hold = 'key'",
  })
  await make.index('jobs', ['concurrency_key'], {
    name: 'uq_jobs_concurrency_key',
    unique: true,
    where: "concurrency_key is not null and finished_at is null and hold <> 'key'",
  })
  await make.index('jobs', ['kind', 'dedupe_key'], {
    name: 'uq_jobs_dedupe_key',
    unique: true,
    where: 'dedupe_key is not null and finished_at is null',
  })
  await make.index('jobs', ['lease_until'], { name: 'ix_jobs_leased', where: "status = 'running'" })
  await make.index('jobs', ['pk'], { name: 'ix_jobs_to_cancel', where: 'cancel_requested = 1 and finished_at is null' })
  await make.index('jobs', ['finished_at'], { name: 'ix_jobs_finished', where: 'finished_at is not null' })
}
