import { dot, dots, sigmoid, softmax } from '../../engines/vectors.ts'
import type { Head } from '../plan.ts'

/** What a head says of a vector: a value in 0..1 for each concept. */
export function valuesOf({ rows, bias, exclusive }: Head, vector: Float32Array): number[] {
  const sums = dots(rows, vector).map((sum, at) => sum + bias[at]!)
  return exclusive ? softmax(sums) : sums.map(sigmoid)
}

/**
 * How little a head is sure, in 0..1: of concepts that exclude each other by how close the two best are, else by how
 * close the most doubtful one is to the middle.
 */
export function doubtOf(values: readonly number[], exclusive: boolean): number {
  if (!exclusive) return Math.max(...values.map((value) => 1 - Math.abs(2 * value - 1)))
  const [first = 1, second = 0] = values.toSorted((a, b) => b - a)
  return 1 - (first - second)
}

/** How much two heads of the same concepts disagree, in 0..1: by the concept that they disagree most about. */
export function disagreementOf(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((value, at) => Math.abs(value - b[at]!)))
}

/** Something that may be chosen: its score, and a unit vector that says what it is like. */
export interface Choice {
  readonly score: number
  readonly vector: Float32Array
}

/**
 * Puts choices in an order in which each is doubtful and unlike all before it: the next one has the highest product of
 * its score and half its cosine distance to the closest before, which becomes its score. Scores fall.
 */
export function spreadOut<C extends Choice>(choices: readonly C[]): C[] {
  const left = choices.map((choice) => ({ choice, distance: 1 }))
  const order: C[] = []
  while (left.length > 0) {
    let best = 0
    for (let at = 1; at < left.length; at++) if (worth(left[at]!) > worth(left[best]!)) best = at
    const [taken] = left.splice(best, 1)
    const { choice, distance } = taken!
    order.push({ ...choice, score: choice.score * distance })
    for (const other of left) {
      other.distance = Math.min(other.distance, Math.max(0, 1 - dot(other.choice.vector, choice.vector)) / 2)
    }
  }
  return order
}

const worth = ({ choice, distance }: { choice: Choice; distance: number }): number => choice.score * distance
