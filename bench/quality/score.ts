/* Measures of agreement between answers and truth. */

/** The number of changes (insert, delete, replace) between two sequences. */
export function distance<T>(a: readonly T[], b: readonly T[]): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (const [i, left] of a.entries()) {
    const next = [i + 1]
    for (const [j, right] of b.entries()) {
      next.push(Math.min(row[j]! + (left === right ? 0 : 1), row[j + 1]! + 1, next[j]! + 1))
    }
    row = next
  }
  return row[b.length]!
}

/** The words of a text without signs, in lower case. */
export const words = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? []

/** Share of the cases in which `right` says so. */
export const share = <T>(cases: readonly T[], right: (item: T, at: number) => boolean): number =>
  cases.filter(right).length / cases.length

/** The index of the largest value. */
export const argmax = (values: ArrayLike<number>): number => {
  let best = 0
  for (let at = 1; at < values.length; at++) if (values[at]! > values[best]!) best = at
  return best
}

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0
  for (let at = 0; at < a.length; at++) sum += a[at]! * b[at]!
  return sum
}

/** A labelled vector of length 1. */
export interface Labelled {
  readonly vector: ArrayLike<number>
  readonly label: number
}

/** Share of `test` whose nearest vector in `known` has the same label. */
export function nearestNeighbour(known: readonly Labelled[], test: readonly Labelled[]): number {
  return share(test, ({ vector, label }) => {
    const scores = known.map((other) => dot(other.vector, vector))
    return known[argmax(scores)]!.label === label
  })
}

const EPOCHS = 60
const RATE = 4
const DECAY = 1e-4

/** Share of `test` that a linear classifier, trained on `known` by plain gradient descent, gets right. */
export function linearProbe(known: readonly Labelled[], test: readonly Labelled[], classes: number): number {
  const size = known[0]!.vector.length
  const weights = Array.from({ length: classes }, () => new Float64Array(size + 1))
  const scoresOf = (vector: ArrayLike<number>): number[] => weights.map((row) => dot(vector, row) + row[size]!)
  for (let epoch = 0; epoch < EPOCHS; epoch++) {
    const rate = RATE / Math.sqrt(1 + epoch)
    for (let step = 0; step < known.length; step++) {
      // A fixed shuffle: a step that shares no factor with the count visits everything.
      const { vector, label } = known[(step * 7_919) % known.length]!
      const scores = scoresOf(vector)
      const top = Math.max(...scores)
      const exponents = scores.map((score) => Math.exp(score - top))
      const sum = exponents.reduce((a, b) => a + b, 0)
      for (let row = 0; row < classes; row++) {
        const error = exponents[row]! / sum - (row === label ? 1 : 0)
        const line = weights[row]!
        for (let at = 0; at < size; at++) line[at]! -= rate * (error * vector[at]! + DECAY * line[at]!)
        line[size]! -= rate * error
      }
    }
  }
  return share(test, ({ vector, label }) => argmax(scoresOf(vector)) === label)
}

/** Precision, recall and their harmonic mean. */
export function f1(right: number, found: number, there: number): { precision: number; recall: number; f1: number } {
  const [precision, recall] = [found === 0 ? 0 : right / found, there === 0 ? 0 : right / there]
  return { precision, recall, f1: right === 0 ? 0 : (2 * precision * recall) / (precision + recall) }
}
