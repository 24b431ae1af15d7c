import { logisticAt, softmaxAt, type Targets } from './losses.ts'

/** What scores are multiplied with so that values mean what they say, and the loss on held-out examples. */
export interface Calibration {
  /** The inverse of what is called temperature. */
  readonly factor: number
  readonly examples: number
  readonly lossBefore: number
  readonly lossAfter: number
}

/** Factors beyond these are no calibration: the held-out examples were all right or all wrong. */
const FACTOR_MAX = 20
const FACTOR_MIN = 1 / FACTOR_MAX
const GOLDEN = (Math.sqrt(5) - 1) / 2
const NARROWINGS = 26

/**
 * Finds the factor for scores of examples that the head has not learned from (temperature scaling): the loss is
 * quasi-convex in it, so golden section on its logarithm finds the minimum.
 */
export function calibrate(given: Targets, scoresGiven: ArrayLike<number>, mutuallyExclusive: boolean): Calibration {
  const { targets, scores } = countingRows(given, scoresGiven)
  const lossAt = mutuallyExclusive ? softmaxAt : logisticAt
  const smooth = mutuallyExclusive ? smoothRows(targets) : smoothCells(targets)
  const at = (log: number): number => lossAt(smooth, scores, Math.exp(log))
  let [low, high] = [Math.log(FACTOR_MIN), Math.log(FACTOR_MAX)]
  let [left, right] = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)]
  let [atLeft, atRight] = [at(left), at(right)]
  for (let round = 0; round < NARROWINGS; round++) {
    if (atLeft <= atRight) {
      ;[high, right, atRight] = [right, left, atLeft]
      left = high - GOLDEN * (high - low)
      atLeft = at(left)
    } else {
      ;[low, left, atLeft] = [left, right, atRight]
      right = low + GOLDEN * (high - low)
      atRight = at(right)
    }
  }
  const factor = Math.exp((low + high) / 2)
  const examples = targets.rows
  const before = lossAt(smooth, scores, 1)
  const after = lossAt(smooth, scores, factor)
  return after < before
    ? { factor, examples, lossBefore: before, lossAfter: after }
    : { factor: 1, examples, lossBefore: before, lossAfter: before }
}

/** Only the rows of which something counts: the loss is asked for many times. */
function countingRows(
  { rows, concepts, wanted, weights }: Targets,
  scores: ArrayLike<number>,
): { readonly targets: Targets; readonly scores: Float64Array } {
  const kept: number[] = []
  for (let row = 0; row < rows; row++) {
    if (weights.subarray(row * concepts, (row + 1) * concepts).some((weight) => weight > 0)) kept.push(row)
  }
  const cells = kept.flatMap((row) => Array.from({ length: concepts }, (_, concept) => row * concepts + concept))
  const targets = {
    rows: kept.length,
    concepts,
    wanted: Float32Array.from(cells, (cell) => wanted[cell]!),
    weights: Float32Array.from(cells, (cell) => weights[cell]!),
  }
  return { targets, scores: Float64Array.from(cells, (cell) => scores[cell]!) }
}

/**
 * Targets that allow for one example more which is not as expected (Platt): a few held-out examples that were all right
 * are no reason to be certain.
 */
function smoothCells(targets: Targets): Targets {
  const { concepts } = targets
  const wanted = targets.wanted.slice()
  for (let concept = 0; concept < concepts; concept++) {
    let [positives, negatives] = [0, 0]
    for (let at = concept; at < wanted.length; at += concepts) {
      if (targets.weights[at]! === 0) continue
      if (wanted[at]! >= 0.5) positives++
      else negatives++
    }
    const [high, low] = [(positives + 1) / (positives + 2), 1 / (negatives + 2)]
    for (let at = concept; at < wanted.length; at += concepts) wanted[at] = low + (high - low) * wanted[at]!
  }
  return { ...targets, wanted }
}

function smoothRows(targets: Targets): Targets {
  const { concepts, rows } = targets
  let examples = 0
  for (let row = 0; row < rows; row++) if (targets.weights[row * concepts]! > 0) examples++
  const spread = 1 / (examples + 2)
  return { ...targets, wanted: targets.wanted.map((value) => value * (1 - spread) + spread / concepts) }
}
