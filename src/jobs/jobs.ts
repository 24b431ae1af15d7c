import type { Clock, Micros } from '../base/clock.ts'
import { AppError } from '../base/errors.ts'
import { newId } from '../base/ids.ts'
import type { Log } from '../base/log.ts'
import { StatusCode } from '../contract/status-code.ts'
import type { Database, Reader, Writer } from '../store/database.ts'
import { countJobs, getJob, type JobCount, type JobFilter, listJobs } from '../store/repos/job-lists.ts'
import { addJob, endJob, hurryDelayed, requestCancel, requeueEnded } from '../store/repos/jobs.ts'
import type { AnyJob, JobDefinition } from './define.ts'
import { Desk } from './desk.ts'
import { toJson } from './json.ts'
import {
  ARGS_BYTES_MAX,
  JOB_KEY_MAX,
  JOB_TIMING,
  JOBS_PER_PAGE_MAX,
  type JobTiming,
  LISTED_CHARS_MAX,
  QUEUED_COUNTED_MAX,
} from './limits.ts'
import { Runner, type RunObserver } from './runner.ts'
import { Upkeep } from './upkeep.ts'
import { type JobView, viewJob } from './view.ts'

export type { JobCount }

/** What the caller of `enqueue` may say beside the arguments. */
export interface EnqueueOptions {
  /** The job is deleted with its app, and takes turns with the jobs of other apps. */
  readonly appPk?: number
  readonly userPk?: number
  /** Not before this time. */
  readonly runAfter?: Micros
  /** Of the jobs with one key, whatever their kind, only one runs or waits for its time; the others stand behind it. */
  readonly concurrencyKey?: string
  /** While a job of the kind with this key is unfinished, no other is added. */
  readonly dedupeKey?: string
  /** Larger goes first among the jobs of one kind and app; 0 unless said. */
  readonly priority?: number
  readonly total?: number
}

/** A page of `list`. */
export type ListOptions = Partial<JobFilter>

/**
 * The queue of background work: durable, exactly as committed as the transaction that asked for it, resumed after a
 * crash from the newest checkpoint.
 */
export class Jobs<Env> {
  readonly #db: Database
  readonly #clock: Clock
  readonly #log: Log
  readonly #definitions: ReadonlyMap<string, AnyJob<Env>>
  readonly #timing: JobTiming
  readonly #observers: RunObserver[] = []
  #env: Env | undefined
  #runner: Runner<Env> | undefined

