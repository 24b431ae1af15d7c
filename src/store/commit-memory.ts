import type { Reader } from './session.ts'

interface Kept<T> {
  readonly version: number
  readonly values: Map<string, T>
}

/**
 * Remembers what was read from a database for as long as nothing is committed there. On engines that cannot tell so
 * cheaply (PostgreSQL) it remembers nothing.
 */
export class CommitMemory<T> {
  readonly #max: number
  readonly #kept = new WeakMap<Reader, Kept<T>>()

  /** Of up to `max` values a database. */
  constructor(max: number) {
    this.#max = max
  }

  /** The value of a key, read unless it is known. */
  async get(db: Reader, key: string, read: () => Promise<T>): Promise<T> {
    const values = this.values(db)
    if (!values) return read()
    const known = values.get(key)
    if (known !== undefined) return known
    // What is read now is as of this version or a later one; when a later one is seen, all of this is forgotten.
    const value = await read()
    values.set(key, value)
    return value
  }

  /**
   * What is known as of the newest commit, to be filled by the caller with what is read after this call; undefined
   * where nothing can be remembered.
   */
  values(db: Reader): Map<string, T> | undefined {
    const version = db.version()
    if (version === undefined) return undefined
    const kept = this.#kept.get(db)
    if (kept?.version === version) {
      if (kept.values.size > this.#max) kept.values.delete(kept.values.keys().next().value as string)
      return kept.values
    }
    const values = new Map<string, T>()
    this.#kept.set(db, { version, values })
    return values
  }
}
