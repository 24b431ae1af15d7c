import type { Log } from '../../base/log.ts'
import { WorkerProcess } from '../host/worker-process.ts'
import { MAX_MEDIA_RSS_BYTES, MAX_START_MS, STOP_GRACE_MS } from '../limits.ts'
import {
  type FromMedia,
  type MediaAnswer,
  type MediaJob,
  type MediaWorkerSettings,
  packMedia,
  type ToMedia,
  unpackMedia,
} from './messages.ts'

const ENTRY = new URL('./entry.ts', import.meta.url)

/** Times and sizes of media processes; tests make them narrower. */
export interface MediaLimits {
  readonly jobMs: number
  readonly idleMs: number
  /** Resident memory after which a process is replaced once its job is done, in bytes. */
  readonly rssBytes: number
}

/** How a job ended. */
export type JobEnd = { readonly answer: MediaAnswer } | { readonly lost: 'died' | 'hung' }

/** What a media process tells its pool. */
export interface MediaWorkerEvents {
  /** It has become free for a job. */
  idle(worker: MediaWorker): void
  /** It has ended; `started` says whether it ever became ready. */
  ended(worker: MediaWorker, started: boolean, reason: string): void
}

/** One media process with one job at a time; it is started at once and ends when it has nothing to do for long. */
export class MediaWorker {
  readonly #process: WorkerProcess<ToMedia, FromMedia>
  readonly #limits: MediaLimits
  readonly #events: MediaWorkerEvents
  readonly #log: Log
  #state: 'starting' | 'idle' | 'busy' | 'stopping' = 'starting'
  #settle: ((end: JobEnd) => void) | undefined
  #timer: NodeJS.Timeout | undefined
  #hung = false

  constructor(limits: MediaLimits, log: Log, events: MediaWorkerEvents) {
    this.#limits = limits
    this.#events = events
    this.#log = log
    const settings: MediaWorkerSettings = { parentPid: process.pid, rssBytesMax: MAX_MEDIA_RSS_BYTES }
    this.#process = new WorkerProcess<ToMedia, FromMedia>({
      entry: ENTRY,
      settings,
      pack: packMedia,
      unpack: unpackMedia,
      log,
      onMessage: (message) => this.#take(message),
      onExit: (reason) => this.#exited(reason),
    })
    this.#after(MAX_START_MS, () => this.#process.kill())
  }

  get idle(): boolean {
    return this.#state === 'idle'
  }

  /** Not ready yet. */
  get starting(): boolean {
    return this.#state === 'starting'
  }

  /** Does a job; only while idle. Rejects with AppError when it is too large to be sent. */
  async run(job: MediaJob): Promise<JobEnd> {
    this.#process.send({ type: 'job', job })
    this.#state = 'busy'
    this.#after(this.#limits.jobMs, () => {
      this.#log.error({ worker: this.#process.pid, ms: this.#limits.jobMs }, 'a media worker hangs and is killed')
      this.#hung = true
      this.#process.kill()
    })
    return new Promise((resolve) => {
      this.#settle = resolve
    })
  }

  /** Ends the process when it is idle, at once when `force` is set. */
  stop(force = false): void {
    if (this.#state === 'stopping') return
    if (force || this.#state === 'starting') {
      this.#state = 'stopping'
      this.#process.kill()
    } else if (this.#state === 'idle') {
      this.#state = 'stopping'
      this.#process.send({ type: 'stop' })
      this.#after(STOP_GRACE_MS, () => this.#process.kill())
    }
  }

  #take(message: FromMedia): void {
    clearTimeout(this.#timer)
    const settle = this.#settle
    this.#settle = undefined
    if (message.type === 'answer') settle?.({ answer: message.answer })
    if (this.#state === 'stopping') return
    this.#state = 'idle'
    if (message.type === 'answer' && message.rssBytes > this.#limits.rssBytes) {
      this.stop()
    } else {
      this.#after(this.#limits.idleMs, () => this.stop())
      this.#events.idle(this)
    }
  }

  #exited(reason: string): void {
    clearTimeout(this.#timer)
    const started = this.#state !== 'starting'
    if (this.#state === 'busy') this.#log.error({ worker: this.#process.pid, reason }, 'a media worker died')
    this.#state = 'stopping'
    this.#settle?.({ lost: this.#hung ? 'hung' : 'died' })
    this.#events.ended(this, started, this.#process.lastError || reason)
  }

  #after(ms: number, action: () => void): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(action, ms).unref()
  }
}