  /** `definitions` are the kinds that this program can run; one that runs none may still look and ask. */
  constructor(
    base: { db: Database; clock: Clock; log: Log; timing?: JobTiming },
    definitions: readonly AnyJob<Env>[] = [],
  ) {
    this.#db = base.db
    this.#clock = base.clock
    this.#log = base.log
    this.#timing = base.timing ?? JOB_TIMING
    this.#definitions = new Map(definitions.map((definition) => [definition.kind, definition]))
    if (this.#definitions.size !== definitions.length) throw new Error('two kinds of jobs have the same name')
  }

  /** Takes up what was left, and runs what comes. */
  async start(env: Env): Promise<void> {
    if (this.#runner) return
    const services = {
      db: this.#db,
      desk: new Desk(this.#db),
      clock: this.#clock,
      log: this.#log,
      env,
      timing: this.#timing,
    }
    const upkeep = new Upkeep(services, this.#definitions, (id) => this.cancel(id))
    this.#env = env
    this.#runner = new Runner(services, this.#definitions, upkeep)
    this.#runner.observe((...ended) => {
      for (const observe of this.#observers) observe(...ended)
    })
    await this.#runner.start()
  }

  /** Puts running jobs back into the queue; nothing runs afterwards. */
  async close(): Promise<void> {
    await this.#runner?.close()
  }

  /**
   * Adds a job exactly when the transaction commits; answers its id, or that of the unfinished job with the same dedupe
   * key.
   */
  async enqueue<Args, State>(
    tx: Writer,
    { kind }: Pick<JobDefinition<Args, State, Env>, 'kind' | 'run'>,
    args: Args,
    options: EnqueueOptions = {},
  ): Promise<string> {
    if (!this.#definitions.has(kind)) throw new Error(`the kind of job ${kind} is not registered`)
    for (const key of [options.concurrencyKey, options.dedupeKey]) {
      if (key !== undefined && key.length > JOB_KEY_MAX) throw new Error(`the job key ${key} is too long`)
    }
    const now = this.#clock.now()
    const job = {
      id: newId(),
      app_pk: options.appPk ?? null,
      user_pk: options.userPk ?? null,
      kind,
      priority: options.priority ?? 0,
      args: toJson(args, ARGS_BYTES_MAX, 'args'),
      state: null,
      done: 0,
      total: options.total ?? null,
      attempts: 0,
      run_after: options.runAfter ?? now,
      concurrency_key: options.concurrencyKey ?? null,
      dedupe_key: options.dedupeKey ?? null,
      created_at: now,
      modified_at: now,
    }
    const { id, added } = await addJob(tx, job, now)
    if (added) tx.afterCommit(() => this.#runner?.wake())
    return id
  }

  /** A job, or undefined when there is none (any more). */
  async get(id: string, db: Reader = this.#db.read): Promise<JobView | undefined> {
    const row = await getJob(db, id)
    return row && viewJob(row)
  }

  /**
   * Jobs, newest first; the next page begins before the last pk of this one. Large arguments and states are left out.
   */
  async list(options: ListOptions = {}): Promise<JobView[]> {
    const limit = Math.min(options.limit ?? JOBS_PER_PAGE_MAX, JOBS_PER_PAGE_MAX)
    const rows = await listJobs(this.#db.read, { ...options, limit }, LISTED_CHARS_MAX)
    return rows.map((row) => viewJob(row))
  }

  /**
   * Cancels an unfinished job: at once where this program knows its kind, else by asking the server that does. False
   * when the job has ended, undefined when there is none.
   */
  cancel(id: string): Promise<boolean | undefined> {
    return this.#db.transact(async (tx) => {
      const row = await getJob(tx, id)
      if (!row || row.finished_at !== null) return row && false
      const definition = this.#definitions.get(row.kind)
      if (!definition || this.#env === undefined) return requestCancel(tx, row.pk)
      const ended = await endJob(tx, row.pk, undefined, { status: 'cancelled' }, this.#clock.now())
      if (ended) await definition.settled?.(tx, viewJob(ended), this.#env)
      tx.afterCommit(() => {
        this.#runner?.drop(id)
        this.#runner?.wake()
      })
      return true
    })
  }

  /** Puts a failed or cancelled job back into the queue; it goes on from its newest checkpoint. */
  retry(id: string): Promise<void> {
    return this.#db.transact(async (tx) => {
      const row = await getJob(tx, id)
      if (!row) throw new AppError(StatusCode.CONN_DOES_NOT_EXIST, `There is no job ${id}; it may have been deleted.`)
      if (row.status !== 'failed' && row.status !== 'cancelled') {
        throw new AppError(
          StatusCode.CONN_INVALID_REQUEST,
          `The job ${id} is ${row.status}; only failed or cancelled ones can be tried again.`,
        )
      }
      if (!(await requeueEnded(tx, row, this.#clock.now()))) {
        throw new AppError(StatusCode.CONN_INVALID_REQUEST, `Another job does the work of ${id} already.`)
      }
      tx.afterCommit(() => this.#runner?.wake())
    })
  }

  /** Lets jobs that pause between attempts, or wait for a time, go at once. */
  async hurry(): Promise<void> {
    await this.#db.transact((tx) => hurryDelayed(tx, this.#clock.now()))
    this.#runner?.wake()
  }

  /** Resolves when nothing runs here and nothing is ready; what waits for its time is not waited for. */
  async idle(): Promise<void> {
    await this.#runner?.idle()
  }

  /** Resolves with a job once it has ended, in this server; with undefined when it is gone. */
  async ended(id: string): Promise<JobView | undefined> {
    for (;;) {
      const next = this.#runner?.nextEnd()
      const job = await this.get(id)
      if (!job || job.finishedAt !== undefined) return job
      await next
    }
  }

  /** Ends runs here whose jobs are gone, sooner than a heartbeat would; after a deletion of an app, say. */
  async recheck(): Promise<void> {
    await this.#runner?.recheck()
  }

  /** What waits and runs, by kind. */
  counts(): Promise<JobCount[]> {
    return countJobs(this.#db.read, [...this.#definitions.keys()], { max: QUEUED_COUNTED_MAX, now: this.#clock.now() })
  }

  /** Tells of every run that ends. */
  observe(observer: RunObserver): void {
    this.#observers.push(observer)
  }
}
