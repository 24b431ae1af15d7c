import { type SqlBool, sql } from 'kysely'
import type { Micros } from '../../base/clock.ts'
import type { JobStatus } from '../schema/jobs-table.ts'
import type { Reader, Writer } from '../session.ts'
import type { Job } from './jobs.ts'

/** How many jobs of a kind an app has got since a time, at most `limit`. */
export async function countJobsSince(
  db: Reader,
  kind: string,
  appPk: number,
  since: Micros,
  limit: number,
): Promise<number> {
  const rows = await db
    .selectFrom('jobs')
    .select('pk')
    .where('kind', '=', kind)
    .where('app_pk', '=', appPk)
    .where('created_at', '>=', since)
    .limit(limit)
    .execute()
  return rows.length
}

/** Which jobs a list holds; the newest come first. */
export interface JobFilter {
  readonly kind?: string
  readonly status?: JobStatus
  readonly appPk?: number
  readonly userPk?: number
  /** Only those older than this pk: the last of the page before. */
  readonly beforePk?: number
  readonly limit: number
}

export function getJob(db: Reader, id: string): Promise<Job | undefined> {
  return db.selectFrom('jobs').selectAll().where('id', '=', id).executeTakeFirst()
}

/** A page of jobs, newest first; arguments and states of more than `charsMax` characters are null. */
export async function listJobs(db: Reader, filter: JobFilter, charsMax: number): Promise<Job[]> {
  const short = (column: 'args' | 'state') =>
    sql<string>`case when length(${sql.ref(column)}) > ${sql.lit(charsMax)} then 'null' else ${sql.ref(column)} end`
  let query = db
    .selectFrom('jobs')
    .select([...LISTED])
    .select([short('args').as('args'), short('state').as('state')])
  if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind)
  if (filter.status !== undefined) {
    query = query.where(sql<SqlBool>`status = ${sql.lit(filter.status)}`)
    if (filter.status !== 'queued' && filter.status !== 'running') query = query.where('finished_at', 'is not', null)
  }
  if (filter.appPk !== undefined) query = query.where('app_pk', '=', filter.appPk)
  if (filter.userPk !== undefined) query = query.where('user_pk', '=', filter.userPk)
  if (filter.beforePk !== undefined) query = query.where('pk', '<', filter.beforePk)
  return query.orderBy('pk', 'desc').limit(filter.limit).execute()
}

/** Every column but those that may be large. */
const LISTED = [
  'pk',
  'id',
  'app_pk',
  'user_pk',
  'lane',
  'kind',
  'status',
  'hold',
  'priority',
  'done',
  'total',
  'attempts',
  'run_after',
  'lease_token',
  'lease_until',
  'concurrency_key',
  'dedupe_key',
  'cancel_requested',
  'error_code',
  'error_details',
  'created_at',
  'modified_at',
  'started_at',
  'finished_at',
] as const

/** How much of a kind waits and runs. */
export interface JobCount {
  readonly kind: string
  /** Counted no further than `max`. */
  readonly queued: number
  readonly running: number
  /** Since when the one waits whose time came first; those whose time has not come do not count. */
  readonly oldestQueued: Micros | undefined
}

/** Counts the unfinished jobs of kinds, those that wait up to `max`. */
export async function countJobs(
  db: Reader,
  kinds: readonly string[],
  { max, now }: { readonly max: number; readonly now: Micros },
): Promise<JobCount[]> {
  const counts: JobCount[] = []
  for (const kind of kinds) {
    const queued = await countUpTo(db, kind, sql<SqlBool>`status = 'queued'`, max)
    const running = await countUpTo(db, kind, sql<SqlBool>`status = 'running'`, max)
    const oldest = queued === 0 ? undefined : await oldestQueued(db, kind, now)
    counts.push({ kind, queued, running, oldestQueued: oldest })
  }
  return counts
}

async function countUpTo(db: Reader, kind: string, condition: ReturnType<typeof sql<SqlBool>>, max: number) {
  const rows = db.selectFrom('jobs').select('pk').where('kind', '=', kind).where(condition).limit(max).as('some')
  const row = await db
    .selectFrom(rows)
    .select(({ fn }) => fn.countAll<number>().as('rows'))
    .executeTakeFirstOrThrow()
  return Number(row.rows)
}

async function oldestQueued(db: Reader, kind: string, now: Micros): Promise<Micros | undefined> {
  const row = await db
    .selectFrom('jobs')
    .select('run_after')
    .where('kind', '=', kind)
    .where(sql<SqlBool>`status = 'queued'`)
    .where('run_after', '<=', now)
    .orderBy('run_after')
    .limit(1)
    .executeTakeFirst()
  return row?.run_after
}

/** Deletes jobs that ended before a time, the oldest first; answers how many. */
export async function pruneJobs(tx: Writer, endedBefore: Micros, limit: number): Promise<number> {
  const rows = await tx
    .selectFrom('jobs')
    .select('pk')
    .where(sql<SqlBool>`finished_at is not null`)
    .where('finished_at', '<', endedBefore)
    .orderBy('finished_at')
    .limit(limit)
    .execute()
  if (rows.length === 0) return 0
  const pks = rows.map(({ pk }) => pk)
  await tx.deleteFrom('jobs').where('pk', 'in', pks).execute()
  return rows.length
}

/** Forgets jobs that have ended, by their pks. */
export async function deleteEndedJobs(tx: Writer, pks: readonly number[]): Promise<void> {
  if (pks.length === 0) return
  await tx
    .deleteFrom('jobs')
    .where('pk', 'in', [...pks])
    .where('finished_at', 'is not', null)
    .execute()
}
