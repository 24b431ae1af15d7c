import { exactSearch, MetricKind } from 'usearch'

/** Kept beyond the neighbours that are asked for, so that equal distances can be told. */
const KEPT = 16
/** Nearer than 32-bit sums can tell. */
const EQUAL = 2e-6

interface Near {
  readonly n: number
  readonly distance: number
}

/** What was found, as JSON can hold it. */
export interface KeptTruth {
  readonly count: number
  readonly near: readonly (readonly Near[])[]
}

/** The nearest inputs of some queries, from comparing with all vectors block by block. */
export class Truth {
  readonly #queries: Float32Array
  readonly #dimension: number
  readonly #near: Near[][]
  #count = 0

  constructor(queries: readonly Float32Array[], dimension: number) {
    this.#queries = new Float32Array(queries.length * dimension)
    queries.forEach((query, at) => {
      this.#queries.set(query, at * dimension)
    })
    this.#dimension = dimension
    this.#near = queries.map(() => [])
  }

  /** What `kept` gave. */
  static of(queries: readonly Float32Array[], dimension: number, { count, near }: KeptTruth): Truth {
    const truth = new Truth(queries, dimension)
    truth.#count = count
    near.forEach((some, at) => {
      truth.#near[at] = [...some]
    })
    return truth
  }

  /** What is near each query, to be kept beside the database. */
  get kept(): KeptTruth {
    return { count: this.#count, near: this.#near }
  }

  /** How many vectors were taken. */
  get count(): number {
    return this.#count
  }

  /** Takes vectors, one after the other, with the numbers of their inputs. */
  take(block: Float32Array, numbers: readonly number[]): void {
    const rows = numbers.length
    if (rows === 0) return
    this.#count += rows
    const wanted = Math.min(KEPT, rows)
    const found = exactSearch(block, this.#queries, this.#dimension, wanted, MetricKind.IP, 1)
    const { keys, distances } = found as { keys: BigUint64Array; distances: Float32Array }
    this.#near.forEach((near, query) => {
      for (let at = query * wanted; at < (query + 1) * wanted; at++) {
        near.push({ n: numbers[Number(keys[at]!)]!, distance: distances[at]! })
      }
      near.sort((a, b) => a.distance - b.distance).splice(KEPT)
    })
  }

  /** Takes those of the vectors that a test keeps. */
  takeSome(block: Float32Array, numbers: readonly number[], keeps: (n: number) => boolean): void {
    const kept = numbers.flatMap((n, row) => (keeps(n) ? [{ n, row }] : []))
    const part = new Float32Array(kept.length * this.#dimension)
    kept.forEach(({ row }, at) => {
      part.set(block.subarray(row * this.#dimension, (row + 1) * this.#dimension), at * this.#dimension)
    })
    this.take(
      part,
      kept.map(({ n }) => n),
    )
  }

  /** Share of the nearest k that were found; what is as far as the last of them counts as well. */
  recall(query: number, k: number, found: readonly number[]): number {
    const near = this.#near[query]!
    const wanted = Math.min(k, near.length)
    if (wanted === 0) return found.length === 0 ? 1 : 0
    const limit = near[wanted - 1]!.distance + EQUAL
    const right = new Set(near.filter(({ distance }) => distance <= limit).map(({ n }) => n))
    return Math.min(wanted, new Set(found.filter((n) => right.has(n))).size) / wanted
  }
}
