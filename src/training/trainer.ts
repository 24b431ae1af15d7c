import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Duplex, Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { Log } from '../base/log.ts'
import { FrameChannel } from '../runtime/frame-channel.ts'
import { PIPE_FD } from '../runtime/worker/settings.ts'
import { END_MS_MAX, IDLE_MS_MAX, PART_NUMBERS } from './limits.ts'
import type { Computed, FromTrainer, Task, ToTrainer, TrainerSettings } from './protocol.ts'

/** Computes what trainings need, apart from the server. */
export interface Trainer {
  /** Starts what computes, so that it is there when it is needed. */
  warmUp(): void
  /**
   * Computes a task over vectors (rows x dims, row by row), which are left as they are. Rejects with the signal's reason
   * when it aborts, and with TrainerGone when the process dies over it.
   */
  run<T extends Task>(task: T, matrix: Float32Array, signal: AbortSignal): Promise<Computed<T>>
  close(): Promise<void>
}

/** The process died: perhaps for want of memory, perhaps because somebody ended it. */
export class TrainerGone extends Error {}

interface Waiting {
  readonly resolve: (result: never) => void
  readonly reject: (error: Error) => void
}

interface Running {
  readonly child: ChildProcess
  readonly channel: FrameChannel
  readonly ended: Promise<void>
}

const ENTRY = fileURLToPath(new URL('./process/entry.ts', import.meta.url))

/**
 * The training process as the server sees it: started when it is needed, ended when it has had nothing to do for a
 * while, which gives its memory back.
 */
export class TrainerProcess implements Trainer {
  readonly #settings: TrainerSettings
  readonly #log: Log
  readonly #waiting = new Map<number, Waiting>()
  #running: Promise<Running> | undefined
  #idle: NodeJS.Timeout | undefined
  #lastId = 0
  #isClosed = false

  constructor({ threads }: Pick<TrainerSettings, 'threads'>, log: Log) {
    this.#settings = { threads, parentPid: process.pid }
    this.#log = log
  }

  warmUp(): void {
    // What is wrong is told to whoever runs something.
    this.#started().catch(() => {})
  }

  async run<T extends Task>(task: T, matrix: Float32Array, signal: AbortSignal): Promise<Computed<T>> {
    signal.throwIfAborted()
    const id = ++this.#lastId
    const answer = new Promise<Computed<T>>((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
    // Rejected before anybody waits, where the process cannot be started.
    answer.catch(() => {})
    clearTimeout(this.#idle)
    let stop: (() => void) | undefined
    try {
      const { channel } = await this.#started()
      const send = (message: ToTrainer, attachments: readonly Uint8Array[] = []): void =>
        channel.send({ message, attachments })
      for (let start = 0; start < matrix.length; start += PART_NUMBERS) {
        const part = matrix.subarray(start, start + PART_NUMBERS)
        const bytes = new Uint8Array(part.buffer, part.byteOffset, part.byteLength)
        send({ type: 'part', id, start, total: matrix.length }, [bytes])
      }
      send({ type: 'run', id, task })
      return await new Promise<Computed<T>>((resolve, reject) => {
        stop = () => {
          send({ type: 'cancel', id })
          reject(signal.reason as Error)
        }
        signal.addEventListener('abort', stop)
        if (signal.aborted) stop()
        answer.then(resolve, reject)
      })
    } finally {
      if (stop) signal.removeEventListener('abort', stop)
      this.#waiting.delete(id)
      if (this.#waiting.size === 0) this.#rest()
    }
  }

  #started(): Promise<Running> {
    if (this.#isClosed) return Promise.reject(new TrainerGone('The server is shutting down.'))
    this.#running ??= this.#start()
    return this.#running
  }

  #rest(): void {
    clearTimeout(this.#idle)
    this.#idle = setTimeout(() => void this.#end(), IDLE_MS_MAX).unref()
  }

  #start(): Promise<Running> {
    const child = spawn(process.execPath, [ENTRY, JSON.stringify(this.#settings)], {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: { MALLOC_ARENA_MAX: '2' },
      windowsHide: true,
    })
    const log = this.#log.child({ trainer: child.pid })
    lines(child.stdout!, (line) => log.info({ line }, 'training process output'))
    lines(child.stderr!, (line) => log.warn({ line }, 'training process error output'))
    const running = new Promise<Running>((resolve, reject) => {
      const ended = new Promise<void>((done) => {
        child.once('close', (code, signal) => {
          if (this.#running === running) this.#running = undefined
          done()
          const error = new TrainerGone('The training process ended in the middle of its work.')
          for (const { reject: refuse } of this.#waiting.values()) refuse(error)
          this.#waiting.clear()
          if (code !== 0) log.error({ code, signal }, 'the training process ended')
          reject(error)
        })
      })
      const channel = new FrameChannel(
        child.stdio[PIPE_FD] as Duplex,
        ({ message }) => {
          const answer = message as FromTrainer
          if (answer.type === 'ready') resolve({ child, channel, ended })
          else this.#take(answer)
        },
        () => child.kill('SIGKILL'),
      )
      child.once('error', reject)
    })
    running.catch(() => {})
    return running
  }

  #take(message: Exclude<FromTrainer, { type: 'ready' }>): void {
    const waiting = this.#waiting.get(message.id)
    if (!waiting) return
    this.#waiting.delete(message.id)
    if (message.type === 'failed') waiting.reject(new Error(message.details))
    else waiting.resolve({ result: message.result, hash: message.hash } as never)
  }

  async #end(): Promise<void> {
    const wanted = this.#running
    this.#running = undefined
    const running = await wanted?.catch(() => undefined)
    if (!running) return
    running.channel.send({ message: { type: 'stop' } satisfies ToTrainer, attachments: [] })
    const timer = setTimeout(() => running.child.kill('SIGKILL'), END_MS_MAX)
    await running.ended
    clearTimeout(timer)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#idle)
    await this.#end()
  }
}

function lines(stream: Readable, each: (line: string) => void): void {
  createInterface({ input: stream }).on('line', each)
}
