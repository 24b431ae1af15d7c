import type { Micros } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import type { Reader } from '../store/database.ts'
import { type Owner, ownersOf } from '../store/repos/owners.ts'
import type { JobStatus } from '../store/schema/jobs-table.ts'
import type { Jobs } from './jobs.ts'
import type { JobView } from './view.ts'

/** What an operator can ask of the queue. */
export interface JobOrder {
  readonly action: 'list' | 'show' | 'cancel' | 'retry'
  readonly id?: string
  readonly kind?: string
  readonly status?: JobStatus
  readonly limit?: number
}

/** A job as an operator reads it. */
export interface ShownJob {
  readonly id: string
  readonly kind: string
  readonly status: JobStatus
  readonly waitsFor?: string
  readonly app?: string
  readonly done: number
  readonly total?: number
  readonly attempts: number
  readonly error?: { readonly code: string; readonly details: string }
  readonly cancelRequested?: boolean
  readonly runAfter: string
  readonly createdAt: string
  readonly startedAt?: string
  readonly finishedAt?: string
  /** In `show` alone. */
  readonly args?: unknown
  readonly state?: unknown
}

export type { JobStatus }
export const JOB_STATUSES: readonly JobStatus[] = ['queued', 'running', 'succeeded', 'failed', 'cancelled']
export const JOB_ACTIONS: readonly JobOrder['action'][] = ['list', 'show', 'cancel', 'retry']
/** Where operators' commands reach the queue of a running server. */
export const JOBS_PATH = '/ops/jobs'
/** Jobs that a list shows unless asked for another number. */
export const JOBS_SHOWN = 50

/** Does what an operator asks, and answers the jobs that it is about as they are then. */
export async function carryOut<Env>(jobs: Jobs<Env>, db: Reader, order: JobOrder): Promise<ShownJob[]> {
  if (order.action === 'list') {
    const { kind, status, limit = JOBS_SHOWN } = order
    const found = await jobs.list({ kind, status, limit })
    const owners = await ownersOf(
      db,
      found.flatMap(({ appPk }) => (appPk === undefined ? [] : [appPk])),
    )
    return found.map((job) => show(job, owners))
  }
  const id = order.id ?? ''
  if (order.action === 'cancel' && (await jobs.cancel(id)) === false) {
    throw new AppError(StatusCode.CONN_INVALID_REQUEST, `The job ${id} has ended; there is nothing to cancel.`)
  }
  if (order.action === 'retry') await jobs.retry(id)
  const job = await jobs.get(id)
  if (!job) throw new AppError(StatusCode.CONN_DOES_NOT_EXIST, `There is no job ${id}; it may have been deleted.`)
  const owners = await ownersOf(db, job.appPk === undefined ? [] : [job.appPk])
  return [{ ...show(job, owners), args: withoutSecrets(job.args), state: job.state }]
}

/** Arguments whose names begin with `secret` are nobody's business. */
function withoutSecrets(args: unknown): unknown {
  if (args === null || typeof args !== 'object' || Array.isArray(args)) return args
  return Object.fromEntries(Object.entries(args).filter(([name]) => !name.startsWith('secret')))
}

function show(job: JobView, owners: ReadonlyMap<number, Owner>): ShownJob {
  const owner = job.appPk === undefined ? undefined : owners.get(job.appPk)
  return {
    id: job.id,
    kind: job.kind,
    status: job.status,
    waitsFor: job.waitsFor,
    app: owner && `${owner.userId}/${owner.appId}`,
    done: job.done,
    total: job.total,
    attempts: job.attempts,
    error: job.error && { code: StatusCode[job.error.code] ?? `${job.error.code}`, details: job.error.details },
    cancelRequested: job.cancelRequested || undefined,
    runAfter: date(job.runAfter),
    createdAt: date(job.createdAt),
    startedAt: job.startedAt === undefined ? undefined : date(job.startedAt),
    finishedAt: job.finishedAt === undefined ? undefined : date(job.finishedAt),
  }
}

const LAST_DATE_MS = 8.64e15

function date(micros: Micros): string {
  return new Date(Math.min(micros / 1000, LAST_DATE_MS)).toISOString()
}
