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
    const values = this.#values(db)
    const known = values && this.#use(values, key)
    if (known !== undefined) return known
    // What is read now is as of this version or a later one; when a later one is seen, all of this is forgotten.
    const value = await read()
    if (values) this.#keep(values, key, value)
    return value
  }

  /** The value of a key as of the newest commit, made unless it is known, to be filled with what is read after this. */
  getOrMake(db: Reader, key: () => string, make: () => T): T {
    const values = this.#values(db)
    if (!values) return make()
    const name = key()
    const value = this.#use(values, name) ?? make()
    this.#keep(values, name, value)
    return value
  }

  /** How many values are known. */
  size(db: Reader): number {
    return this.#values(db)?.size ?? 0
  }

  /** What is known as of the newest commit; undefined where nothing can be remembered. */
  #values(db: Reader): Map<string, T> | undefined {
    const version = db.version()
    if (version === undefined) return undefined
    const kept = this.#kept.get(db)
    if (kept?.version === version) return kept.values
    const values = new Map<string, T>()
    this.#kept.set(db, { version, values })
    return values
  }

  /** A value, which is now the one that was used last. */
  #use(values: Map<string, T>, key: string): T | undefined {
    const value = values.get(key)
    if (value === undefined) return undefined
    values.delete(key)
    values.set(key, value)
    return value
  }

  /** The one that was not used for longest goes for another. */
  #keep(values: Map<string, T>, key: string, value: T): void {
    if (!values.has(key) && values.size >= this.#max) values.delete(values.keys().next().value as string)
    values.set(key, value)
  }
}
