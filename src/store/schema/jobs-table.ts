import type { Generated } from 'kysely'
import type { Micros } from '../../base/clock.ts'
import type { Bool, JsonText } from './columns.ts'

export type JobStatus = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled'
/** Why a queued job cannot be taken yet: its time has not come, or another job of its concurrency key goes first. */
export type JobHold = '' | 'time' | 'key'

/** Background work and how far it is; see src/jobs. */
export interface JobsTable {
  pk: Generated<number>
  id: string
  app_pk: number | null
  user_pk: number | null
  /** Whose turn it is among the waiting: the app, else the user as a negative number, else 0. */
  lane: number
  kind: string
  status: JobStatus
  hold: JobHold
  /** Larger goes first among jobs of one kind and lane. */
  priority: number
  args: JsonText
  state: JsonText | null
  done: number
  total: number | null
  attempts: number
  run_after: Micros
  /** Given anew with each claim; whoever does not hold it may write nothing. */
  lease_token: string | null
  lease_until: Micros | null
  concurrency_key: string | null
  dedupe_key: string | null
  /** Set by a program that runs no jobs; a server sees to it. */
  cancel_requested: Generated<Bool>
  error_code: number | null
  error_details: string | null
  created_at: Micros
  modified_at: Micros
  started_at: Micros | null
  finished_at: Micros | null
}
