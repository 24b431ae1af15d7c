import type { Log } from '../base/log.ts'
import type { Writer } from '../store/database.ts'
import type { Backoff } from './backoff.ts'
import type { JobView } from './view.ts'

/**
 * A kind of background work. `Args` and `State` are plain JSON; `Env` is what the program gives every run.
 *
 * A run may be cut off at any moment and begun again: what it does to the database belongs into checkpoints, what it
 * does to the world must bear being done twice.
 */
export interface JobDefinition<Args, State, Env> {
  readonly kind: string
  /** Runs without progress after which the job has failed. */
  readonly attempts?: number
  readonly backoff?: Backoff
  /** The arguments are large: they are forgotten once the job has succeeded. */
  readonly bulky?: boolean
  /** Runs at the same time in one server. */
  readonly concurrency?: number
  /** Of these, runs for one app (or user); as many as there is room for unless said. */
  readonly concurrencyPerApp?: number
  run(ctx: JobContext<Args, State, Env>): Promise<void>
  /** Called in the transaction that ends the job, however it ends, so that what it worked on can say so. */
  settled?(tx: Writer, job: JobView<Args, State>, env: Env): Promise<void>
}

/** Any kind of job, for those who do not look into it. */
export type AnyJob<Env> = JobDefinition<unknown, unknown, Env>

/** What a run knows and can do. */
export interface JobContext<Args, State, Env> {
  readonly id: string
  readonly args: Args
  readonly appPk: number | undefined
  readonly userPk: number | undefined
  /** What the newest checkpoint returned, by this run or one before it. */
  readonly state: State | undefined
  readonly done: number
  readonly total: number | undefined
  /** From 1; counts runs since there was progress. */
  readonly attempt: number
  /** Whether a failure of this run is the job's. */
  readonly lastAttempt: boolean
  /** Aborts when the job is cancelled or deleted, the server stops, or another server has taken over. */
  readonly signal: AbortSignal
  readonly log: Log
  readonly services: Env
  /**
   * Commits work together with how far the job is then, all or nothing and only while the job is this run's. `work` may
   * run more than once, so it may touch nothing but `tx`. Rejects when the job is no longer this run's.
   */
  checkpoint(work: (tx: Writer) => Promise<Checkpoint<State> | undefined>): Promise<void>
}

/** How far a job is; what is left out stays as it was. */
export interface Checkpoint<State> {
  readonly state?: State
  readonly done?: number
  readonly total?: number
}
