import { type SqlBool, sql } from 'kysely'
import type { Micros } from '../../base/clock.ts'
import type { JobHold, JobStatus } from '../schema/jobs-table.ts'
import type { NewRow, Row } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'

export type Job = Row<'jobs'>

// Word for word the conditions of the partial indexes; SQLite finds those by nothing else.
const READY = sql<SqlBool>`status = 'queued' and hold = ''`
const DELAYED = sql<SqlBool>`status = 'queued' and hold = 'time'`
const BEHIND = sql<SqlBool>`status = 'queued' and hold = 'key'`
const HOLDS_KEY = sql<SqlBool>`concurrency_key is not null and finished_at is null and hold <> 'key'`
const UNFINISHED_DEDUPED = sql<SqlBool>`dedupe_key is not null and finished_at is null`
const RUNNING = sql<SqlBool>`status = 'running'`
const TO_CANCEL = sql<SqlBool>`cancel_requested = 1 and finished_at is null`

/** What a new job is; how long it is held back is found out here. */
export type NewJob = Omit<NewRow<'jobs'>, 'status' | 'hold' | 'lane'>

/** Adds a job, unless an unfinished one of its kind has the same dedupe key; answers the id of the one that counts. */
export async function addJob(tx: Writer, job: NewJob, now: Micros): Promise<{ id: string; added: boolean }> {
  const same = job.dedupe_key == null ? undefined : await unfinishedTwin(tx, job.kind, job.dedupe_key)
  if (same) return { id: same.id, added: false }
  const lane = job.app_pk ?? (job.user_pk == null ? 0 : -job.user_pk)
  const hold = await holdOf(tx, job, now)
  await tx
    .insertInto('jobs')
    .values({ ...job, lane, status: 'queued', hold })
    .execute()
  return { id: job.id, added: true }
}

function unfinishedTwin(tx: Writer, kind: string, dedupeKey: string): Promise<Pick<Job, 'id'> | undefined> {
  return tx
    .selectFrom('jobs')
    .select('id')
    .where('kind', '=', kind)
    .where('dedupe_key', '=', dedupeKey)
    .where(UNFINISHED_DEDUPED)
    .executeTakeFirst()
}

/** The first unfinished job of a concurrency key goes, the others stand behind it. */
async function holdOf(
  tx: Writer,
  job: { concurrency_key?: string | null; run_after: Micros },
  now: Micros,
): Promise<JobHold> {
  if (job.concurrency_key != null && (await keyIsHeld(tx, job.concurrency_key))) return 'key'
  return job.run_after > now ? 'time' : ''
}

async function keyIsHeld(tx: Writer, key: string): Promise<boolean> {
  const holder = await tx
    .selectFrom('jobs')
    .select('pk')
    .where('concurrency_key', '=', key)
    .where(HOLDS_KEY)
    .executeTakeFirst()
  return holder !== undefined
}

/** Who runs a job, and until when if nothing more is heard. */
export interface Lease {
  readonly token: string
  readonly until: Micros
}

/**
 * Takes the next ready job of a kind: of the lane after `afterLane`, so that whoever has many waiting does not keep
 * the others from their turn. Jobs that another server is just taking are passed over, as are those of `fullLanes`.
 */
export async function claimJob(
  tx: Writer,
  kind: string,
  afterLane: number,
  lease: Lease,
  now: Micros,
  fullLanes: readonly number[] = [],
): Promise<Job | undefined> {
  const first =
    (await nextLane(tx, kind, afterLane, fullLanes)) ?? (await nextLane(tx, kind, Number.MIN_SAFE_INTEGER, fullLanes))
  if (first === undefined) return undefined
  for (let lane: number | undefined = first; lane !== undefined; ) {
    const ready = tx.selectFrom('jobs').select('pk').where('kind', '=', kind).where('lane', '=', lane).where(READY)
    const found = await tx.ops.claim(ready.orderBy('priority', 'desc').orderBy('pk').limit(1)).executeTakeFirst()
    if (found) return lend(tx, found.pk, lease, now)
    lane = await nextLane(tx, kind, lane, fullLanes)
  }
  return undefined
}

async function nextLane(
  tx: Writer,
  kind: string,
  after: number,
  fullLanes: readonly number[],
): Promise<number | undefined> {
  let lanes = tx.selectFrom('jobs').select('lane').where('kind', '=', kind).where('lane', '>', after).where(READY)
  if (fullLanes.length > 0) lanes = lanes.where('lane', 'not in', fullLanes)
  const row = await lanes.orderBy('lane').limit(1).executeTakeFirst()
  return row?.lane
}

