import { availableParallelism } from 'node:os'
import { AppError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import type { Data } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { WeightFiles } from '../../engines/engine.ts'
import type { InputResult, Plan, RunOptions } from '../../workflow/plan.ts'
import * as limits from '../limits.ts'
import type { Runtime, WorkerStats } from '../protocol.ts'
import type { Setup } from '../tuning/setup.ts'
import { type Job, PendingRequest, splitJob } from './job.ts'
import { Pace } from './pace.ts'
import { type QueueLimits, RequestQueue } from './queue.ts'
import { type SlotLimits, WorkerSlot } from './worker-slot.ts'

/** Settings of the worker pool; all but the log have defaults. */
export interface RuntimeOptions {
  /** Resident memory at which a worker ends in the middle of its work, in bytes; without it never. */
  readonly rssBytesMax?: number
  /** Number of worker processes, 1..8; by default one per core. */
  readonly workers?: number
  /** Memory of loaded engines that one worker keeps, in bytes. */
  readonly maxBytes?: number
  readonly log: Log
  readonly queue?: QueueLimits
  readonly limits?: Partial<SlotLimits>
  /** Failed starts in a row after which `ready` gives up. */
  readonly maxStartFailures?: number
  /** Time that `close` waits for work under way, in milliseconds. */
  readonly closeGraceMs?: number
  /** Work of several requests is joined as long as it is done in about this time, in milliseconds. */
  readonly joinedWorkMs?: number
  /** How to do the work of a plan on this machine, where that is known; at most as many workers as there are. */
  readonly setupOf?: (plan: Plan, files: WeightFiles) => Setup | undefined
  /** URL of a module that exports further engines as `engines: Engine[]`. */
  readonly engineModule?: string
}

/** Starts the worker pool; the workers come up in the background. */
export function createRuntime(options: RuntimeOptions): Runtime {
  return new WorkerPool(options)
}

class WorkerPool implements Runtime {
  readonly #slots: readonly WorkerSlot[]
  readonly #queue: RequestQueue
  readonly #maxStartFailures: number
  readonly #closeGraceMs: number
  readonly #joinedWorkMs: number
  readonly #setupOf: NonNullable<RuntimeOptions['setupOf']>
  readonly #usual: Setup
  readonly #watchers = new Set<() => void>()
  readonly #pace = new Pace()
  #dispatching = false
  #closed: Promise<void> | undefined

  constructor(options: RuntimeOptions) {
    const count = Math.max(1, Math.min(limits.MAX_WORKERS, Math.trunc(options.workers ?? availableParallelism())))
    this.#maxStartFailures = options.maxStartFailures ?? limits.MAX_START_FAILURES
    this.#closeGraceMs = options.closeGraceMs ?? limits.CLOSE_GRACE_MS
    this.#joinedWorkMs = options.joinedWorkMs ?? limits.JOINED_WORK_MS
    this.#setupOf = options.setupOf ?? (() => undefined)
    this.#usual = { threads: 1, workers: count, batch: limits.MAX_CHUNK_INPUTS }
    this.#queue = new RequestQueue(options.queue)
    const settings = {
      parentPid: process.pid,
      maxBytes: options.maxBytes ?? limits.DEFAULT_ENGINE_BYTES,
      rssBytesMax: options.rssBytesMax,
      engineModule: options.engineModule,
    }
    const slotLimits: SlotLimits = {
      maxStartMs: limits.MAX_START_MS,
      startBackoffMs: limits.START_BACKOFF_MS,
      cancelGraceMs: limits.CANCEL_GRACE_MS,
      maxWorkMs: limits.MAX_WORK_MS,
      stopGraceMs: limits.STOP_GRACE_MS,
      maxRssBytes: limits.DEFAULT_WORKER_RSS_BYTES,
      ...options.limits,
    }
    this.#slots = Array.from(
      { length: count },
      () =>
        new WorkerSlot(settings, slotLimits, options.log, {
          idle: () => this.#dispatch(),
          died: (jobs, hung) => this.#died(jobs, hung, slotLimits.maxWorkMs),
          worked: (jobs, ms) => this.#pace.note(jobs, ms),
          answered: (job, answer) =>
            answer instanceof AppError ? job.request.fail(answer) : job.request.complete(job, answer),
          changed: () => this.#changed(),
        }),
    )
  }

  async run(
    plan: Plan,
    files: WeightFiles,
    inputs: readonly Data[],
    options: RunOptions,
    signal: AbortSignal,
  ): Promise<InputResult[]> {
    if (signal.aborted) throw abortError(signal)
    if (this.#closed) throw shutDown()
    const broken = this.#broken()
    if (broken) throw broken
    const request = new PendingRequest(plan, files, inputs, options, this.#setupOf(plan, files) ?? this.#usual)
    const abort = (): void => {
      request.fail(abortError(signal))
      for (const slot of this.#slots) slot.cancel(request)
    }
    this.#queue.add(request)
    signal.addEventListener('abort', abort, { once: true })
    try {
      this.#dispatch()
      return await request.done
    } finally {
      signal.removeEventListener('abort', abort)
      // Also when one job failed the request: what the others still do is of no use.
      for (const slot of this.#slots) slot.cancel(request)
      this.#changed()
    }
  }

  async ready(): Promise<void> {
    await this.#until(() => {
      if (this.#closed) throw shutDown()
      if (this.#slots.some((slot) => slot.alive)) return true
      const broken = this.#broken()
      if (broken) throw broken
      return false
    })
  }

  async unload(engine?: string): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.ask({ type: 'unload', engine })))
  }

  async stats(): Promise<WorkerStats[]> {
    const late = Promise.withResolvers<undefined>()
    const timer = setTimeout(() => late.resolve(undefined), limits.STATS_WAIT_MS)
    const answers = await Promise.all(
      this.#slots.map(
        async (slot) => (await Promise.race([slot.ask({ type: 'stats' }), late.promise])) ?? slot.lastStats,
      ),
    )
    clearTimeout(timer)
    return answers.filter((stats) => stats !== undefined)
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const expired = Promise.withResolvers<void>()
    const timer = setTimeout(expired.resolve, this.#closeGraceMs)
    const drained = this.#until(() => this.#queue.size === 0 && this.#slots.every((slot) => !slot.busy))
    await Promise.race([drained, expired.promise])
    clearTimeout(timer)
    this.#queue.failAll(shutDown())
    for (const slot of this.#slots) slot.close(slot.busy)
    await this.#until(() => this.#slots.every((slot) => slot.closed))
  }

  /** Hands out jobs while there are idle workers. */
  #dispatch(): void {
    if (this.#dispatching) return
    this.#dispatching = true
    try {
      for (;;) {
        const idle = this.#slots.filter((slot) => slot.idle)
        if (idle.length === 0) return
        const job = this.#queue.take(
          ({ plan }) => idle.some((slot) => slot.hasEnginesOf(plan)),
          (request) => this.#mayRun(request),
        )
        if (!job) return
        this.#place([job, ...this.#queue.takeAlike(job, this.#inputsAtOnce(job))], idle)
      }
    } finally {
      this.#dispatching = false
    }
  }

  /** Whether one more worker may work on a plan that is done best by few. */
  #mayRun({ plan, setup }: PendingRequest): boolean {
    return (
      setup.workers >= this.#slots.length || this.#slots.filter((slot) => slot.worksOn(plan)).length < setup.workers
    )
  }

  /** Inputs to give a worker together with a job: what it does in a moment, and not what the other workers could do. */
  #inputsAtOnce(job: Job): number {
    const { plan, setup } = job.request
    const own = job.end - job.start
    const share = Math.ceil((own + this.#queue.waitingOf(plan)) / Math.min(setup.workers, this.#slots.length))
    return Math.max(own, Math.min(share, setup.batch, this.#pace.inputsWithin(plan, this.#joinedWorkMs)))
  }

  /** Prefers a worker that has the engines loaded, else the one with the fewest engines. */
  #place(jobs: readonly Job[], idle: readonly WorkerSlot[]): void {
    const { plan } = jobs[0]!.request
    const warm = idle.find((slot) => slot.hasEnginesOf(plan))
    const emptiest = idle.reduce((best, slot) => (slot.engines.size < best.engines.size ? slot : best))
    try {
      ;(warm ?? emptiest).run(jobs)
    } catch (error) {
      for (const { request } of jobs) request.fail(error)
    }
  }

  #died(jobs: readonly Job[], hung: boolean, maxWorkMs: number): void {
    for (const job of jobs) {
      if (this.#closed) {
        job.request.fail(shutDown())
      } else if (hung && jobs.length === 1) {
        job.request.completeWith(
          job,
          new AppError(
            StatusCode.MODEL_PREDICTION_FAILED,
            `The prediction was stopped after ${maxWorkMs} milliseconds.`,
          ),
        )
      } else if (job.deaths + 1 < limits.MAX_ATTEMPTS && !job.request.options.onText) {
        this.#queue.putBack(splitJob(job))
      } else {
        job.request.completeWith(
          job,
          new AppError(
            StatusCode.MODEL_PREDICTION_FAILED,
            job.request.options.onText
              ? // What has been said cannot be said again otherwise.
                'The model worker stopped unexpectedly in the middle of its answer; try again.'
              : 'The model worker stopped unexpectedly on this input, twice; it cannot be predicted.',
          ),
        )
      }
    }
    this.#dispatch()
  }

  /** Why nothing can run here: no worker has come up in many attempts. They go on trying. */
  #broken(): AppError | undefined {
    if (!this.#slots.every((slot) => slot.startFailures >= this.#maxStartFailures)) return undefined
    const reason = this.#slots.map((slot) => slot.startFailure).find((text) => text !== '')
    return new AppError(StatusCode.RPC_SERVER_UNAVAILABLE, `The model workers do not start: ${reason}`)
  }

  #changed(): void {
    const broken = this.#broken()
    if (broken) this.#queue.failAll(broken)
    for (const look of [...this.#watchers]) look()
  }

  /** Resolves when `test` is true, now or after a change; rejects when it throws. */
  #until(test: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        try {
          if (!test()) return
          resolve()
        } catch (error) {
          reject(error)
        }
        this.#watchers.delete(look)
      }
      this.#watchers.add(look)
      look()
    })
  }
}

function shutDown(): AppError {
  return new AppError(StatusCode.RPC_SERVER_UNAVAILABLE, 'The server is shutting down; try again later.')
}

/** The error of a call whose signal was aborted: the signal's own when it is meant for callers. */
function abortError(signal: AbortSignal): AppError {
  const reason: unknown = signal.reason
  if (reason instanceof AppError) return reason
  if (reason instanceof Error && reason.name === 'TimeoutError') {
    return new AppError(StatusCode.RPC_REQUEST_TIMEOUT, 'The prediction did not finish within its deadline.', {
      cause: reason,
    })
  }
  return new AppError(StatusCode.RPC_CANCELED, 'The request was cancelled.', { cause: reason })
}
