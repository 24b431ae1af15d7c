import { writeSync } from 'node:fs'
import { systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { Jobs } from '../../src/jobs/jobs.ts'
import { type DatabaseLocation, openDatabase } from '../../src/store/database.ts'
import { users } from '../../src/store/repos/families.ts'
import { newUser } from '../store/kit.ts'
import { FILL_ROWS, type TestEnv, type TestJob } from './kit.ts'

/**
 * Runs jobs that write rows, and adds some. The argument is JSON: where the database is, a name that keeps its ids
 * apart, and whether it goes on until it is killed. Lines it writes: `ready`, `queued <job>`, `row`.
 */
const order = JSON.parse(process.argv[2]!) as { location: DatabaseLocation; name: string; forever: boolean }
const JOBS_ADDED = 4
const SHARED = { leaseMs: 400, heartbeatMs: 100, pollMs: 40 }

// Straight to the pipe: a line in a buffer would die with the process.
const tell = (line: string): void => {
  writeSync(1, `${line}\n`)
}

// Every row has a name, so that a second one would be refused, and is counted too.
const fill: TestJob<string, { next: number }> = {
  kind: 'fill',
  attempts: 1_000,
  concurrency: 4,
  async run(ctx) {
    for (let next = ctx.state?.next ?? 0; next < FILL_ROWS; next++) {
      await ctx.checkpoint(async (tx) => {
        await users.insert(tx, newUser(`${ctx.args}-${next}`))
        await tx
          .updateTable('users')
          .set((row) => ({ visibility: row('visibility', '+', 1) }))
          .where('id', '=', ctx.args)
          .execute()
        return { state: { next: next + 1 }, done: next + 1, total: FILL_ROWS }
      })
      tell('row')
    }
  },
  async settled(tx, { args, status }) {
    await users.insert(tx, newUser(`${args}-${status}`))
  },
}

const db = await openDatabase(order.location, silentLog)
const jobs = new Jobs<TestEnv>({ db, clock: systemClock, log: silentLog, timing: SHARED }, [fill])
await jobs.start({ db })
tell('ready')

async function add(name: string): Promise<void> {
  const id = await db.transact(async (tx) => {
    await users.insert(tx, { ...newUser(name), visibility: 0 })
    return jobs.enqueue(tx, fill, name)
  })
  tell(`queued ${id}`)
}

for (let i = 0; order.forever && i < JOBS_ADDED; i++) await add(`${order.name}-${i}`)
if (order.forever) {
  for (let i = JOBS_ADDED; ; i++) {
    await jobs.idle()
    await add(`${order.name}-${i}`)
  }
}
await jobs.idle()
await jobs.close()
await db.close()