function lend(tx: Writer, pk: number, lease: Lease, now: Micros): Promise<Job> {
  return tx
    .updateTable('jobs')
    .set((row) => ({
      status: 'running' as const,
      lease_token: lease.token,
      lease_until: lease.until,
      attempts: row('attempts', '+', 1),
      started_at: now,
      modified_at: now,
    }))
    .where('pk', '=', pk)
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** Makes ready what was to wait until now. */
export async function releaseDue(tx: Writer, now: Micros, limit: number): Promise<void> {
  const due = tx.selectFrom('jobs').select('pk').where(DELAYED).where('run_after', '<=', now)
  const rows = await tx.ops.claim(due.orderBy('run_after').limit(limit)).execute()
  if (rows.length === 0) return
  const pks = rows.map(({ pk }) => pk)
  await tx.updateTable('jobs').set({ hold: '' }).where('pk', 'in', pks).execute()
}

/** Makes everything due that waits for its time. */
export async function hurryDelayed(tx: Writer, now: Micros): Promise<void> {
  await tx.updateTable('jobs').set({ run_after: now }).where(DELAYED).execute()
}

/** When the first of the delayed jobs is due. */
export async function nextDue(db: Reader): Promise<Micros | undefined> {
  const row = await db
    .selectFrom('jobs')
    .select('run_after')
    .where(DELAYED)
    .orderBy('run_after')
    .limit(1)
    .executeTakeFirst()
  return row?.run_after
}

/** Those of the kinds that have a job ready; one statement, as servers ask after every job. */
export async function readyKinds(db: Reader, kinds: readonly string[]): Promise<string[]> {
  if (kinds.length === 0) return []
  const asked = sql.join(
    kinds.map((kind) => sql`select cast(${kind} as text) as kind`),
    sql` union all `,
  )
  const { rows } = await sql<{ kind: string }>`select asked.kind from (${asked}) as asked
    where exists (select 1 from jobs where jobs.kind = asked.kind and status = 'queued' and hold = '')`.execute(db)
  return rows.map(({ kind }) => kind)
}

/** What a checkpoint stores; fields that are left out stay as they are. */
export interface Progress {
  readonly state?: string
  readonly done?: number
  readonly total?: number | null
}

/**
 * Stores how far a job is; false when the lease is another's by now. Whoever gets further has its failed attempts
 * forgiven.
 */
export async function saveProgress(
  tx: Writer,
  job: { pk: number; done: number },
  lease: Lease,
  progress: Progress,
  now: Micros,
): Promise<boolean> {
  const further = progress.done !== undefined && progress.done > job.done
  const result = await tx
    .updateTable('jobs')
    .set({ ...progress, ...(further ? { attempts: 1 } : {}), lease_until: lease.until, modified_at: now })
    .where('pk', '=', job.pk)
    .where('lease_token', '=', lease.token)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** The unfinished job whose lease the token is, locked until the transaction ends. */
export function leasedJob(tx: Writer, pk: number, token: string): Promise<Job | undefined> {
  return tx.selectFrom('jobs').selectAll().where('pk', '=', pk).where('lease_token', '=', token).executeTakeFirst()
}

/** Prolongs leases; answers the tokens of those that are still held. */
export async function keepLeases(tx: Writer, tokens: readonly string[], until: Micros): Promise<Set<string | null>> {
  const rows = await tx
    .updateTable('jobs')
    .set({ lease_until: until })
    .where(RUNNING)
    .where('lease_token', 'in', tokens)
    .returning('lease_token')
    .execute()
  return new Set(rows.map((row) => row.lease_token))
}

/** The tokens of those leases that are still held. */
export async function heldLeases(db: Reader, tokens: readonly string[]): Promise<Set<string | null>> {
  const rows = await db
    .selectFrom('jobs')
    .select('lease_token')
    .where(RUNNING)
    .where('lease_token', 'in', tokens)
    .execute()
  return new Set(rows.map((row) => row.lease_token))
}

/** Running jobs whose lease ended before a time. */
export function lapsedJobs(tx: Writer, before: Micros, limit: number): Promise<Job[]> {
  const lapsed = tx.selectFrom('jobs').selectAll().where(RUNNING).where('lease_until', '<', before)
  return tx.ops.claim(lapsed.orderBy('lease_until').limit(limit)).execute()
}

/** Whether there is such a job. */
export async function anyLapsed(db: Reader, before: Micros): Promise<boolean> {
  const row = await db
    .selectFrom('jobs')
    .select('pk')
    .where(RUNNING)
    .where('lease_until', '<', before)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Unfinished jobs that somebody wants cancelled. */
export function jobsToCancel(db: Reader, limit: number): Promise<Job[]> {
  return db.selectFrom('jobs').selectAll().where(TO_CANCEL).orderBy('pk').limit(limit).execute()
}

/** Puts a running job back among the waiting; false when the lease is another's by now. */
export async function putBack(
  tx: Writer,
  pk: number,
  token: string | null,
  back: { runAfter: Micros; attempts: number; error?: { code: number; details: string } },
  now: Micros,
): Promise<boolean> {
  const result = await tx
    .updateTable('jobs')
    .set({
      status: 'queued',
      hold: back.runAfter > now ? 'time' : '',
      run_after: back.runAfter,
      attempts: back.attempts,
      lease_token: null,
      lease_until: null,
      ...(back.error ? { error_code: back.error.code, error_details: back.error.details } : {}),
      modified_at: now,
    })
    .where('pk', '=', pk)
    .where(RUNNING)
    .where('lease_token', '=', token)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}

/** How a job ended. */
export interface JobEnd {
  readonly status: Exclude<JobStatus, 'queued' | 'running'>
  readonly error?: { readonly code: number; readonly details: string }
  /** Nobody needs the arguments any more. */
  readonly forgetArgs?: boolean
}

/**
 * Ends an unfinished job and lets the next of its concurrency key go. With a token only when the lease is still held.
 * Answers the row as it is then, or undefined when there was nothing to end.
 */
export async function endJob(
  tx: Writer,
  pk: number,
  token: string | undefined,
  end: JobEnd,
  now: Micros,
): Promise<Job | undefined> {
  const unfinished = tx
    .updateTable('jobs')
    .set({
      status: end.status,
      hold: '',
      lease_token: null,
      lease_until: null,
      cancel_requested: 0,
      ...(end.forgetArgs ? { args: 'null' } : {}),
      error_code: end.error?.code ?? null,
      error_details: end.error?.details ?? null,
      modified_at: now,
      finished_at: now,
    })
    .where('pk', '=', pk)
    .where('finished_at', 'is', null)
  const fenced = token === undefined ? unfinished : unfinished.where('lease_token', '=', token)
  const row = await fenced.returningAll().executeTakeFirst()
  if (row?.concurrency_key) await letNextGo(tx, row.concurrency_key, now)
  return row
}

async function letNextGo(tx: Writer, key: string, now: Micros): Promise<void> {
  if (await keyIsHeld(tx, key)) return
  const next = await tx
    .selectFrom('jobs')
    .select(['pk', 'run_after'])
    .where('concurrency_key', '=', key)
    .where(BEHIND)
    .orderBy('priority', 'desc')
    .orderBy('pk')
    .limit(1)
    .executeTakeFirst()
  if (!next) return
  const hold = next.run_after > now ? 'time' : ''
  await tx.updateTable('jobs').set({ hold }).where('pk', '=', next.pk).execute()
}

/** Lets those go that stand behind a job which was deleted together with its app or user. */
export async function freeOrphans(tx: Writer, now: Micros): Promise<void> {
  const rows = await tx.selectFrom('jobs').select('concurrency_key').distinct().where(BEHIND).execute()
  for (const { concurrency_key } of rows) if (concurrency_key !== null) await letNextGo(tx, concurrency_key, now)
}

/** Puts a failed or cancelled job back into the queue with its state and all its attempts; false when it cannot go. */
export async function requeueEnded(tx: Writer, job: Job, now: Micros): Promise<boolean> {
  if (job.dedupe_key !== null && (await unfinishedTwin(tx, job.kind, job.dedupe_key))) return false
  const hold = await holdOf(tx, { concurrency_key: job.concurrency_key, run_after: now }, now)
  await tx
    .updateTable('jobs')
    .set({
      status: 'queued',
      hold,
      run_after: now,
      attempts: 0,
      error_code: null,
      error_details: null,
      modified_at: now,
      finished_at: null,
    })
    .where('pk', '=', job.pk)
    .execute()
  return true
}

/** Asks the server that runs jobs to cancel one; false when it has ended. */
export async function requestCancel(tx: Writer, pk: number): Promise<boolean> {
  const result = await tx
    .updateTable('jobs')
    .set({ cancel_requested: 1 })
    .where('pk', '=', pk)
    .where('finished_at', 'is', null)
    .executeTakeFirst()
  return result.numUpdatedRows === 1n
}
