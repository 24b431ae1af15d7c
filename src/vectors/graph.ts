import { Index, MetricKind, ScalarKind } from 'usearch'
import { lowWords } from './codes.ts'
import { GRAPH_CANDIDATES, GRAPH_CONNECTIVITY, GRAPH_EXPANSION_ADD } from './limits.ts'

/**
 * A graph (HNSW) over a range of rows, with their vectors in 16-bit floats: as good at finding neighbours as 32 bits
 * and nearly twice as quick, at half the memory. Answers candidates; their scores come from the raw rows.
 */
export class Graph {
  /** First row. */
  readonly from: number
  #to: number
  readonly #index: Index
  readonly frozen: boolean

  private constructor(index: Index, from: number, to: number, frozen: boolean) {
    this.#index = index
    this.from = from
    this.#to = to
    this.frozen = frozen
  }

  /** An empty graph that starts at a row. */
  static empty(dimension: number, from: number): Graph {
    return new Graph(makeIndex(dimension), from, from, false)
  }

  /** A graph mapped from a file; nothing can be added to it. Throws when the file is none. */
  static view(dimension: number, file: string, from: number, to: number): Graph {
    const index = makeIndex(dimension)
    index.view(file)
    if (Number(index.size()) !== to - from) throw new Error('a file of a graph holds other rows than it should')
    return new Graph(index, from, to, true)
  }

  /** The row after the last one. */
  get to(): number {
    return this.#to
  }

  /** Takes in the rows that come next, some half a millisecond each. */
  add(vectors: Float32Array, rows: number): void {
    const keys = new BigUint64Array(rows)
    for (let index = 0; index < rows; index++) keys[index] = BigInt(this.#to + index)
    this.#index.add(keys, vectors, 1)
    this.#to += rows
  }

  /** Up to `wanted` rows near a unit query, of which the first are the nearest with high probability. */
  candidates(query: Float32Array, wanted: number): { rows: Uint32Array; cosines: Float32Array } {
    const { keys, distances } = this.#index.search(query, Math.min(wanted, this.#to - this.from), 1)
    return { rows: lowWords(keys), cosines: distances.map((distance) => 1 - distance) }
  }

  save(file: string): void {
    this.#index.save(file)
  }
}

function makeIndex(dimensions: number): Index {
  return new Index({
    dimensions,
    metric: MetricKind.IP,
    quantization: ScalarKind.F16,
    connectivity: GRAPH_CONNECTIVITY,
    expansion_add: GRAPH_EXPANSION_ADD,
    expansion_search: GRAPH_CANDIDATES[0].candidates,
    multi: false,
  })
}
