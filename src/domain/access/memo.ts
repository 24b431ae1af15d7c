/** Most entries of one memo; the oldest go first. */
const ENTRIES_MAX = 10_000
/** How long an entry is believed without asking the database again, in milliseconds. */
const TRUSTED_MS = 5_000

interface Entry<V> {
  readonly value: V
  readonly until: number
}

/**
 * Remembers what was found for a short time. What was not found is not remembered, so that a thing made a moment ago
 * is seen at once. A look-up that overlaps a `clear` is not kept either: it may have read what the clear was about.
 */
export class Memo<K, V> {
  readonly #entries = new Map<K, Entry<V>>()
  #generation = 0

  clear(): void {
    this.#generation++
    this.#entries.clear()
  }

  async get(key: K, find: () => Promise<V | undefined>): Promise<V | undefined> {
    const known = this.#entries.get(key)
    const now = performance.now()
    if (known && known.until > now) return known.value
    const generation = this.#generation
    const value = await find()
    if (value === undefined) {
      this.#entries.delete(key)
    } else if (generation === this.#generation) {
      this.#entries.delete(key)
      this.#entries.set(key, { value, until: now + TRUSTED_MS })
      if (this.#entries.size > ENTRIES_MAX) this.#entries.delete(this.#entries.keys().next().value!)
    }
    return value
  }
}
