import { scoreOf } from './distance.ts'
import { Graph } from './graph.ts'
import { Best, type Hit } from './hits.ts'
import {
  GRAPH_CANDIDATES,
  GRAPH_MERGE_RATIO,
  GRAPH_PARTS_MAX,
  GRAPH_ROWS_MIN,
  GRAPH_STEP_ROWS,
  TAIL_ROWS_MIN,
} from './limits.ts'
import type { VectorRows } from './vector-rows.ts'

/** What to look for. */
export interface VectorQuery {
  /** Of length 1. */
  readonly query: Float32Array
  readonly k: number
  /** Compares with every row. */
  readonly exact: boolean
  /** The only rows that count, in ascending order; undefined for all. */
  readonly among?: Int32Array
}

/** How a search was answered, for explanations. */
export type Strategy = 'scan' | 'scan-matches' | 'graph'

export interface VectorAnswer {
  readonly hits: Hit[]
  readonly strategy: Strategy
}

/**
 * What roads cost in microseconds: a candidate of a graph (1.3 where many rows are alike, 9 where they lie apart), a row
 * when all rows of a block are compared, one that is picked, and each of the nearest that has to be told from the others.
 */
const COST = { candidate: 6, row: 0.07, picked: 0.3, wanted: 20 }
/** More than seem needed, as what counts is not spread evenly. */
const SPARE = 1.5
/** How far products of a graph's 16-bit floats may be off: each of both numbers by 2^-11 of it. */
const GRAPH_BOUND = 1e-3

/**
 * Vectors of one space: rows, graphs over most of them, and a short tail of rows that no graph has yet and that every
 * search compares with. So a row is found as soon as it is added and never after it is removed, and answers have exact
 * scores.
 */
export class VectorIndex {
  readonly rows: VectorRows
  #graphs: Graph[]
  /** Will take the place of the last graphs once it has all of their rows. */
  #next: Graph | undefined

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

  /** Rows that graphs have, those of one in the making included. */
  get inGraphs(): number {
    return Math.max(this.tail, this.#next?.to ?? 0)
  }

  /** How many hits cost no more than one: so many are looked at anyway. */
  get cheap(): number {
    const { candidates } = GRAPH_CANDIDATES.findLast(({ rows }) => this.rows.count >= rows)!
    return Math.floor(candidates / SPARE)
  }

  /** The nearest rows, best first. */
  search({ query, k, exact, among }: VectorQuery): VectorAnswer {
    const { rows } = this
    if (among) return this.#amongRows(query, k, exact, among)
    const wanted = Math.min(k, rows.live)
    if (wanted === 0) return { hits: [], strategy: 'scan' }
    const candidates = this.#candidatesFor(wanted)
    if (!exact && this.#graphCost(candidates) <= rows.count * COST.row + wanted * COST.wanted) {
      const hits = this.#fromGraphs(query, wanted, candidates)
      // Dead rows take places among the candidates; where too few are left, everything is compared.
      if (hits.length === wanted) return { hits, strategy: 'graph' }
    }
    return { hits: rows.scan(query, wanted), strategy: 'scan' }
  }

  /** Where a good part of all rows counts, the graph finds enough of them among some more candidates. */
  #amongRows(query: Float32Array, k: number, exact: boolean, among: Int32Array): VectorAnswer {
    const { rows } = this
    const wanted = Math.min(k, among.length)
    if (wanted === 0) return { hits: [], strategy: 'scan-matches' }
    const candidates = this.#candidatesFor(Math.ceil((wanted * rows.live * SPARE) / among.length))
    const scanCost = Math.min(among.length * COST.picked, rows.count * COST.row) + wanted * COST.wanted
    if (!exact && this.#graphCost(candidates) <= scanCost) {
      const hits = this.#fromGraphs(query, wanted, candidates, among)
      if (hits.length === wanted) return { hits, strategy: 'graph' }
    }
    return { hits: rows.scanRows(query, wanted, among, true), strategy: 'scan-matches' }
  }

