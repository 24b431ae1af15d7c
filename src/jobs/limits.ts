/** Jobs that one server runs at the same time. */
export const JOBS_AT_ONCE = 16
/** Jobs of one kind that one server runs at the same time, unless the kind says otherwise. */
export const JOBS_OF_KIND_AT_ONCE = 2
/** Runs without progress after which a job has failed, unless the kind says otherwise. */
export const ATTEMPTS_MAX = 5
/** First pause before another attempt, in milliseconds; each further one is twice as long. */
export const BACKOFF_FIRST_MS = 1_000
/** Longest pause before another attempt, in milliseconds. */
export const BACKOFF_MS_MAX = 10 * 60_000
/** Times that keep several servers on one database apart, in milliseconds. */
export interface JobTiming {
  /** How long a job stays with a server that says nothing any more. */
  readonly leaseMs: number
  /** How often a server says that it still runs its jobs, and looks for those it no longer has. */
  readonly heartbeatMs: number
  /** How often a server looks for jobs that other servers left. */
  readonly pollMs: number
}

export const JOB_TIMING: JobTiming = { leaseMs: 60_000, heartbeatMs: 10_000, pollMs: 2_000 }
/** How often old jobs are deleted and what got stuck is freed, in milliseconds. */
export const HOUSEKEEPING_MS = 5 * 60_000
/** How long finished jobs can be looked up, in milliseconds. */
export const JOBS_KEPT_MS = 7 * 24 * 3_600_000
/** Jobs that one housekeeping transaction touches. */
export const HOUSEKEEPING_ROWS_MAX = 500
/** How long a server that stops waits for jobs to notice, in milliseconds. */
export const DRAIN_MS_MAX = 10_000
/** Largest arguments of a job, in bytes of JSON: what is larger belongs into a table or a blob that they name. */
export const ARGS_BYTES_MAX = 1024 * 1024
/** Largest state of a job, in bytes of JSON. */
export const STATE_BYTES_MAX = 1024 * 1024
/** Longest sentence about a failure that is kept, in characters. */
export const ERROR_DETAILS_MAX = 2_000
/** Longest concurrency or dedupe key, in characters. */
export const JOB_KEY_MAX = 256
/** Queued jobs of a kind that figures count; more show as this many. */
export const QUEUED_COUNTED_MAX = 100_000
/** Arguments and states up to this size are in lists, in characters. */
export const LISTED_CHARS_MAX = 16 * 1024
/** Jobs in one page of a list. */
export const JOBS_PER_PAGE_MAX = 1_000
