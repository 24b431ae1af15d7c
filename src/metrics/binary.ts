import { type Curves, f1Of, share, ThresholdCounts, USUAL_THRESHOLD } from './curves.ts'
import { SortedRecords } from './sorted-records.ts'
import type { Spool } from './spool.ts'

/** How well one concept is told from everything else. */
export interface Binary {
  readonly positives: number
  readonly negatives: number
  /** Area under the ROC curve; undefined when all examples are of one kind. */
  readonly rocAuc: number | undefined
  /** Mean of precision weighted by the growth of recall; undefined without positives. */
  readonly averagePrecision: number | undefined
  /** These three at the usual threshold; 0 where they are not defined. */
  readonly precision: number
  readonly recall: number
  readonly f1: number
  readonly curves: Curves
}

/** Collects the scores of one concept. */
export class BinaryScores {
  readonly #records: SortedRecords
  readonly #thresholds = new ThresholdCounts()
  #positives = 0
  #truePositives = 0
  #falsePositives = 0

  constructor(runMax: number, spool: Spool) {
    this.#records = new SortedRecords(1, runMax, spool)
  }

  /** Takes the score (0..1) of an example that has the concept or has it not. */
  add(score: number, positive: boolean): void {
    this.#records.add(score, positive ? 1 : 0)
    this.#thresholds.add(score, positive)
    if (positive) this.#positives++
    if (score < USUAL_THRESHOLD) return
    if (positive) this.#truePositives++
    else this.#falsePositives++
  }

  /** What all scores together say. */
  result(): Binary {
    const positives = this.#positives
    const negatives = this.#records.count - positives
    const { pairs, averagePrecision } = this.#walk()
    const precision = share(this.#truePositives, this.#truePositives + this.#falsePositives)
    const recall = share(this.#truePositives, positives)
    return {
      positives,
      negatives,
      rocAuc: positives > 0 && negatives > 0 ? pairs / (positives * negatives) : undefined,
      averagePrecision: positives > 0 ? averagePrecision : undefined,
      precision,
      recall,
      f1: f1Of(precision, recall),
      curves: this.#thresholds.curves(),
    }
  }

  /** Counts pairs in which the positive has the higher score; ties count half. */
  #walk(): { pairs: number; averagePrecision: number } {
    let [truePositives, falsePositives, pairs, averagePrecision] = [0, 0, 0, 0]
    let [tiedPositives, tiedNegatives, last] = [0, 0, Number.NaN]
    const close = (): void => {
      pairs += tiedNegatives * (truePositives + tiedPositives / 2)
      truePositives += tiedPositives
      falsePositives += tiedNegatives
      const precision = share(truePositives, truePositives + falsePositives)
      averagePrecision += share(tiedPositives, this.#positives) * precision
      tiedPositives = 0
      tiedNegatives = 0
    }
    this.#records.descending((score, words, at) => {
      if (score !== last) close()
      last = score
      if (words[at] === 1) tiedPositives++
      else tiedNegatives++
    })
    close()
    return { pairs, averagePrecision }
  }
}
