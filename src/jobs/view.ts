import type { Micros } from '../base/clock.ts'
import type { Job } from '../store/repos/jobs.ts'
import type { JobStatus } from '../store/schema/jobs-table.ts'

/** A job as its owner sees it. */
export interface JobView<Args = unknown, State = unknown> {
  readonly pk: number
  readonly id: string
  readonly kind: string
  readonly status: JobStatus
  /** Why a queued job does not run as soon as there is room. */
  readonly waitsFor: 'time' | 'other job' | undefined
  readonly appPk: number | undefined
  readonly userPk: number | undefined
  readonly args: Args
  readonly state: State | undefined
  readonly done: number
  readonly total: number | undefined
  readonly attempts: number
  readonly priority: number
  readonly cancelRequested: boolean
  /** Of the newest failed attempt. */
  readonly error: { readonly code: number; readonly details: string } | undefined
  readonly runAfter: Micros
  readonly createdAt: Micros
  readonly modifiedAt: Micros
  readonly startedAt: Micros | undefined
  readonly finishedAt: Micros | undefined
}

const WAITS = { '': undefined, time: 'time', key: 'other job' } as const

/** Reads a row; that args and state are of the kind's types is its definition's promise. */
export function viewJob<Args, State>(row: Job): JobView<Args, State> {
  return {
    pk: row.pk,
    id: row.id,
    kind: row.kind,
    status: row.status,
    waitsFor: WAITS[row.hold],
    appPk: row.app_pk ?? undefined,
    userPk: row.user_pk ?? undefined,
    args: JSON.parse(row.args) as Args,
    state: row.state === null ? undefined : (JSON.parse(row.state) as State),
    done: row.done,
    total: row.total ?? undefined,
    attempts: row.attempts,
    priority: row.priority,
    cancelRequested: row.cancel_requested === 1,
    error: row.error_code === null ? undefined : { code: row.error_code, details: row.error_details ?? '' },
    runAfter: row.run_after,
    createdAt: row.created_at,
    modifiedAt: row.modified_at,
    startedAt: row.started_at ?? undefined,
    finishedAt: row.finished_at ?? undefined,
  }
}
