/** One row near a query. */
export interface Hit {
  /** Of the row in its index. */
  readonly row: number
  /** Pk of the embedding. */
  readonly key: number
  /** In 0..1, see distance.ts. */
  readonly score: number
}

/** Best first; of equal ones the older. A total order, so that pages of a search fit together. */
export function byScore(a: Hit, b: Hit): number {
  return b.score - a.score || a.key - b.key
}

/** Keeps the best of the hits that it is given. */
export class Best {
  readonly #k: number
  #hits: Hit[] = []
  #floor = Number.NEGATIVE_INFINITY

  /** Of at least one hit. */
  constructor(k: number) {
    this.#k = k
  }

  /** A score below which nothing can get in any more. */
  get floor(): number {
    return this.#floor
  }

  add(hit: Hit): void {
    if (hit.score < this.#floor) return
    this.#hits.push(hit)
    if (this.#hits.length >= 2 * this.#k + 64) this.settle()
  }

  /** Drops what is no longer among the best, so that the floor is as high as it can be. */
  settle(): void {
    if (this.#hits.length < this.#k) return
    this.#hits = this.#hits.sort(byScore).slice(0, this.#k)
    this.#floor = this.#hits.at(-1)!.score
  }

  /** The hits, best first. */
  take(): Hit[] {
    return this.#hits.sort(byScore).slice(0, this.#k)
  }
}
