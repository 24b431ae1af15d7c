import { POSTGRES_CONNECTIONS_MAX } from './limits.ts'

/** How much the number of transactions at a time grows with each that meets no other. */
const GROWTH = 0.1

interface Waiting {
  readonly alone: boolean
  readonly start: () => void
}

/**
 * Lets transactions that may get in each other's way run side by side as long as they do not. PostgreSQL finds out that
 * two touch the same pages only when it ends one of them, so with many writers in one app nearly all would be begun again
 * and again: after a conflict fewer run at a time, and one that was ended runs alone in this server.
 */
export class Lanes {
  readonly #most: number
  readonly #waiting: Waiting[] = []
  #allowed: number
  #running = 0
  #isAlone = false

  constructor(most = POSTGRES_CONNECTIONS_MAX) {
    this.#most = most
    this.#allowed = most
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#waiting.length
  }

  /** Runs an attempt when there is room; `alone` when none of the others runs, and before those that wait. */
  async run<T>(alone: boolean, isConflict: (error: unknown) => boolean, attempt: () => Promise<T>): Promise<T> {
    await this.#enter(alone)
    try {
      const value = await attempt()
      this.#allowed = Math.min(this.#most, this.#allowed + GROWTH)
      return value
    } catch (error) {
      if (isConflict(error)) this.#allowed = Math.max(1, this.#allowed / 2)
      throw error
    } finally {
      this.#leave()
    }
  }

  #enter(alone: boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const one = { alone, start: resolve }
    const behind = alone ? this.#waiting.findIndex((other) => !other.alone) : -1
    if (behind === -1) this.#waiting.push(one)
    else this.#waiting.splice(behind, 0, one)
    this.#next()
    return promise
  }

  #leave(): void {
    this.#running--
    this.#isAlone = false
    this.#next()
  }

  #next(): void {
    for (;;) {
      const one = this.#waiting[0]
      if (!one || this.#isAlone || this.#running >= (one.alone ? 1 : Math.floor(this.#allowed))) return
      this.#waiting.shift()
      this.#running++
      this.#isAlone = one.alone
      one.start()
    }
  }
}
