import { performance } from 'node:perf_hooks'
import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { STATEMENT_SPIN_MS, WAL_CHECKPOINT_PAGES } from '../../limits.ts'
import type { RawResult } from '../engine.ts'
import { SqliteConnection } from './connection.ts'
import {
  toErrorShape,
  type WriterAnswer,
  type WriterNotice,
  type WriterRequest,
  type WriterStep,
  type WriterThreadData,
} from './protocol.ts'

/** Owns the only connection that writes; the flush of each commit blocks this thread and no other. */
class WriterThread {
  readonly #port: MessagePort
  readonly #answers: Int32Array
  readonly #connection: SqliteConnection
  /** Between begin and commit; after an error that ended SQLite's transaction it stays true and `#lost` says so. */
  #groupOpen = false
  #lost = false
  #closed = false

  constructor(port: MessagePort, data: WriterThreadData) {
    this.#port = port
    this.#answers = data.answers
    this.#connection = new SqliteConnection(data.file, 'write')
    if (data.maxPages !== undefined) this.#connection.run(`pragma max_page_count = ${data.maxPages}`)
  }

  /** Works on requests until the group they belong to is closed, then returns to the event loop. */
  serve(first: WriterRequest): void {
    for (let request: WriterRequest | undefined = first; request; request = this.#next()) this.#answer(request)
    if (!this.#groupOpen && !this.#closed) this.#checkpointWhenDue()
  }

  /** Sleeping and waking costs more than a statement, so an open group is worth a short look for its next one. */
  #next(): WriterRequest | undefined {
    const until = performance.now() + STATEMENT_SPIN_MS
    do {
      const received = receiveMessageOnPort(this.#port)
      if (received) return received.message as WriterRequest
    } while (this.#groupOpen && performance.now() < until)
    return undefined
  }

  #answer(request: WriterRequest): void {
    const answer: WriterAnswer = { id: request.id }
    try {
      for (const step of request.steps) answer.result = this.#perform(step)
    } catch (error) {
      this.#lost = this.#groupOpen && !this.#connection.inTransaction
      answer.error = toErrorShape(error)
      answer.groupLost = this.#lost
    }
    this.#port.postMessage(answer)
    Atomics.add(this.#answers, 0, 1)
  }

  #perform(step: WriterStep): RawResult | undefined {
    // A statement after SQLite ended the group by itself would run, and stay, outside any transaction.
    if (this.#lost && step.do !== 'abandon' && step.do !== 'close') throw new Error('The group was rolled back')
    switch (step.do) {
      case 'begin':
        this.#connection.run('begin immediate')
        this.#groupOpen = true
        return undefined
      case 'savepoint':
        this.#connection.run('savepoint member')
        return undefined
      case 'query':
        return this.#connection.run(step.sql, step.parameters)
      case 'release':
        this.#connection.run('release member')
        return undefined
      case 'rollback':
        this.#connection.run('rollback to member')
        this.#connection.run('release member')
        return undefined
      case 'commit':
        this.#connection.run('commit')
        this.#groupOpen = false
        return undefined
      case 'abandon':
        if (this.#connection.inTransaction) this.#connection.run('rollback')
        this.#groupOpen = false
        this.#lost = false
        return undefined
      case 'close':
        return this.#close()
    }
  }

  /** Copies the log back after the answer is out; a failure is told, as the log would grow for ever. */
  #checkpointWhenDue(): void {
    try {
      const state = this.#connection.run('pragma wal_checkpoint(noop)').rows[0] as { log: number; checkpointed: number }
      if (state.log - state.checkpointed >= WAL_CHECKPOINT_PAGES) this.#connection.run('pragma wal_checkpoint(passive)')
    } catch (error) {
      this.#tell({ notice: 'checkpoint-failed', error: toErrorShape(error) })
    }
  }

  #close(): undefined {
    if (this.#connection.inTransaction) this.#connection.run('rollback')
    this.#groupOpen = false
    this.#closed = true
    this.#connection.run('pragma optimize')
    this.#connection.run('pragma wal_checkpoint(truncate)')
    this.#connection.close()
  }

  #tell(notice: WriterNotice): void {
    this.#port.postMessage(notice)
  }
}

const data = workerData as WriterThreadData
try {
  const thread = new WriterThread(data.port, data)
  data.port.on('message', (request: WriterRequest) => thread.serve(request))
  data.port.postMessage({ notice: 'ready' } satisfies WriterNotice)
} catch (error) {
  data.port.postMessage({ notice: 'open-failed', error: toErrorShape(error) } satisfies WriterNotice)
}
