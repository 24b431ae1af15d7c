/**
 * What examples say about concepts (examples x concepts, row by row): how much of the concept is wanted (0 to 1) and
 * how much the example counts for it (0 where it says nothing).
 */
export interface Targets {
  readonly rows: number
  readonly concepts: number
  readonly wanted: Float32Array
  readonly weights: Float32Array
}

/** Which rows count: those of a held-out part do not. */
export interface Holdout {
  /** The part of each row. */
  readonly parts: Uint8Array
  /** The part that is held out. */
  readonly part: number
}

/** A loss over scores, as a problem has it, and the sum of the weights that it is the mean over. */
export interface Loss {
  readonly total: number
  readonly share: (at: number) => number
  loss(scores: Float64Array, residuals: Float64Array, first: number, stride: number): number
}

const softplus = (value: number): number => Math.max(value, 0) + Math.log1p(Math.exp(-Math.abs(value)))

/** The logistic loss of one concept by itself. `share` is the concept's share of the examples, 0 to 1. */
export function logisticLoss({ rows, concepts, wanted, weights }: Targets, concept: number, holdout?: Holdout): Loss {
  const targets = new Float64Array(rows)
  const counts = new Float64Array(rows)
  let [total, positive] = [0, 0]
  for (let row = 0; row < rows; row++) {
    if (holdout && holdout.parts[row] === holdout.part) continue
    const weight = weights[row * concepts + concept]!
    counts[row] = weight
    targets[row] = wanted[row * concepts + concept]!
    total += weight
    positive += weight * targets[row]!
  }
  return {
    total,
    share: () => (total > 0 ? positive / total : 0),
    loss(scores, residuals, first, stride) {
      let sum = 0
      for (let row = 0, at = first; row < rows; row++, at += stride) {
        const weight = counts[row]!
        if (weight === 0) continue
        const score = scores[at]!
        // e^-|s| serves both the loss and its derivative.
        const small = Math.exp(-Math.abs(score))
        sum += weight * (Math.max(score, 0) + Math.log1p(small) - targets[row]! * score)
        const value = (score >= 0 ? 1 : small) / (1 + small)
        residuals[at] = (weight * (value - targets[row]!)) / total
      }
      return sum / total
    },
  }
}

/** The softmax loss of all concepts together; a row's weight is the largest of its cells. */
export function softmaxLoss({ rows, concepts, wanted, weights }: Targets, holdout?: Holdout): Loss {
  const counts = new Float64Array(rows)
  const shares = new Float64Array(concepts)
  let total = 0
  for (let row = 0; row < rows; row++) {
    if (holdout && holdout.parts[row] === holdout.part) continue
    for (let concept = 0; concept < concepts; concept++) {
      counts[row] = Math.max(counts[row]!, weights[row * concepts + concept]!)
    }
    total += counts[row]!
    for (let concept = 0; concept < concepts; concept++) {
      shares[concept]! += counts[row]! * wanted[row * concepts + concept]!
    }
  }
  return {
    total,
    share: (at) => (total > 0 ? shares[at]! / total : 0),
    loss(scores, residuals, first, stride) {
      let sum = 0
      for (let row = 0; row < rows; row++) {
        const weight = counts[row]!
        if (weight === 0) continue
        const from = row * stride + first
        let highest = Number.NEGATIVE_INFINITY
        for (let concept = 0; concept < concepts; concept++) highest = Math.max(highest, scores[from + concept]!)
        let powers = 0
        for (let concept = 0; concept < concepts; concept++) powers += Math.exp(scores[from + concept]! - highest)
        const whole = highest + Math.log(powers)
        for (let concept = 0; concept < concepts; concept++) {
          const score = scores[from + concept]!
          const target = wanted[row * concepts + concept]!
          if (target > 0) sum += weight * target * (whole - score)
          residuals[from + concept] = (weight * (Math.exp(score - whole) - target)) / total
        }
      }
      return sum / total
    },
  }
}

/** The mean logistic loss of scores (rows x concepts) times a factor, over all cells that count. */
export function logisticAt({ wanted, weights }: Targets, scores: ArrayLike<number>, factor: number): number {
  let [sum, total] = [0, 0]
  for (let at = 0; at < weights.length; at++) {
    const weight = weights[at]!
    if (weight === 0) continue
    const score = scores[at]! * factor
    sum += weight * (softplus(score) - wanted[at]! * score)
    total += weight
  }
  return total > 0 ? sum / total : 0
}

/** The mean softmax loss of scores (rows x concepts) times a factor, over all rows that count. */
export function softmaxAt(targets: Targets, scores: ArrayLike<number>, factor: number): number {
  const scaled = Float64Array.from(scores, (score) => score * factor)
  return softmaxLoss(targets).loss(scaled, new Float64Array(scaled.length), 0, targets.concepts)
}
