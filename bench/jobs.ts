import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { systemClock } from '../src/base/clock.ts'
import { silentLog } from '../src/base/log.ts'
import { defineJob } from '../src/domain/jobs/define.ts'
import type { Services } from '../src/domain/services.ts'
import { Jobs } from '../src/jobs/jobs.ts'
import { openDatabase } from '../src/store/database.ts'

const JOBS = 1_000
const FINISHED = 1_000_000
const AT_ONCE = 8

const nothing = defineJob<null>({ kind: 'nothing', concurrency: AT_ONCE, run: async () => {} })

/** Processor time of a job that does nothing, from its claim to its end, beside a million finished ones and none. */
export async function run() {
  const baseline = await msPerJob(0)
  const ours = await msPerJob(FINISHED)
  return {
    name: 'job queue, a job that does nothing, a million finished ones in the table',
    ours: ours.cpu,
    baseline: baseline.cpu,
    unit: 'ms CPU / job',
    ratio: ours.cpu / baseline.cpu,
    aim: '<= 2',
    note: `SQLite, ${AT_ONCE} at once; the baseline is an empty table. ${Math.round(1000 / ours.wall)} jobs/s beside a million, ${Math.round(1000 / baseline.wall)} without`,
  }
}

async function msPerJob(finished: number): Promise<{ cpu: number; wall: number }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'limpid-bench-'))
  try {
    await using db = await openDatabase({ dataDir }, silentLog)
    const now = systemClock.now()
    if (finished > 0) {
      await db.transact((tx) =>
        sql`insert into jobs (id, lane, kind, status, hold, priority, args, done, attempts, run_after, created_at,
            modified_at, finished_at)
          with recursive n(i) as (select 1 union all select i + 1 from n where i < ${finished})
          select 'finished-' || i, 0, 'nothing', 'succeeded', '', 0, '{}', 0, 1, i, i, i, ${now} from n`.execute(tx),
      )
    }
    const jobs = new Jobs<Services>({ db, clock: systemClock, log: silentLog }, [nothing])
    await db.transact(async (tx) => {
      for (let i = 0; i < JOBS; i++) await jobs.enqueue(tx, nothing, null)
    })
    const [cpu, wall] = [process.cpuUsage(), performance.now()]
    // The job asks its services for nothing.
    await jobs.start({} as Services)
    await jobs.idle()
    const { user, system } = process.cpuUsage(cpu)
    const result = { cpu: (user + system) / 1000 / JOBS, wall: (performance.now() - wall) / JOBS }
    await jobs.close()
    return result
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}
