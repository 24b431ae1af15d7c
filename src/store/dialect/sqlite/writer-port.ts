import { availableParallelism } from 'node:os'
import { performance } from 'node:perf_hooks'
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { StorageFailure } from '../../errors.ts'
import { ANSWER_SPIN_MS, ANSWER_SPIN_PAUSE_QUERIES, EVENT_LOOP_HOLD_MS_MAX } from '../../limits.ts'
import type { RawResult } from '../engine.ts'
import { translateSqliteError } from './errors.ts'
import type { WriterAnswer, WriterNotice, WriterStep, WriterThreadData } from './protocol.ts'

const SEVERAL_CORES = availableParallelism() > 1
const NO_ROWS: RawResult = { rows: [], changes: 0 }

interface Waiting {
  resolve(result: RawResult): void
  reject(error: Error): void
}

/** An error that ended the whole group, so that every transaction in it is undone. */
export class GroupLost extends Error {
  override readonly cause: Error

  constructor(cause: Error) {
    super('The group of transactions was rolled back')
    this.cause = cause
  }
}

/** The main thread's end of the writer thread. */
export class WriterPort {
  readonly #worker: Worker
  readonly #port: MessagePort
  readonly #answers: Int32Array
  readonly #waiting = new Map<number, Waiting>()
  readonly #onFailure: (failure: StorageFailure) => void
  readonly #opened: PromiseWithResolvers<void>
  #lastId = 0
  #spinPause = 0
  /** When the event loop last brought an answer. */
  #lastTurn = 0
  #failure: StorageFailure | undefined
  #closing = false
  readonly ready: Promise<void>

  /** Starts the thread; `onFailure` hears of everything that makes further writing unsafe, at most once. */
  constructor(file: string, maxPages: number | undefined, onFailure: (failure: StorageFailure) => void) {
    this.#onFailure = onFailure
    this.#answers = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    const workerData: WriterThreadData = { file, port: port2, answers: this.#answers, maxPages }
    this.#worker = new Worker(new URL('./writer-thread.ts', import.meta.url), { workerData, transferList: [port2] })
    const opened = Promise.withResolvers<void>()
    this.ready = opened.promise
    this.#opened = opened
    this.#port.on('message', (message: WriterAnswer | WriterNotice) => {
      this.#lastTurn = performance.now()
      this.#receive(message)
    })
    this.#worker.on('error', (error) => this.fail(new StorageFailure('the writer thread failed', error)))
    this.#worker.on('exit', () => {
      const failure = new StorageFailure('the writer thread ended')
      opened.reject(failure)
      if (!this.#closing) this.fail(failure)
    })
  }

  /** The failure after which nothing is written any more. */
  get failure(): StorageFailure | undefined {
    return this.#failure
  }

  /** Runs the steps in the thread and resolves with the result of the last one; never waits for the disk. */
  send(steps: WriterStep[]): Promise<RawResult> {
    if (this.#failure) return Promise.reject(this.#failure)
    const id = ++this.#lastId
    const { promise, resolve, reject } = Promise.withResolvers<RawResult>()
    this.#waiting.set(id, { resolve, reject })
    const answersBefore = Atomics.load(this.#answers, 0)
    this.#port.postMessage({ id, steps })
    // A commit flushes to disk, which takes far longer than this look for the answer.
    if (steps.at(-1)?.do === 'query') this.#lookForAnswer(answersBefore)
    return promise
  }

  /**
   * Waking through the event loop costs several times what a statement costs, so the answer gets a short look first.
   * That is worth nothing while the other core is busy: after a look in vain the next ones are left out. And the
   * event loop must get its turn, so a row of found answers ends after some milliseconds.
   */
  #lookForAnswer(answersBefore: number): void {
    const now = performance.now()
    if (this.#spinPause > 0 || now - this.#lastTurn > EVENT_LOOP_HOLD_MS_MAX || !SEVERAL_CORES) {
      this.#spinPause = Math.max(0, this.#spinPause - 1)
      return
    }
    const until = now + ANSWER_SPIN_MS
    while (Atomics.load(this.#answers, 0) === answersBefore) {
      if (performance.now() >= until) {
        this.#spinPause = ANSWER_SPIN_PAUSE_QUERIES
        return
      }
    }
    for (let got = receiveMessageOnPort(this.#port); got; got = receiveMessageOnPort(this.#port)) {
      this.#receive(got.message)
    }
  }

  #receive(message: WriterAnswer | WriterNotice): void {
    if ('id' in message) this.#settle(message)
    else if (message.notice === 'ready') this.#opened.resolve()
    else if (message.notice === 'open-failed') {
      this.#failure = new StorageFailure(message.error?.message ?? 'open', message.error)
      this.#opened.reject(translateSqliteError(message.error))
    } else this.fail(new StorageFailure(message.error?.message ?? 'checkpoint', message.error))
  }

  #settle(answer: WriterAnswer): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if (!answer.error) {
      waiting?.resolve(answer.result ?? NO_ROWS)
      return
    }
    const error = translateSqliteError(answer.error)
    waiting?.reject(answer.groupLost ? new GroupLost(error) : error)
    if (error instanceof StorageFailure) this.fail(error)
  }

  /** Refuses all further writing: after a failed flush nobody knows what is on the disk (as PostgreSQL does it). */
  fail(failure: StorageFailure): void {
    if (this.#failure) return
    this.#failure = failure
    for (const waiting of this.#waiting.values()) waiting.reject(failure)
    this.#waiting.clear()
    this.#onFailure(failure)
  }

  /** Closes the connection in the thread and ends it; rejects when the last write back to the database failed. */
  async close(): Promise<void> {
    this.#closing = true
    try {
      if (!this.#failure) await this.send([{ do: 'close' }])
    } finally {
      this.#port.close()
      await this.#worker.terminate()
    }
  }
}
