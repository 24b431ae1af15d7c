/** Most credentials whose use is remembered at a time; the longest unused are forgotten first. */
const CREDENTIALS_MAX = 10_000
const MICROS_PER_SECOND = 1e6

interface Bucket {
  tokens: number
  filledAt: number
}

/** Counts calls per credential by a bucket that holds one second's worth and refills steadily. */
export class RateLimiter {
  readonly #perSecond: number
  readonly #buckets = new Map<number, Bucket>()

  /** `perSecond` 0 switches the limit off. */
  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** Whether one more call at time `now` (microseconds) is within the limit; counts it if so. */
  take(credential: number, now: number): boolean {
    if (this.#perSecond === 0) return true
    const bucket = this.#buckets.get(credential) ?? { tokens: this.#perSecond, filledAt: now }
    const refill = ((now - bucket.filledAt) / MICROS_PER_SECOND) * this.#perSecond
    bucket.tokens = Math.min(this.#perSecond, bucket.tokens + refill)
    bucket.filledAt = now
    this.#buckets.delete(credential)
    this.#buckets.set(credential, bucket)
    if (this.#buckets.size > CREDENTIALS_MAX) this.#buckets.delete(this.#buckets.keys().next().value!)
    if (bucket.tokens < 1) return false
    bucket.tokens -= 1
    return true
  }

  get perSecond(): number {
    return this.#perSecond
  }
}
