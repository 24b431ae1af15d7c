import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import { LOG_KEPT_DAYS } from '../../search/limits.ts'
import type { Database } from '../../store/database.ts'
import type { LogMark } from '../../store/repos/embedding-log.ts'
import { noteLogReader, pruneLog } from '../../store/repos/embedding-log-readers.ts'

const KEPT_MICROS = LOG_KEPT_DAYS * 24 * 3_600 * 1_000_000

/**
 * Takes note of where the search process of this server is in the log of embeddings and removes what no server needs.
 * Indexes of a server that was away for longer than the log is kept are made anew when it comes back.
 */
export class LogPruner {
  readonly #db: Database
  readonly #clock: Clock
  readonly #log: Log
  readonly #reader: string
  #running: Promise<void> = Promise.resolve()
  #closed = false

  /** `folder` is that of the indexes, which a name is kept in, as several servers may share a database. */
  constructor(db: Database, clock: Clock, log: Log, folder: string) {
    this.#db = db
    this.#clock = clock
    this.#log = log
    this.#reader = nameIn(folder)
  }

  /** Returns at once; one removal at a time. */
  note(mark: LogMark): void {
    this.#running = this.#running
      .then(() => this.#prune(mark))
      .catch((error: unknown) => this.#log.warn({ err: error }, 'the log of embeddings could not be shortened'))
  }

  async #prune(mark: LogMark): Promise<void> {
    if (this.#closed) return
    await this.#db.transact((tx) => noteLogReader(tx, this.#reader, mark, this.#clock.now()))
    while (!this.#closed && (await this.#db.transact((tx) => pruneLog(tx, this.#clock.now() - KEPT_MICROS)))) {}
  }

  /** Returns when nothing is removed any more. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#running
  }
}

function nameIn(folder: string): string {
  const file = join(folder, 'reader')
  try {
    return readFileSync(file, 'utf8')
  } catch {
    const name = randomUUID()
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(file, name)
    return name
  }
}
