import type { Reader } from '../../store/database.ts'
import { labelledByPeople } from '../../store/repos/training-examples.ts'
import type { VectorIndex } from '../../vectors/vector-index.ts'
import { DIVERSE_AMONG, DOUBTED_ROWS_MAX } from '../limits.ts'
import type { DoubtPlan, PlannedHit } from '../plan.ts'
import { disagreementOf, doubtOf, spreadOut, valuesOf } from './doubt.ts'
import type { Ranker } from './rankers.ts'

/** A vector of the index with how much it could teach. */
interface Doubted {
  readonly key: number
  readonly row: number
  readonly score: number
}

/** Ranks inputs by how much their labels would teach a head. Vectors are taken at length 1, as indexes have them. */
export class DoubtRanker implements Ranker {
  readonly #db: Reader
  readonly #appPk: number
  readonly #index: VectorIndex
  readonly #plan: DoubtPlan & { readonly negate: boolean }

  constructor(db: Reader, appPk: number, index: VectorIndex, plan: DoubtPlan & { readonly negate: boolean }) {
    this.#db = db
    this.#appPk = appPk
    this.#index = index
    this.#plan = plan
  }

  async best(wanted: number, among?: readonly number[]) {
    const { rows, road } = among ? this.#rowsOf(among) : this.#allRows()
    const doubted = rows.map(
      (row): Doubted => ({ key: this.#index.rows.table.keyAt(row), row, score: this.#score(row) }),
    )
    doubted.sort((a, b) => b.score - a.score || a.key - b.key)
    const hits = await this.#unlabelled(doubted, this.#plan.diverse ? DIVERSE_AMONG : wanted)
    const ordered = this.#plan.diverse ? this.#spreadOut(hits) : hits
    const found = ordered.slice(0, wanted).map(({ hit }) => hit)
    return { hits: found, all: found.length < wanted, road }
  }

  async scores(inputPks: readonly number[]): Promise<Map<number, number>> {
    const { hits } = await this.best(Number.MAX_SAFE_INTEGER, inputPks)
    return new Map(hits.map(({ inputPk, score }) => [inputPk, score]))
  }

  #score(row: number): number {
    const { head, other, negate } = this.#plan
    const vector = this.#index.rows.vector(row)
    const values = valuesOf(head, vector)
    const doubt = other ? disagreementOf(values, valuesOf(other, vector)) : doubtOf(values, head.exclusive)
    return negate ? 1 - doubt : doubt
  }

  /** The best inputs that people have not labelled yet, each once, at the place of its most doubtful vector. */
  async #unlabelled(doubted: readonly Doubted[], wanted: number) {
    const labelled = await labelledByPeople(this.#db, this.#appPk, this.#plan.conceptPks)
    const seen = new Set<number>()
    const found: { readonly hit: PlannedHit; readonly row: number }[] = []
    const { table } = this.#index.rows
    for (const { row, score } of doubted) {
      if (found.length >= wanted) break
      const inputPk = table.inputAt(row)
      if (labelled.has(inputPk) || seen.has(inputPk)) continue
      seen.add(inputPk)
      found.push({ hit: { inputPk, annotationPk: table.annotationAt(row), score }, row })
    }
    return found.slice(0, wanted)
  }

  #spreadOut(found: readonly { readonly hit: PlannedHit; readonly row: number }[]) {
    const choices = found.map(({ hit, row }) => ({ hit, score: hit.score, vector: this.#index.rows.vector(row) }))
    return spreadOut(choices).map(({ hit, score }) => ({ hit: { ...hit, score } }))
  }

  #allRows(): { rows: number[]; road: string } {
    const { rows } = this.#index
    const step = Math.ceil(rows.count / DOUBTED_ROWS_MAX)
    const found: number[] = []
    for (let row = 0; row < rows.count; row += step) if (!rows.table.isDead(row)) found.push(row)
    return { rows: found, road: step <= 1 ? 'head over all' : `head over every ${step}th` }
  }

  #rowsOf(inputPks: readonly number[]): { rows: number[]; road: string } {
    const { table } = this.#index.rows
    return { rows: inputPks.flatMap((inputPk) => table.rowsOfInput(inputPk)), road: 'head over matches' }
  }
}
