/**
 * What concepts are taken for each other, and which stand together. Examples name concepts by their place in a list;
 * those beyond `size` are left out.
 */
export class LabelMatrices {
  readonly size: number
  /** How many examples have each concept. */
  readonly counts: Float64Array
  readonly #sums: Float64Array
  readonly #together: Float64Array

  constructor(size: number) {
    this.size = size
    this.counts = new Float64Array(size)
    this.#sums = new Float64Array(size * size)
    this.#together = new Float64Array(size * size)
  }

  /** Takes the scores of all concepts for an example, and the places of the concepts that it has. */
  add(scores: ArrayLike<number>, positives: readonly number[]): void {
    for (const actual of positives) {
      if (actual >= this.size) continue
      this.counts[actual]!++
      const row = actual * this.size
      for (let at = 0; at < this.size; at++) this.#sums[row + at]! += scores[at]!
      for (const other of positives) if (other < this.size) this.#together[row + other]!++
    }
  }

  /** Mean score of the concept `predicted` over the examples that have `actual`; 0 when none has. */
  confusion(actual: number, predicted: number): number {
    const count = this.counts[actual]!
    return count === 0 ? 0 : this.#sums[actual * this.size + predicted]! / count
  }

  /** How many examples have both concepts. */
  cooccurrence(row: number, column: number): number {
    return this.#together[row * this.size + column]!
  }

  /** Places of the concepts, the one that is told worst first: by its mean score over the examples that have it. */
  byStrength(): number[] {
    return Array.from({ length: this.size }, (_, at) => at).sort(
      (a, b) => this.confusion(a, a) - this.confusion(b, b) || a - b,
    )
  }
}
