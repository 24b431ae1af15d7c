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