  #graphCost(candidates: number): number {
    if (this.#graphs.length === 0) return Number.POSITIVE_INFINITY
    return candidates * COST.candidate * this.#graphs.length + (this.rows.count - this.tail) * COST.row
  }

  #fromGraphs(query: Float32Array, wanted: number, candidates: number, among?: Int32Array): Hit[] {
    const { table } = this.rows
    const best = new Best(wanted)
    for (const hit of this.tail < this.rows.count ? this.#fromTail(query, wanted, among) : []) best.add(hit)
    for (const graph of this.#graphs) {
      best.settle()
      const { rows, cosines } = graph.candidates(query, candidates)
      for (let at = 0; at < rows.length; at++) {
        if (at % wanted === 0) best.settle()
        if (scoreOf(cosines[at]! + GRAPH_BOUND) < best.floor) break
        const row = rows[at]!
        if (table.isDead(row) || (among && !includes(among, row))) continue
        best.add({ row, key: table.keyAt(row), score: this.rows.score(query, row) })
      }
    }
    return best.take()
  }

  #fromTail(query: Float32Array, wanted: number, among: Int32Array | undefined): Hit[] {
    if (!among) return this.rows.scan(query, wanted, this.tail)
    return this.rows.scanRows(query, wanted, among.subarray(placeOf(among, this.tail)))
  }

  /** How many candidates a graph is asked for to find k neighbours; the more rows, the more it takes. */
  #candidatesFor(k: number): number {
    const { count } = this.rows
    const { candidates } = GRAPH_CANDIDATES.findLast(({ rows }) => count >= rows)!
    return Math.max(candidates, Math.ceil(k * SPARE))
  }

  /** Takes some rows of the tail into a graph; returns whether more are waiting. Throws DamagedIndex. */
  advance(stepRows = GRAPH_STEP_ROWS): boolean {
    const { rows } = this
    const graph = this.#growing() ?? this.#begin()
    if (!graph) return false
    const step = Math.min(stepRows, rows.count - graph.to)
    const vectors = new Float32Array(step * rows.dimension)
    for (let index = 0; index < step; index++) vectors.set(rows.vector(graph.to + index), index * rows.dimension)
    if (step > 0) graph.add(vectors, step)
    if (graph === this.#next && graph.to >= this.tail) {
      this.#graphs = [...this.#graphs.filter(({ from }) => from < graph.from), graph]
      this.#next = undefined
    }
    return rows.count > graph.to
  }

  #growing(): Graph | undefined {
    const last = this.#graphs.at(-1)
    const growing = this.#next ?? (last && !last.frozen ? last : undefined)
    return growing && growing.to < this.rows.count ? growing : undefined
  }

  /**
   * Starts a graph behind the last one; or makes one of the last ones where they are not several times as large as what
   * is behind them, so that there are few graphs and a row is taken into few of them however many come. The first of
   * those takes in the rows of the others.
   */
  #begin(): Graph | undefined {
    const { count, dimension } = this.rows
    const waiting = count - this.tail
    const last = this.#graphs.at(-1)
    if (count < GRAPH_ROWS_MIN || waiting === 0 || (last && (!last.frozen || waiting < TAIL_ROWS_MIN))) return undefined
    let left = this.#graphs.length
    for (const graph of this.#graphs.toReversed()) {
      if (left < GRAPH_PARTS_MAX && graph.to - graph.from >= (count - graph.to) * GRAPH_MERGE_RATIO) break
      left--
    }
    const first = this.#graphs[left]
    if (!first) {
      const graph = Graph.empty(dimension, this.tail)
      this.#graphs.push(graph)
      return graph
    }
    if (first !== last) {
      this.#next = first.thawed()
      return this.#next
    }
    first.thaw()
    return first
  }
}

/** Where a number stands in ascending ones, or would. */
function placeOf(ascending: ArrayLike<number>, wanted: number): number {
  let [low, high] = [0, ascending.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ascending[middle]! < wanted) low = middle + 1
    else high = middle
  }
  return low
}

const includes = (ascending: ArrayLike<number>, wanted: number): boolean =>
  ascending[placeOf(ascending, wanted)] === wanted
