import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { SQLITE_BUSY_MS_MAX, SQLITE_CACHE_KIB, STATEMENT_CACHE_MAX, WAL_KEEP_BYTES_MAX } from '../../limits.ts'
import type { Parameter, RawResult } from '../engine.ts'
import { foldText } from '../patterns.ts'

interface Prepared {
  statement: StatementSync
  columns: string[]
}

const CHANGES_SCHEMA = /^\s*(create|alter|drop|vacuum)\b/i

/** One SQLite connection with its statement cache; everything is synchronous and throws SQLite's own errors. */
export class SqliteConnection {
  readonly handle: DatabaseSync
  #cache = new Map<string, Prepared>()
  #versionStatement: StatementSync | undefined

  /**
   * `read` cannot write; `write` leaves flushing to whoever commits; `flush` is for the thread that may wait for the
   * disk, and flushes whatever it writes.
   */
  constructor(file: string, access: 'read' | 'write' | 'flush') {
    this.handle = new DatabaseSync(file, { readOnly: access === 'read', timeout: SQLITE_BUSY_MS_MAX })
    // Sorting must not spill to the system's temporary folder: nothing is written outside the data folder.
    this.handle.exec(`pragma temp_store = memory; pragma cache_size = -${SQLITE_CACHE_KIB}; pragma foreign_keys = on`)
    if (access !== 'read') this.#setUpWriting(access === 'write' ? 'normal' : 'full')
    this.handle.function('limpid_fold', { deterministic: true }, (text) =>
      typeof text === 'string' ? foldText(text) : null,
    )
  }

  #setUpWriting(synchronous: 'normal' | 'full'): void {
    // A checkpoint that a commit starts by itself hides its errors and waits for the disk, so all are made explicitly.
    this.handle.exec(`
      pragma journal_mode = wal;
      pragma synchronous = ${synchronous};
      pragma wal_autocheckpoint = 0;
      pragma journal_size_limit = ${WAL_KEEP_BYTES_MAX}`)
    const mode = this.handle.prepare('pragma journal_mode').get()
    if (mode?.journal_mode !== 'wal') throw new Error('This file system does not allow a write-ahead log')
  }

  /** True while a transaction is open; some errors make SQLite end it without being asked. */
  get inTransaction(): boolean {
    return this.handle.isTransaction
  }

  /** A number that is another one after every commit of another connection; asking takes some 2 µs. */
  get version(): number {
    this.#versionStatement ??= this.handle.prepare('pragma data_version')
    return (this.#versionStatement.get() as { data_version: number }).data_version
  }

  /** Runs one statement; rows are plain objects. */
  run(sql: string, parameters: readonly Parameter[] = []): RawResult {
    const { statement, columns } = this.#prepare(sql)
    if (columns.length === 0) return { rows: [], changes: Number(statement.run(...parameters).changes) }
    const rows = (statement.all(...parameters) as unknown as unknown[][]).map((values) => toObject(columns, values))
    return { rows, changes: rows.length }
  }

  #prepare(sql: string): Prepared {
    const cached = this.#cache.get(sql)
    if (cached) return cached
    const statement = this.handle.prepare(sql)
    statement.setReturnArrays(true)
    const prepared = { statement, columns: statement.columns().map((column) => column.name) }
    if (CHANGES_SCHEMA.test(sql)) {
      this.#cache.clear()
      return prepared
    }
    if (this.#cache.size >= STATEMENT_CACHE_MAX) this.#cache.delete(this.#cache.keys().next().value as string)
    this.#cache.set(sql, prepared)
    return prepared
  }

  close(): void {
    this.#cache.clear()
    this.#versionStatement = undefined
    this.handle.close()
  }
}

function toObject(columns: readonly string[], values: readonly unknown[]): Record<string, unknown> {
  const row: Record<string, unknown> = {}
  for (let index = 0; index < columns.length; index++) row[columns[index]!] = values[index]
  return row
}
