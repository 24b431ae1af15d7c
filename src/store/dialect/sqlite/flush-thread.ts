import { closeSync, fdatasyncSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { SqliteConnection } from './connection.ts'
import { flushPath } from './flush-path.ts'
import { type FlushAnswer, type FlushRequest, toErrorShape } from './flush-protocol.ts'

/** Waits for the disk so that the main thread does not: flushes the write-ahead log and copies it back. */
class FlushThread {
  readonly #file: string
  readonly #connection: SqliteConnection
  #log: number | undefined

  constructor(file: string) {
    this.#file = file
    this.#connection = new SqliteConnection(file, 'flush')
  }

  perform(request: FlushRequest): void {
    if (request.do === 'flush') this.#flush()
    else if (request.do === 'checkpoint') this.#checkpoint()
    else this.#close()
  }

  #flush(): void {
    if (this.#log === undefined) {
      this.#log = openSync(`${this.#file}-wal`, 'r')
      flushPath(dirname(this.#file))
    }
    fdatasyncSync(this.#log)
  }

  /**
   * Copies the log into the database. Whoever writes next starts the log anew and flushes its new head, which is why
   * this thread writes something itself: the main thread would wait for that flush.
   */
  #checkpoint(): void {
    this.#connection.run('pragma wal_checkpoint(passive)')
    const { user_version: count } = this.#connection.run('pragma user_version').rows[0] as { user_version: number }
    this.#connection.run(`pragma user_version = ${(count + 1) % 2 ** 31}`)
  }

  #close(): void {
    this.#connection.run('pragma optimize')
    this.#connection.run('pragma wal_checkpoint(truncate)')
    this.#connection.close()
    if (this.#log !== undefined) closeSync(this.#log)
  }
}

if (!parentPort) throw new Error('This file runs as a worker thread')
const port = parentPort
const thread = new FlushThread((workerData as { file: string }).file)
port.on('message', (request: FlushRequest) => {
  const answer: FlushAnswer = { id: request.id }
  try {
    thread.perform(request)
  } catch (error) {
    answer.error = toErrorShape(error)
  }
  port.postMessage(answer)
})
