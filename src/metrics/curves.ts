/** How many thresholds curves have: 0, 0.01 and so on up to 1. */
export const THRESHOLDS = 101

/** The threshold from which on a concept counts as predicted, unless a curve says otherwise. */
export const USUAL_THRESHOLD = 0.5

/** Where predictions lie among the thresholds, for one concept. */
export class ThresholdCounts {
  // At each threshold: scores that reach it and not the next one.
  readonly #positives = new Float64Array(THRESHOLDS)
  readonly #negatives = new Float64Array(THRESHOLDS)

  /** Takes the score (0..1) of an example that has the concept or has it not. */
  add(score: number, positive: boolean): void {
    let at = Math.min(THRESHOLDS - 1, Math.max(0, Math.floor(score * 100)))
    while (at < THRESHOLDS - 1 && (at + 1) / 100 <= score) at++
    while (at > 0 && at / 100 > score) at--
    const counts = positive ? this.#positives : this.#negatives
    counts[at]!++
  }

  /** How many examples had the concept. */
  get positives(): number {
    return this.#positives.reduce((sum, count) => sum + count, 0)
  }

  /**
   * The curves over all thresholds. An example counts as predicted when its score reaches the threshold, but at 1
   * nothing does, so that both curves always run from end to end. Where nothing is predicted precision is 1.
   */
  curves(): Curves {
    const { positives } = this
    const negatives = this.#negatives.reduce((sum, count) => sum + count, 0)
    const [fpr, tpr, precision, recall] = Array.from({ length: 4 }, () => new Array<number>(THRESHOLDS).fill(0))
    let truePositives = this.#positives[THRESHOLDS - 1]!
    let falsePositives = this.#negatives[THRESHOLDS - 1]!
    precision![THRESHOLDS - 1] = 1
    for (let at = THRESHOLDS - 2; at >= 0; at--) {
      truePositives += this.#positives[at]!
      falsePositives += this.#negatives[at]!
      const predicted = truePositives + falsePositives
      fpr![THRESHOLDS - 1 - at] = share(falsePositives, negatives)
      tpr![THRESHOLDS - 1 - at] = share(truePositives, positives)
      precision![at] = predicted === 0 ? 1 : truePositives / predicted
      recall![at] = share(truePositives, positives)
    }
    return { fpr: fpr!, tpr: tpr!, precision: precision!, recall: recall! }
  }
}

/** Points of the two curves of a concept; `fpr` and `tpr` from threshold 1 down to 0, the others from 0 up to 1. */
export interface Curves {
  readonly fpr: readonly number[]
  readonly tpr: readonly number[]
  readonly precision: readonly number[]
  readonly recall: readonly number[]
}

/** The thresholds from 0 to 1. */
export const thresholdsUp = (): number[] => Array.from({ length: THRESHOLDS }, (_, at) => at / 100)

/** A part of a whole; 0 of nothing. */
export const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole)

/** The harmonic mean of precision and recall; 0 when both are. */
export const f1Of = (precision: number, recall: number): number =>
  precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall)
