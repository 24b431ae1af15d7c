import { availableParallelism } from 'node:os'
import { AppError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { DashFilm } from '../../media/dash/tracks.ts'
import type { MediaItem, PrepareResult, Refused } from '../../media/prepare/prepared.ts'
import * as limits from '../limits.ts'
import { cutBatches } from './batches.ts'
import type { MediaJob } from './messages.ts'
import type { MediaPrep } from './port.ts'
import { type JobEnd, type MediaLimits, MediaWorker } from './worker.ts'

/** Settings of the media processes; all but the log have defaults. */
export interface MediaPoolOptions {
  readonly log: Log
  /** Most processes; by default one per core. */
  readonly workers?: number
  readonly limits?: Partial<MediaLimits>
}

/** Makes the pool of media processes, which are started when there is work for them. */
export function createMediaPrep(options: MediaPoolOptions): MediaPrep {
  return new MediaPool(options)
}

interface Waiting {
  readonly job: MediaJob
  readonly signal: AbortSignal | undefined
  readonly resolve: (end: JobEnd) => void
  readonly reject: (error: unknown) => void
}

class MediaPool implements MediaPrep {
  readonly #log: Log
  readonly #count: number
  readonly #limits: MediaLimits
  readonly #workers = new Set<MediaWorker>()
  #waiting: Waiting[] = []
  #startFailures = 0
  #closed: PromiseWithResolvers<void> | undefined

  constructor({ log, workers = availableParallelism(), limits: own }: MediaPoolOptions) {
    this.#log = log
    this.#count = Math.max(1, Math.min(workers, limits.MAX_WORKERS))
    this.#limits = {
      jobMs: limits.MAX_MEDIA_JOB_MS,
      idleMs: limits.MEDIA_IDLE_MS,
      rssBytes: limits.MEDIA_RSS_BYTES,
      ...own,
    }
  }

  async prepare(items: readonly MediaItem[], signal?: AbortSignal): Promise<PrepareResult[]> {
    const parts = cutBatches(items, this.#count).map((batch) => this.#prepareBatch(batch, signal))
    return (await Promise.all(parts)).flat()
  }

  async film(file: string, folder: string, signal?: AbortSignal): Promise<DashFilm> {
    const end = await this.#run({ type: 'film', file, folder }, signal)
    const result = 'answer' in end && end.answer.type === 'film' ? end.answer.result : { refused: CRASHED }
    if ('film' in result) return result.film
    throw new AppError(result.refused.code, result.refused.details)
  }

  close(): Promise<void> {
    if (!this.#closed) {
      this.#closed = Promise.withResolvers()
      this.#failAll(shutDown())
      for (const worker of this.#workers) worker.stop()
      if (this.#workers.size === 0) this.#closed.resolve()
    }
    return this.#closed.promise
  }

  /** One batch; when its process dies over it, each item gets one of its own, so that only the culprit fails. */
  async #prepareBatch(
    items: readonly MediaItem[],
    signal: AbortSignal | undefined,
    attempt = 1,
  ): Promise<PrepareResult[]> {
    const end = await this.#run({ type: 'prepare', items }, signal)
    if ('answer' in end && end.answer.type === 'prepared') return [...end.answer.results]
    if ('answer' in end) throw new Error('a media process answered to something else')
    if (items.length === 1 && end.lost === 'hung') return [{ refused: TOO_SLOW }]
    if (items.length === 1 && attempt >= limits.MAX_ATTEMPTS) return [{ refused: CRASHED }]
    const again = items.map((item) => this.#prepareBatch([item], signal, attempt + 1))
    return (await Promise.all(again)).flat()
  }

  #run(job: MediaJob, signal: AbortSignal | undefined): Promise<JobEnd> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw shutDown()
      signal?.throwIfAborted()
      const entry: Waiting = { job, signal, resolve, reject }
      this.#waiting.push(entry)
      this.#dispatch()
    })
  }

  /** Hands out what waits to idle processes, and starts a further one while more waits than they can take. */
  #dispatch(): void {
    for (const worker of this.#workers) {
      if (!worker.idle) continue
      const next = this.#next()
      if (!next) return
      // A job that cannot be sent leaves its worker idle.
      worker.run(next.job).then(next.resolve, next.reject)
    }
    const starting = [...this.#workers].filter((worker) => worker.starting).length
    if (this.#waiting.length > starting && this.#workers.size < this.#count) this.#start()
  }

  /** The next job that is still wanted. */
  #next(): Waiting | undefined {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      if (!next.signal?.aborted) return next
      next.reject(next.signal.reason)
    }
    return undefined
  }

  #start(): void {
    const worker = new MediaWorker(this.#limits, this.#log, {
      idle: () => {
        this.#startFailures = 0
        if (this.#closed) worker.stop()
        else this.#dispatch()
      },
      ended: (_, started, reason) => this.#ended(worker, started, reason),
    })
    this.#workers.add(worker)
  }

  #ended(worker: MediaWorker, started: boolean, reason: string): void {
    this.#workers.delete(worker)
    if (this.#closed) {
      if (this.#workers.size === 0) this.#closed.resolve()
      return
    }
    if (!started && ++this.#startFailures >= limits.MAX_START_FAILURES) {
      this.#startFailures = 0
      const details = `The media workers do not start: ${reason}`
      this.#failAll(new AppError(StatusCode.RPC_SERVER_UNAVAILABLE, details))
    }
    this.#dispatch()
  }

  #failAll(error: AppError): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { reject } of waiting) reject(error)
  }
}

const TOO_SLOW: Refused = {
  code: StatusCode.ALL_INPUT_INVALID_BYTES,
  details: 'The medium takes too long to decode and cannot be used; encode it anew.',
}
const CRASHED: Refused = {
  code: StatusCode.ALL_INPUT_INVALID_BYTES,
  details: 'Reading the medium ends without an answer, also when tried again; it cannot be used. Encode it anew.',
}

function shutDown(): AppError {
  return new AppError(StatusCode.RPC_SERVER_UNAVAILABLE, 'The server is shutting down; try again later.')
}
