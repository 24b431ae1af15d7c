import type { Reader } from '../../store/database.ts'
import {
  byValue,
  highestLabels,
  inputsByLowest,
  labelsByValue,
  type RankedLabel,
} from '../../store/repos/search-labels.ts'
import type { SearchScope } from '../../store/repos/search-matches.ts'
import type { VectorIndex } from '../../vectors/vector-index.ts'
import type { PlannedHit, RankPlan } from '../plan.ts'
import { DoubtRanker } from './doubt-ranker.ts'
import { isFiltered } from './fitting.ts'
import type { Spaces } from './spaces.ts'
import { WordRanker } from './word-ranker.ts'

/** One rank of a search, ready to be asked. */
export interface Ranker {
  /**
   * How many vectors there are to look at, where asking for more of them is cheap; elsewhere what fits a filter is
   * listed first.
   */
  readonly count?: number
  /** Hits that cost no more than one, where asking for more of them is cheap. */
  readonly cheap?: number
  /**
   * The best `wanted` hits over all inputs, or among some, best first; an input may come several times. `all` says that
   * there are no others.
   */
  best(wanted: number, among?: readonly number[]): Promise<{ hits: PlannedHit[]; all: boolean; road: string }>
  /** Scores of inputs; those of which the rank knows nothing are left out. */
  scores(inputPks: readonly number[]): Promise<Map<number, number>>
}

export async function rankerOf(
  db: Reader,
  spaces: Spaces,
  scope: SearchScope,
  rank: RankPlan,
  exact: boolean,
): Promise<Ranker> {
  switch (rank.by) {
    case 'vector':
      return new VectorRanker(await spaces.get(rank.space), rank, exact)
    case 'words':
      return new WordRanker(db, rank)
    case 'concept':
      return new ConceptRanker(db, scope, rank)
    case 'doubt':
      return new DoubtRanker(db, scope.appPk, await spaces.get(rank.space), rank)
  }
}

/** Rows of the inputs of a list, as long as the index has no further ones. */
const rowsOfLists = new WeakMap<readonly number[], { index: VectorIndex; count: number; rows: Int32Array }>()

class VectorRanker implements Ranker {
  readonly #index: VectorIndex
  /** The negated query has the opposite scores, so the farthest are its nearest. */
  readonly #query: Float32Array
  readonly #exact: boolean

  constructor(index: VectorIndex, rank: Extract<RankPlan, { by: 'vector' }>, exact: boolean) {
    this.#index = index
    this.#query = rank.negate ? rank.query.map((value) => -value) : rank.query
    this.#exact = exact
  }

  get count(): number {
    return this.#index.rows.live
  }

  get cheap(): number {
    return this.#index.cheap
  }

  async best(wanted: number, among?: readonly number[]) {
    const { rows } = this.#index
    const { hits, strategy } = this.#index.search({
      query: this.#query,
      k: wanted,
      exact: this.#exact,
      ...(among && { among: this.#rowsOf(among) }),
    })
    const owned = hits.map(
      ({ row, score }): PlannedHit => ({
        inputPk: rows.table.inputAt(row),
        annotationPk: rows.table.annotationAt(row),
        score,
      }),
    )
    return { hits: owned, all: hits.length < wanted, road: strategy }
  }

  /** Lists are kept and used again, so what they come to is kept with them. */
  #rowsOf(inputPks: readonly number[]): Int32Array {
    const { count, table } = this.#index.rows
    const kept = rowsOfLists.get(inputPks)
    if (kept && kept.index === this.#index && kept.count === count) return kept.rows
    const rows = Int32Array.from(inputPks.flatMap((inputPk) => table.rowsOfInput(inputPk))).sort()
    rowsOfLists.set(inputPks, { index: this.#index, count, rows })
    return rows
  }

  async scores(inputPks: readonly number[]): Promise<Map<number, number>> {
    const { rows } = this.#index
    const scores = new Map<number, number>()
    for (const inputPk of inputPks) {
      for (const row of rows.table.rowsOfInput(inputPk)) {
        scores.set(inputPk, Math.max(scores.get(inputPk) ?? 0, rows.score(this.#query, row)))
      }
    }
    return scores
  }
}

class ConceptRanker implements Ranker {
  readonly #db: Reader
  readonly #scope: SearchScope
  readonly #conceptPks: readonly number[]
  readonly #inverse: boolean

  constructor(db: Reader, scope: SearchScope, rank: Extract<RankPlan, { by: 'concept' }>) {
    this.#db = db
    this.#scope = scope
    this.#conceptPks = rank.conceptPks
    this.#inverse = rank.inverse !== rank.negate
  }

  async best(wanted: number, among?: readonly number[]) {
    if (among) {
      const hits = await this.#hitsIn(among)
      return { hits: hits.slice(0, wanted), all: hits.length <= wanted, road: 'values of matches' }
    }
    // What is said of an input is the highest that is said, so its lowest label alone does not tell.
    if (this.#inverse && !this.#ofLabels) {
      const inputPks = await inputsByLowest(this.#db, this.#scope, this.#conceptPks, wanted)
      return { hits: await this.#hitsIn(inputPks), all: inputPks.length < wanted, road: 'lowest values' }
    }
    const labels: RankedLabel[] = []
    let all = true
    for (const conceptPk of this.#conceptPks) {
      const found = await labelsByValue(this.#db, this.#scope, { conceptPk, lowestFirst: this.#inverse }, wanted)
      if (found.length === wanted) all = false
      labels.push(...found)
    }
    const hits = labels.sort(byValue({ lowestFirst: this.#inverse })).map((label) => this.#hitOf(label))
    return { hits: all ? hits : hits.slice(0, wanted), all, road: 'values' }
  }

  async #hitsIn(inputPks: readonly number[]): Promise<PlannedHit[]> {
    const labels = await highestLabels(this.#db, this.#scope, this.#conceptPks, inputPks)
    return [...labels.values()].sort(byValue({ lowestFirst: this.#inverse })).map((label) => this.#hitOf(label))
  }

  /** Whether hits are the annotations that have the label. */
  get #ofLabels(): boolean {
    return this.#scope.perAnnotation === true && !isFiltered({ scope: this.#scope })
  }

  async scores(inputPks: readonly number[]): Promise<Map<number, number>> {
    const labels = await highestLabels(this.#db, this.#scope, this.#conceptPks, inputPks)
    return new Map([...labels].map(([inputPk, { value }]) => [inputPk, this.#score(value)]))
  }

  #hitOf({ inputPk, annotationPk, value }: RankedLabel): PlannedHit {
    return { inputPk, annotationPk, score: this.#score(value) }
  }

  #score(value: number): number {
    const inside = Math.min(1, Math.max(0, value))
    return this.#inverse ? 1 - inside : inside
  }
}
