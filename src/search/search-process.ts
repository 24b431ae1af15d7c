import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Duplex, Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { AppError } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { StatusCode } from '../contract/status-code.ts'
import { FrameChannel } from '../runtime/frame-channel.ts'
import { PIPE_FD } from '../runtime/worker/settings.ts'
import type { LogMark } from '../store/repos/embedding-log.ts'
import { END_MS_MAX, FAILED_STARTS_MAX, RESTART_PAUSE_MS, SEARCH_MS_MAX, WAITING_SEARCHES_MAX } from './limits.ts'
import type { SearchAnswer, SearchPlan } from './plan.ts'
import type { FromSearch, IndexSizes, SearchSettings, ToSearch } from './protocol.ts'

/** Runs searches. */
export interface Searcher {
  /** Throws AppError with the status of the search. */
  search(plan: SearchPlan): Promise<SearchAnswer>
  sizes(): Promise<IndexSizes>
  close(): Promise<void>
}

interface Waiting {
  readonly resolve: (message: FromSearch) => void
  readonly reject: (error: Error) => void
  readonly timer: NodeJS.Timeout
}

interface Running {
  readonly child: ChildProcess
  readonly channel: FrameChannel
  readonly ended: Promise<void>
}

const ENTRY = fileURLToPath(new URL('./process/entry.ts', import.meta.url))

/**
 * The search process as the server sees it: started with the first search, started again when it dies. It has the
 * vector indexes and reads the database itself, so neither comparing vectors nor long filters hold the event loop,
 * and a fault of the native index library cannot end the server.
 */
export class SearchProcess implements Searcher {
  readonly #settings: SearchSettings
  readonly #log: Log
  readonly #onNeeded: ((mark: LogMark) => void) | undefined
  readonly #waiting = new Map<number, Waiting>()
  #running: Promise<Running> | undefined
  #failedStarts = 0
  #lastId = 0
  #closed = false

  /** `onNeeded` hears from where on the process needs the log of embeddings. */
  constructor(settings: Omit<SearchSettings, 'parentPid'>, log: Log, onNeeded?: (mark: LogMark) => void) {
    this.#settings = { ...settings, parentPid: process.pid }
    this.#log = log
    this.#onNeeded = onNeeded
  }

  async search(plan: SearchPlan): Promise<SearchAnswer> {
    const message = await this.#ask((id) => ({ type: 'search', id, plan }))
    if (message.type !== 'answer') throw new Error(`the search process answered ${message.type}`)
    return message.answer
  }

  async sizes(): Promise<IndexSizes> {
    if (!this.#running) return { rows: 0, waiting: 0, indexes: 0 }
    const message = await this.#ask((id) => ({ type: 'sizes', id }))
    if (message.type !== 'sizes') throw new Error(`the search process answered ${message.type}`)
    return message.sizes
  }

  async #ask(make: (id: number) => ToSearch): Promise<FromSearch> {
    if (this.#closed) throw unavailable('The server is shutting down.')
    if (this.#waiting.size >= WAITING_SEARCHES_MAX) throw unavailable('Too many searches are waiting; try again later.')
    this.#running ??= this.#start()
    const { channel } = await this.#running
    const id = ++this.#lastId
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id)
        reject(unavailable(`The search took more than ${SEARCH_MS_MAX / 1_000} seconds; make it narrower.`))
      }, SEARCH_MS_MAX)
      timer.unref()
      this.#waiting.set(id, { resolve, reject, timer })
      channel.send({ message: make(id), attachments: [] })
    })
  }

  async #start(): Promise<Running> {
    if (this.#failedStarts > 0) {
      await new Promise((resolve) => setTimeout(resolve, RESTART_PAUSE_MS * 2 ** this.#failedStarts))
    }
    const child = spawn(process.execPath, [ENTRY, JSON.stringify(this.#settings)], {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: { MALLOC_ARENA_MAX: '2' },
      windowsHide: true,
    })
    const log = this.#log.child({ search: child.pid })
    lines(child.stdout!, (line) => log.info({ line }, 'search process output'))
    lines(child.stderr!, (line) => log.warn({ line }, 'search process error output'))
    return new Promise((resolve, reject) => {
      const ended = new Promise<void>((done) => {
        child.once('close', (code, signal) => {
          this.#running = undefined
          done()
          const error = unavailable('The search was interrupted; please try again.')
          for (const { reject: refuse, timer } of this.#waiting.values()) {
            clearTimeout(timer)
            refuse(error)
          }
          this.#waiting.clear()
          this.#failedStarts = Math.min(FAILED_STARTS_MAX, this.#failedStarts + 1)
          if (!this.#closed) log.error({ code, signal }, 'the search process ended')
          reject(error)
        })
      })
      const channel = new FrameChannel(
        child.stdio[PIPE_FD] as Duplex,
        ({ message }) => {
          const answer = message as FromSearch
          if (answer.type === 'ready') {
            this.#failedStarts = 0
            resolve({ child, channel, ended })
          } else if (answer.type === 'needed') this.#onNeeded?.(answer.mark)
          else this.#take(answer)
        },
        () => child.kill('SIGKILL'),
      )
      child.once('error', reject)
    })
  }

  #take(message: Exclude<FromSearch, { type: 'ready' | 'needed' }>): void {
    const waiting = this.#waiting.get(message.id)
    if (!waiting) return
    this.#waiting.delete(message.id)
    clearTimeout(waiting.timer)
    if (message.type === 'error') waiting.reject(new AppError(message.code, message.details))
    else waiting.resolve(message)
  }

  /** Lets the process keep its indexes and end. */
  async close(): Promise<void> {
    this.#closed = true
    const running = await this.#running?.catch(() => undefined)
    if (!running) return
    running.channel.send({ message: { type: 'stop' } satisfies ToSearch, attachments: [] })
    const timer = setTimeout(() => running.child.kill('SIGKILL'), END_MS_MAX)
    await running.ended
    clearTimeout(timer)
  }
}

const unavailable = (details: string): AppError => new AppError(StatusCode.SEARCH_INTERNAL_FAILURE, details)

function lines(stream: Readable, take: (line: string) => void): void {
  createInterface({ input: stream }).on('line', take)
}
