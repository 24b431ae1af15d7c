import { Worker } from 'node:worker_threads'
import { compiledCodeEnvironment } from '../../../base/compiled-code.ts'
import { StorageFailure } from '../../errors.ts'
import { translateSqliteError } from './errors.ts'
import type { FlushAnswer, FlushRequest } from './flush-protocol.ts'

/** The main thread's end of the flush thread. */
export class Flusher {
  readonly #worker: Worker
  readonly #waiting = new Map<number, PromiseWithResolvers<void>>()
  #lastId = 0
  #ended: StorageFailure | undefined

  constructor(file: string) {
    this.#worker = new Worker(new URL('./flush-thread.ts', import.meta.url), {
      workerData: { file },
      env: compiledCodeEnvironment(),
    })
    this.#worker.on('message', (answer: FlushAnswer) => this.#settle(answer))
    this.#worker.on('error', (error) => this.#end(new StorageFailure('the flush thread failed', error)))
    this.#worker.on('exit', () => this.#end(new StorageFailure('the flush thread ended')))
  }

  /** Resolves when everything that was committed before the call is on the disk. */
  flush(): Promise<void> {
    return this.#ask('flush')
  }

  /** Copies the log back into the database; nothing may be written meanwhile. */
  checkpoint(): Promise<void> {
    return this.#ask('checkpoint')
  }

  /** Copies all of the log back and ends the thread; with `failed`, ends it only. */
  async close(failed: boolean): Promise<void> {
    try {
      if (!failed) await this.#ask('close')
    } finally {
      await this.#worker.terminate()
    }
  }

  #ask(what: FlushRequest['do']): Promise<void> {
    if (this.#ended) return Promise.reject(this.#ended)
    const id = ++this.#lastId
    const waiting = Promise.withResolvers<void>()
    this.#waiting.set(id, waiting)
    this.#worker.postMessage({ id, do: what } satisfies FlushRequest)
    return waiting.promise
  }

  #settle(answer: FlushAnswer): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if (answer.error) waiting?.reject(translateSqliteError(answer.error))
    else waiting?.resolve()
  }

  #end(failure: StorageFailure): void {
    this.#ended ??= failure
    for (const waiting of this.#waiting.values()) waiting.reject(this.#ended)
    this.#waiting.clear()
  }
}
