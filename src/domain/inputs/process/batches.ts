/** How work is put together. */
export interface BatchLimits<I> {
  /** Items of one batch. */
  readonly most: number
  /** Batches at the same time. */
  readonly atOnce: number
  /** What items may weigh together; one that is heavier goes alone. */
  readonly weightMax?: number
  weigh?(item: I): number
}

/**
 * Puts work that comes in single items together: what arrives while all hands are busy goes in one batch when one is
 * free. So nothing waits for others to come, and the batches grow with the load.
 */
export class Batches<I, O> {
  readonly #work: (items: readonly I[]) => Promise<readonly O[]>
  readonly #limits: BatchLimits<I>
  #waiting: { readonly item: I; readonly done: PromiseWithResolvers<O> }[] = []
  #running = 0

  /** `work` answers one result for each item, in their order. */
  constructor(work: (items: readonly I[]) => Promise<readonly O[]>, limits: BatchLimits<I>) {
    this.#work = work
    this.#limits = limits
  }

  /** The result of one item; rejects with what its batch was rejected with. */
  add(item: I): Promise<O> {
    const done = Promise.withResolvers<O>()
    this.#waiting.push({ item, done })
    // What is added in the same turn goes together.
    queueMicrotask(() => this.#next())
    return done.promise
  }

  #next(): void {
    while (this.#running < this.#limits.atOnce && this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#size())
      this.#running++
      this.#work(batch.map(({ item }) => item))
        .then((results) => {
          for (const [at, { done }] of batch.entries()) done.resolve(results[at]!)
        })
        .catch((error: unknown) => {
          for (const { done } of batch) done.reject(error)
        })
        .finally(() => {
          this.#running--
          this.#next()
        })
    }
  }

  #size(): number {
    const { most, weightMax = Number.POSITIVE_INFINITY, weigh = () => 0 } = this.#limits
    let weight = 0
    for (let size = 0; size < Math.min(most, this.#waiting.length); size++) {
      weight += weigh(this.#waiting[size]!.item)
      if (weight > weightMax) return Math.max(1, size)
    }
    return Math.min(most, this.#waiting.length)
  }
}
