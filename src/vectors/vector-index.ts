import { Graph } from './graph.ts'
import { byScore, type Hit } from './hits.ts'
import { GRAPH_PARTS_MAX, GRAPH_ROWS_MIN, GRAPH_STEP_ROWS, TAIL_ROWS_MIN } from './limits.ts'
import type { VectorRows } from './vector-rows.ts'

/** What to look for. */
export interface VectorQuery {
  /** Of length 1. */
  readonly query: Float32Array
  readonly k: number
  /** Compares with every row. */
  readonly exact: boolean
  /** Keys of the only rows that count; undefined for all. */
  readonly among?: Float64Array
}

/** How a search was answered, for explanations. */
export type Strategy = 'scan' | 'scan-matches' | 'graph' | 'graph-filtered'

export interface VectorAnswer {
  readonly hits: Hit[]
  readonly strategy: Strategy
}

/** Costs in units of comparing one row: measured at 384 to 1280 numbers, where they differ little. */
const COST = { gather: 3, graphCandidate: 30, scan: 1 }

/**
 * Vectors of one space: raw rows, graphs over most of them, and a short tail of rows that no graph has yet and that
 * every search compares with. So a row is found as soon as it is added and never after it is removed, and answers
 * have exact scores.
 */
export class VectorIndex {
  readonly rows: VectorRows
  #graphs: Graph[]

  constructor(rows: VectorRows, graphs: readonly Graph[] = []) {
    this.rows = rows
    this.#graphs = [...graphs]
  }

  get graphs(): readonly Graph[] {
    return this.#graphs
  }

  /** First row that no graph has. */
  get tail(): number {
    return this.#graphs.at(-1)?.to ?? 0
  }

  /** The nearest rows, best first. */
  search(query: VectorQuery): VectorAnswer {
    const { rows } = this
    if (query.among) return this.#searchAmong(query, query.among)
    const k = Math.min(query.k, rows.live)
    if (k === 0) return { hits: [], strategy: 'scan' }
    const wanted = this.#candidatesFor(k)
    const scanCost = rows.count * COST.scan
    if (query.exact || this.#graphs.length === 0 || wanted * COST.graphCandidate * this.#graphs.length > scanCost) {
      return { hits: best(rows.scan(query.query, k), k), strategy: 'scan' }
    }
    const hits = this.#fromGraphs(query.query, wanted, (row) => !rows.isDead(row))
    // Dead rows take places among the candidates; where too few are left, everything is compared.
    if (hits.length < k) return { hits: best(rows.scan(query.query, k), k), strategy: 'scan' }
    return { hits: best(hits, k), strategy: 'graph' }
  }

  #searchAmong({ query, k, exact }: VectorQuery, among: Float64Array): VectorAnswer {
    const { rows } = this
    const found: number[] = []
    for (const key of among) {
      const row = rows.rowOf(key)
      if (row !== undefined) found.push(row)
    }
    const wanted = Math.min(k, found.length)
    if (wanted === 0) return { hits: [], strategy: 'scan-matches' }
    const share = found.length / rows.count
    const candidates = this.#candidatesFor(Math.ceil((wanted / share) * 1.3))
    const graphCost = candidates * COST.graphCandidate * this.#graphs.length
    if (!exact && this.#graphs.length > 0 && graphCost < found.length * COST.gather) {
      const allowed = new Uint8Array(rows.count)
      for (const row of found) allowed[row] = 1
      const hits = this.#fromGraphs(query, candidates, (row) => allowed[row] === 1)
      // Matches may lie far from the query: then too few of the near rows match.
      if (hits.length >= wanted) return { hits: best(hits, wanted), strategy: 'graph-filtered' }
    }
    return { hits: best(rows.scanRows(query, wanted, found), wanted), strategy: 'scan-matches' }
  }

  #fromGraphs(query: Float32Array, wanted: number, counts: (row: number) => boolean): Hit[] {
    const hits: Hit[] = []
    for (const graph of this.#graphs) {
      for (const row of graph.candidates(query, wanted)) {
        if (counts(row)) hits.push({ row, key: this.rows.keyAt(row), score: this.rows.score(query, row) })
      }
    }
    for (const hit of this.rows.scan(query, wanted, this.tail)) if (counts(hit.row)) hits.push(hit)
    return hits
  }

  /** How many candidates a graph is asked for to find k neighbours; the more rows, the more it takes. */
  #candidatesFor(k: number): number {
    const { count } = this.rows
    const base = count > 500_000 ? 128 : count > 150_000 ? 96 : 64
    return Math.max(base, Math.ceil(k * 1.5))
  }

  /** Takes some rows of the tail into a graph; returns whether more are waiting. */
  advance(stepRows = GRAPH_STEP_ROWS): boolean {
    const { rows } = this
    const last = this.#graphs.at(-1)
    const growing = last && !last.frozen
    const waiting = rows.count - this.tail
    if (
      rows.count < GRAPH_ROWS_MIN ||
      waiting === 0 ||
      (!growing && this.#graphs.length > 0 && waiting < TAIL_ROWS_MIN)
    ) {
      return false
    }
    const graph = growing ? last : this.#begin()
    const step = Math.min(stepRows, rows.count - graph.to)
    const vectors = new Float32Array(step * rows.dimension)
    for (let index = 0; index < step; index++) vectors.set(rows.vector(graph.to + index), index * rows.dimension)
    graph.add(vectors, step)
    return rows.count > graph.to
  }

  /** Starts a graph behind the last one; where there are too many, it takes the place of the smallest at the end. */
  #begin(): Graph {
    let from = this.tail
    while (this.#graphs.length >= GRAPH_PARTS_MAX) from = this.#graphs.pop()!.from
    const graph = Graph.empty(this.rows.dimension, from)
    this.#graphs.push(graph)
    return graph
  }
}

function best(hits: Hit[], k: number): Hit[] {
  return hits.sort(byScore).slice(0, k)
}
