import { type Binary, BinaryScores } from './binary.ts'
import type { Curves } from './curves.ts'
import { MATRIX_CONCEPTS_MAX, RUN_RECORDS_MAX, RUN_RECORDS_MIN, SORT_BYTES_MAX } from './limits.ts'
import { LabelMatrices } from './matrices.ts'
import type { Spool } from './spool.ts'

/** One concept over all splits. */
export type ConceptMetrics = Binary

/** Means over concepts; those that no example has, or for the ROC every one, are left out of them. */
export interface ClassificationSummary {
  readonly rocAuc: number
  /** Standard deviation over the concepts. */
  readonly rocAucDeviation: number
  readonly f1: number
  readonly f1Deviation: number
  readonly precision: number
  readonly recall: number
  readonly averagePrecision: number
}

/** What is known of a classifier once all examples were seen. */
export interface ClassificationResult {
  readonly examples: number
  readonly summary: ClassificationSummary
  readonly concepts: readonly ConceptMetrics[]
  readonly matrices: LabelMatrices
}

const RECORD_BYTES = 8

/**
 * Takes predictions one after the other and says at the end how good they were. Memory does not grow with the
 * examples, only with the concepts.
 *
 * With several splits (folds of a cross-validation) every figure of a concept is the mean over the splits in which it
 * is defined; the matrices are over all examples.
 */
export class Classification {
  readonly #splits: readonly (readonly BinaryScores[])[]
  readonly #matrices: LabelMatrices
  #examples = 0

  constructor(concepts: number, spool: Spool, splits = 1) {
    const share = Math.floor(SORT_BYTES_MAX / RECORD_BYTES / Math.max(1, concepts * splits))
    const runMax = Math.max(RUN_RECORDS_MIN, Math.min(RUN_RECORDS_MAX, share))
    this.#splits = Array.from({ length: splits }, () =>
      Array.from({ length: concepts }, () => new BinaryScores(runMax, spool)),
    )
    this.#matrices = new LabelMatrices(Math.min(concepts, MATRIX_CONCEPTS_MAX))
  }

  /**
   * Takes the scores (0..1) of all concepts for one example, and the places of those that it has. Throws RangeError
   * when a score is no number, before anything is counted.
   */
  add(scores: ArrayLike<number>, positives: readonly number[], split = 0): void {
    const concepts = this.#splits[split]!
    for (let at = 0; at < concepts.length; at++) {
      if (!Number.isFinite(scores[at])) throw new RangeError(`the score of concept ${at} is ${scores[at]}`)
    }
    const has = new Set(positives)
    for (let at = 0; at < concepts.length; at++) concepts[at]!.add(scores[at]!, has.has(at))
    this.#matrices.add(scores, positives)
    this.#examples++
  }

  /** What the examples so far say. */
  result(): ClassificationResult {
    const splits = this.#splits.map((concepts) => concepts.map((scores) => scores.result()))
    const concepts = (splits[0] ?? []).map((_, at) => meanOfSplits(splits.map((split) => split[at]!)))
    return { examples: this.#examples, summary: summarise(concepts), concepts, matrices: this.#matrices }
  }
}

function summarise(concepts: readonly Binary[]): ClassificationSummary {
  const tested = concepts.filter(({ positives }) => positives > 0)
  const areas = tested.flatMap(({ rocAuc }) => rocAuc ?? [])
  const f1 = tested.map((concept) => concept.f1)
  return {
    rocAuc: mean(areas),
    rocAucDeviation: deviation(areas),
    f1: mean(f1),
    f1Deviation: deviation(f1),
    precision: mean(tested.map(({ precision }) => precision)),
    recall: mean(tested.map(({ recall }) => recall)),
    averagePrecision: mean(tested.flatMap(({ averagePrecision }) => averagePrecision ?? [])),
  }
}

function meanOfSplits(splits: readonly Binary[]): Binary {
  if (splits.length === 1) return splits[0]!
  // A split without the concept can say nothing of it.
  const tested = splits.filter(({ positives }) => positives > 0)
  const of = (read: (split: Binary) => number | undefined): number | undefined => {
    const values = tested.flatMap((split) => read(split) ?? [])
    return values.length === 0 ? undefined : mean(values)
  }
  const curve = (name: keyof Curves): number[] => {
    const from = tested.length > 0 ? tested : splits
    return splits[0]!.curves[name].map((_, at) => mean(from.map(({ curves }) => curves[name][at]!)))
  }
  return {
    positives: mean(splits.map(({ positives }) => positives)),
    negatives: mean(splits.map(({ negatives }) => negatives)),
    rocAuc: of(({ rocAuc }) => rocAuc),
    averagePrecision: of(({ averagePrecision }) => averagePrecision),
    precision: of(({ precision }) => precision) ?? 0,
    recall: of(({ recall }) => recall) ?? 0,
    f1: of(({ f1 }) => f1) ?? 0,
    curves: { fpr: curve('fpr'), tpr: curve('tpr'), precision: curve('precision'), recall: curve('recall') },
  }
}

/** The mean of numbers; 0 of none. */
export const mean = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length

/** The standard deviation of numbers that are all there are; 0 of none. */
export function deviation(values: readonly number[]): number {
  const middle = mean(values)
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)))
}
