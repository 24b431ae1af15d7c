import { type ChildProcess, fork } from 'node:child_process'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { AppError } from '../base/errors.ts'
import { MEASURE_NICENESS, MEASURE_RSS_BYTES_MAX } from './limits.ts'
import type { Figures } from './messages.ts'
import type { FromMeasure, MeasureOrder, ToMeasure } from './protocol.ts'

const ENTRY = fileURLToPath(new URL('./entry.ts', import.meta.url))

/**
 * A process that measures predictions for one evaluation, so that the event loop never does. Calls go one after the
 * other; they reject with AppError for what is wrong with the predictions, with the reason of the signal once that
 * aborts, and with Error when the process ended.
 */
export class MeasureProcess {
  readonly #child: ChildProcess
  readonly #signal: AbortSignal
  #ended: Error | undefined
  #waiting: { resolve: (answer: FromMeasure) => void; reject: (error: Error) => void } | undefined

  constructor(signal: AbortSignal) {
    signal.throwIfAborted()
    this.#signal = signal
    this.#child = fork(ENTRY, [String(process.pid), String(MEASURE_RSS_BYTES_MAX)], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
      serialization: 'advanced',
      env: { MALLOC_ARENA_MAX: '2' },
    })
    try {
      os.setPriority(this.#child.pid!, MEASURE_NICENESS)
    } catch {
      // A wish, not a need; some systems do not allow it.
    }
    this.#child.on('message', (answer: FromMeasure) => {
      const waiting = this.#waiting
      this.#waiting = undefined
      waiting?.resolve(answer)
    })
    this.#child.on('error', (error) => this.#end(error))
    this.#child.on('close', (code, killedBy) => {
      this.#end(new Error(`the process that measures ended (${killedBy ?? code})`))
    })
    signal.addEventListener('abort', this.#abort, { once: true })
  }

  async begin(order: MeasureOrder): Promise<void> {
    await this.#ask({ type: 'begin', order })
  }

  /** Scores of all concepts for vectors, row by row, by the head of the order. */
  async score(vectors: Float32Array, dimensions: number): Promise<Float32Array> {
    const answer = await this.#ask({ type: 'score', vectors, dimensions })
    if (answer.type !== 'scores') throw new Error(`the process that measures answered ${answer.type}`)
    return answer.scores
  }

  /** Counts a chunk of predictions. */
  async add(content: Uint8Array): Promise<void> {
    await this.#ask({ type: 'add', content })
  }

  /** What the chunks so far say. */
  async figures(): Promise<Figures> {
    const answer = await this.#ask({ type: 'figures' })
    if (answer.type !== 'figures') throw new Error(`the process that measures answered ${answer.type}`)
    return answer.figures
  }

  /** Ends the process, whatever it does. */
  close(): void {
    this.#signal.removeEventListener('abort', this.#abort)
    this.#child.kill('SIGKILL')
  }

  readonly #abort = (): void => {
    this.#end(this.#signal.reason as Error)
    this.#child.kill('SIGKILL')
  }

  #end(error: Error): void {
    this.#ended ??= error
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.reject(this.#ended)
  }

  async #ask(message: ToMeasure): Promise<FromMeasure> {
    if (this.#ended) throw this.#ended
    if (this.#waiting) throw new Error('the process that measures is asked one thing at a time')
    const { promise, resolve, reject } = Promise.withResolvers<FromMeasure>()
    this.#waiting = { resolve, reject }
    this.#child.send(message, (error) => {
      if (error) this.#end(error)
    })
    const answer = await promise
    if (answer.type === 'problem') throw new AppError(answer.code, answer.details)
    if (answer.type === 'failed') throw new Error(`measuring failed: ${answer.error}`)
    return answer
  }
}
