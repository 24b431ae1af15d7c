import type { Soon } from '../../base/soon.ts'

/** Most entries of one memo unless it says otherwise; the least recently made go first. */
const ENTRIES_MAX = 10_000
/** How long an entry is believed without asking the database again, in milliseconds. */
const TRUSTED_MS = 5_000

/** How much a memo keeps. */
export interface MemoLimits<V> {
  readonly entries?: number
  /** Most that all entries together may weigh, in the unit of `weigh`. */
  readonly weight?: number
  /** Weight of one value; a value heavier than all may be together is not kept. */
  weigh?(value: V): number
}

interface Entry<V> {
  readonly value: V
  readonly weight: number
  readonly until: number
}

/**
 * Remembers what was found for a short time. What was not found is not remembered, so that a thing made a moment ago
 * is seen at once. Callers who ask for the same at the same time share one look-up. One that overlaps a `clear` is not
 * kept, nor joined by later callers: it may have read what the clear was about.
 */
export class Memo<K, V> {
  readonly #entries = new Map<K, Entry<V>>()
  readonly #limits: MemoLimits<V>
  readonly #now: () => number
  #running = new Map<K, Promise<V | undefined>>()
  #weight = 0

  /** `now` gives milliseconds that only grow. */
  constructor(limits: MemoLimits<V> = {}, now: () => number = () => performance.now()) {
    this.#limits = limits
    this.#now = now
  }

  /** Forgets everything. */
  clear(): void {
    this.#entries.clear()
    this.#running = new Map()
    this.#weight = 0
  }

  /** What is remembered under the key, at once, else what `find` finds; rejects as `find` does. */
  get(key: K, find: () => Promise<V | undefined>): Soon<V | undefined> {
    const known = this.#entries.get(key)
    if (known && known.until > this.#now()) return known.value
    const running = this.#running
    const joined = running.get(key)
    if (joined) return joined
    const found = this.#find(key, find, running)
    running.set(key, found)
    const done = (): void => void running.delete(key)
    found.then(done, done)
    return found
  }

  async #find(key: K, find: () => Promise<V | undefined>, running: object): Promise<V | undefined> {
    const until = this.#now() + TRUSTED_MS
    const value = await find()
    if (running === this.#running) this.#keep(key, value, until)
    return value
  }

  #keep(key: K, value: V | undefined, until: number): void {
    this.#drop(key)
    this.#dropExpired()
    if (value === undefined) return
    const { entries = ENTRIES_MAX, weight: most = Number.POSITIVE_INFINITY, weigh } = this.#limits
    const weight = weigh?.(value) ?? 0
    if (weight > most) return
    this.#entries.set(key, { value, weight, until })
    this.#weight += weight
    while (this.#entries.size > entries || this.#weight > most) this.#drop(this.#entries.keys().next().value!)
  }

  /** Those that nobody believes any more are the first ones, as all are believed for the same time. */
  #dropExpired(): void {
    const now = this.#now()
    for (const [key, { until }] of this.#entries) {
      if (until > now) return
      this.#drop(key)
    }
  }

  #drop(key: K): void {
    const entry = this.#entries.get(key)
    if (!entry) return
    this.#weight -= entry.weight
    this.#entries.delete(key)
  }
}
