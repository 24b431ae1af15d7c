import { type Clock, systemClock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import type { AnyJob, JobDefinition } from '../../src/jobs/define.ts'
import { Jobs } from '../../src/jobs/jobs.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import { apps, users } from '../../src/store/repos/families.ts'
import { newApp, newUser, type TestedEngine } from '../store/kit.ts'

/** What jobs of tests get as services. */
export interface TestEnv {
  readonly db: Database
}

export type TestJob<Args, State = unknown> = JobDefinition<Args, State, TestEnv>

/** A queue that runs the given kinds over a database. */
export async function startJobs(
  db: Database,
  kinds: readonly AnyJob<TestEnv>[],
  clock: Clock = systemClock,
): Promise<Jobs<TestEnv>> {
  const jobs = new Jobs<TestEnv>({ db, clock, log: silentLog }, kinds)
  await jobs.start({ db })
  return jobs
}

/** Runs a test with a queue of the given kinds on a fresh database. */
export async function withJobs(
  engine: TestedEngine,
  kinds: readonly AnyJob<TestEnv>[],
  test: (jobs: Jobs<TestEnv>, db: Database) => Promise<void>,
): Promise<void> {
  const place = await engine.place()
  try {
    await using db = await openDatabase(place.location, silentLog)
    const jobs = await startJobs(db, kinds)
    try {
      await test(jobs, db)
    } finally {
      await jobs.close()
    }
  } finally {
    await place.remove()
  }
}

/** Makes a user with an app; answers the pk of the app. */
export function makeApp(db: Database, id: string): Promise<number> {
  return db.transact(async (tx) => {
    const user = await users.insert(tx, newUser(id))
    return (await apps.insert(tx, newApp(user.pk, id))).pk
  })
}

/** A clock that stands until it is moved. */
export class StandingClock implements Clock {
  #now = systemClock.now()

  now(): number {
    return this.#now
  }

  forward(ms: number): void {
    this.#now += ms * 1000
  }
}

/** Rows that each job of worker-process.ts writes. */
export const FILL_ROWS = 12
