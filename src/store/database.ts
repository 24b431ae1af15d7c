import type { Log } from '../base/log.ts'
import type { Engine } from './dialect/engine.ts'
import { openEngine } from './dialect/open.ts'
import type { StorageFailure } from './errors.ts'
import { Lanes } from './lanes.ts'
import { migrate } from './schema/migrate.ts'
import { type Reader, Session, type Writer } from './session.ts'
import { runTransaction } from './transaction.ts'

export type { Reader, Writer } from './session.ts'

/** Where the database is: embedded in a data folder, or a PostgreSQL server. */
export type DatabaseLocation = { dataDir: string; bytesMax?: number } | { url: string }

/** The one database of a process. */
export interface Database {
  /** Whether no other process can have this database open. */
  readonly sole: boolean
  /** Committed data; sees every transaction whose promise has resolved. */
  readonly read: Reader
  /**
   * Runs `work` in a transaction; resolves with its value after a durable commit.
   *
   * Rejects, with nothing changed, when `work` throws or a statement fails (DuplicateKey, ConstraintViolated,
   * StorageFull, ...). After a conflict `work` runs again, so it may touch nothing but `tx`.
   */
  transact<T>(work: (tx: Writer) => Promise<T>): Promise<T>
  /** Writes a consistent copy into a new file while reading and writing go on; SQLite only. */
  snapshot(file: string): Promise<void>
  /** Calls back, once, when the storage failed and the process should stop; see StorageFailure. */
  onFailure(listener: (failure: StorageFailure) => void): void
  /** Waits for running transactions and closes; the data folder is free afterwards. */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Opens the database and brings its schema up to date.
 *
 * Rejects with a sentence when another process uses the data folder or when a newer program wrote the database.
 */
export async function openDatabase(location: DatabaseLocation, log: Log): Promise<Database> {
  const failures = new FailureSignal()
  const engine = await openEngine(location, log, (failure) => failures.raise(failure))
  try {
    await migrate(engine, log)
  } catch (error) {
    await engine.close()
    throw error
  }
  return new EngineDatabase(engine, failures, log)
}

class EngineDatabase implements Database {
  readonly sole: boolean
  readonly read: Reader
  readonly #engine: Engine
  /** With one writer there are no conflicts. */
  readonly #lanes: Lanes | undefined
  readonly #failures: FailureSignal
  readonly #log: Log
  readonly #running = new Set<Promise<unknown>>()
  #closed: Promise<void> | undefined

  constructor(engine: Engine, failures: FailureSignal, log: Log) {
    this.#engine = engine
    this.#failures = failures
    this.#log = log
    this.sole = engine.sole
    this.#lanes = engine.sole ? undefined : new Lanes()
    this.read = new Session(engine, engine.read)
  }

  async transact<T>(work: (tx: Writer) => Promise<T>): Promise<T> {
    if (this.#closed) throw new Error('The database is closed')
    const running = runTransaction(this.#engine, this.#lanes, this.#log, work)
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }

  snapshot(file: string): Promise<void> {
    return this.#engine.snapshot(file)
  }

  onFailure(listener: (failure: StorageFailure) => void): void {
    this.#failures.listen(listener)
  }

  close(): Promise<void> {
    this.#closed ??= Promise.allSettled(this.#running).then(() => this.#engine.close())
    return this.#closed
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

/** Remembers the failure, so that a listener that comes late hears of it too. */
class FailureSignal {
  #failure: StorageFailure | undefined
  #listeners: ((failure: StorageFailure) => void)[] = []

  listen(listener: (failure: StorageFailure) => void): void {
    if (this.#failure) listener(this.#failure)
    else this.#listeners.push(listener)
  }

  raise(failure: StorageFailure): void {
    if (this.#failure) return
    this.#failure = failure
    for (const listener of this.#listeners.splice(0)) listener(failure)
  }
}
