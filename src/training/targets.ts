import type { Targets } from './losses.ts'
import type { ConceptLog, HeadOrder } from './types.ts'

/** Targets as losses want them, with what was found out while making them. */
export interface MadeTargets {
  readonly targets: Targets
  readonly concepts: Omit<ConceptLog, 'constant'>[]
  readonly contradictions: number
  readonly dropped: number
}

/** Makes targets from labels, and sets rows with numbers that are not finite to 0. */
export function makeTargets(order: HeadOrder): MadeTargets {
  const { concepts, dims } = order
  const rows = order.embeddings.length / dims
  const usable = usableRows(order.embeddings, dims)
  const wanted = new Float32Array(rows * concepts)
  const weights = new Float32Array(rows * concepts)
  const contradictions = addLabels(order, wanted, weights)
  const targets = { rows, concepts, wanted, weights }
  const labelled = new Uint8Array(rows)
  for (let row = 0; row < rows; row++) {
    for (let at = row * concepts; at < (row + 1) * concepts; at++) {
      if (!usable[row]) weights[at] = 0
      else if (weights[at]! > 0) labelled[row] = 1
    }
  }
  const assumed = order.mutuallyExclusive
    ? exclude(targets, labelled)
    : (order.hyper?.assumeNegatives ?? true)
      ? assumeNegatives(targets, labelled)
      : new Float64Array(concepts)
  const counts = countEach(targets, assumed)
  weigh(order, targets, counts)
  return { targets, concepts: counts, contradictions, dropped: usable.reduce((sum, is) => sum + 1 - is, 0) }
}

function usableRows(matrix: Float32Array, dims: number): Uint8Array {
  const rows = matrix.length / dims
  const usable = new Uint8Array(rows).fill(1)
  for (let row = 0; row < rows; row++) {
    let sum = 0
    // One sum finds every NaN and infinity: neither can be added away.
    for (let at = row * dims; at < (row + 1) * dims; at++) sum += matrix[at]! * 0
    if (sum === 0) continue
    usable[row] = 0
    matrix.fill(0, row * dims, (row + 1) * dims)
  }
  return usable
}

/** Puts labels into their cells; of several in one the mean counts. Says how many cells have contradictory ones. */
function addLabels({ labels, concepts }: HeadOrder, wanted: Float32Array, weights: Float32Array): number {
  const contradictory = new Set<number>()
  const said = new Uint8Array(wanted.length)
  for (let at = 0; at < labels.rows.length; at++) {
    const cell = labels.rows[at]! * concepts + labels.concepts[at]!
    const value = Math.min(1, Math.max(0, labels.values[at]!))
    const weight = labels.weights?.[at] ?? 1
    if (!(weight > 0) || Number.isNaN(value)) continue
    const before = wanted[cell]!
    if (said[cell] && before >= 0.5 !== value >= 0.5) contradictory.add(cell)
    said[cell] = 1
    const sum = weights[cell]! + weight
    wanted[cell] = (before * weights[cell]! + value * weight) / sum
    weights[cell] = sum
  }
  if (!labels.weights) for (let at = 0; at < weights.length; at++) if (weights[at]! > 1) weights[at] = 1
  return contradictory.size
}

/**
 * Where concepts exclude each other a row says something about all of them: what is wanted is shared out among its
 * positives, or without any among those that are not denied.
 */
function exclude({ rows, concepts, wanted, weights }: Targets, labelled: Uint8Array): Float64Array {
  const assumed = new Float64Array(concepts)
  for (let row = 0; row < rows; row++) {
    if (!labelled[row]) continue
    const from = row * concepts
    let [positive, denied, weight] = [0, 0, 0]
    for (let at = from; at < from + concepts; at++) {
      weight = Math.max(weight, weights[at]!)
      if (weights[at]! === 0) continue
      if (wanted[at]! >= 0.5) positive += wanted[at]!
      else denied++
    }
    const open = concepts - denied
    for (let concept = 0; concept < concepts; concept++) {
      const at = from + concept
      const isSaid = weights[at]! > 0
      if (positive > 0) wanted[at] = isSaid && wanted[at]! >= 0.5 ? wanted[at]! / positive : 0
      else wanted[at] = open === 0 ? 1 / concepts : isSaid ? 0 : 1 / open
      if (!isSaid && positive > 0) assumed[concept]!++
      weights[at] = weight
    }
  }
  return assumed
}

function assumeNegatives({ rows, concepts, wanted, weights }: Targets, labelled: Uint8Array): Float64Array {
  const assumed = new Float64Array(concepts)
  for (let concept = 0; concept < concepts; concept++) {
    let [positives, negatives] = [0, 0]
    for (let at = concept; at < wanted.length; at += concepts) {
      if (weights[at]! === 0) continue
      if (wanted[at]! >= 0.5) positives++
      else negatives++
    }
    if (positives === 0 || negatives >= positives) continue
    for (let row = 0; row < rows; row++) {
      const at = row * concepts + concept
      if (!labelled[row] || weights[at]! > 0) continue
      weights[at] = 1
      assumed[concept]!++
    }
  }
  return assumed
}

function countEach({ concepts, wanted, weights }: Targets, assumed: Float64Array): Omit<ConceptLog, 'constant'>[] {
  return Array.from({ length: concepts }, (_, concept) => {
    let [positives, negatives] = [0, 0]
    for (let at = concept; at < wanted.length; at += concepts) {
      if (weights[at]! === 0) continue
      if (wanted[at]! >= 0.5) positives++
      else negatives++
    }
    return { positives, negatives, assumed: assumed[concept]! }
  })
}

function weigh(
  { rowWeights, hyper, mutuallyExclusive }: HeadOrder,
  { rows, concepts, wanted, weights }: Targets,
  counts: readonly Omit<ConceptLog, 'constant'>[],
): void {
  const { classWeights = 'none' } = hyper ?? {}
  const factors = counts.map(({ positives, negatives }, concept) => {
    if (classWeights === 'none') return 1
    if (classWeights !== 'balanced') return classWeights[concept] ?? 1
    if (positives === 0) return 1
    return mutuallyExclusive ? rows / (concepts * positives) : negatives / positives || 1
  })
  for (let row = 0; row < rows; row++) {
    const ofRow = rowWeights?.[row] ?? 1
    for (let concept = 0; concept < concepts; concept++) {
      const at = row * concepts + concept
      const isPositive = wanted[at]! >= 0.5
      weights[at]! *= ofRow * (isPositive ? factors[concept]! : 1)
    }
    if (!mutuallyExclusive) continue
    // The whole row counts as much as its concept does.
    const top = weights.subarray(row * concepts, (row + 1) * concepts)
    const at = wanted.subarray(row * concepts, (row + 1) * concepts).findIndex((value) => value >= 0.5)
    if (at >= 0) top.fill(top[at]!)
  }
}
