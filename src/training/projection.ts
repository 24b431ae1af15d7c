import type { Products } from './products.ts'
import { makeTargets } from './targets.ts'
import type { HeadLog, HeadOrder } from './types.ts'

/** A projection of vectors: y = matrix (x - mean), of length 1 afterwards. */
export interface Projection {
  /** Dims x dims, row by row. */
  readonly matrix: Float32Array
  readonly mean: Float32Array
  readonly log: Pick<HeadLog, 'examples' | 'dropped' | 'contradictions' | 'concepts'>
}

/** Share of a round covariance that is mixed in: the more, the fewer examples there are for each number of a vector. */
const shrinkageOf = (examples: number, dims: number): number => (0.5 * dims) / (dims + examples)

/**
 * Learns from labels which differences between vectors do not matter: those between examples of one concept. The
 * covariance within concepts is made round (within-class covariance normalisation, by its Cholesky factor L: y = L^-1 x),
 * so that cosines afterwards compare what tells concepts apart.
 */
export async function trainProjection(
  order: HeadOrder,
  makeProducts: (matrix: Float32Array) => Products,
): Promise<Projection> {
  const { dims, embeddings, concepts } = order
  const { targets, ...found } = makeTargets({ ...order, mutuallyExclusive: true })
  const { rows } = targets
  const owners = ownersOf(targets.wanted, targets.weights, rows, concepts)
  const means = new Float64Array(concepts * dims)
  const counts = new Float64Array(concepts)
  const mean = new Float64Array(dims)
  for (const [row, owner] of owners.entries()) {
    if (owner < 0) continue
    counts[owner]!++
    for (let at = 0; at < dims; at++) {
      means[owner * dims + at]! += embeddings[row * dims + at]!
      mean[at]! += embeddings[row * dims + at]!
    }
  }
  const labelled = counts.reduce((sum, count) => sum + count, 0)
  for (let at = 0; at < means.length; at++) means[at]! /= counts[Math.floor(at / dims)]! || 1
  for (let at = 0; at < dims; at++) mean[at]! /= labelled || 1
  const within = new Float32Array(rows * dims)
  for (const [row, owner] of owners.entries()) {
    if (owner < 0) continue
    for (let at = 0; at < dims; at++) {
      within[row * dims + at] = embeddings[row * dims + at]! - means[owner * dims + at]!
    }
  }
  const covariance = Float64Array.from(await makeProducts(within).gradients(Float64Array.from(within), dims))
  let trace = 0
  for (let at = 0; at < dims; at++) trace += covariance[at * dims + at]!
  const round = trace > 0 ? trace / dims : 1
  const shrinkage = shrinkageOf(labelled, dims)
  for (let at = 0; at < covariance.length; at++) covariance[at]! *= 1 - shrinkage
  for (let at = 0; at < dims; at++) covariance[at * dims + at]! += shrinkage * round
  const matrix = invertLower(cholesky(covariance, dims), dims)
  // Only directions count, so the scale is chosen to keep numbers near 1.
  const scale = Math.sqrt(round)
  const log = {
    examples: rows,
    dropped: found.dropped,
    contradictions: found.contradictions,
    concepts: found.concepts.map((concept) => ({ ...concept, constant: concept.positives === 0 })),
  }
  return { matrix: Float32Array.from(matrix, (value) => value * scale), mean: Float32Array.from(mean), log }
}

function ownersOf(wanted: Float32Array, weights: Float32Array, rows: number, concepts: number): Int32Array {
  return Int32Array.from({ length: rows }, (_, row) => {
    let best = -1
    for (let at = 0; at < concepts; at++) {
      const cell = row * concepts + at
      if (weights[cell]! > 0 && wanted[cell]! >= 0.5) best = at
    }
    return best
  })
}

/** The lower triangle L of a positive definite matrix A = L L^T. */
function cholesky(matrix: Float64Array, dims: number): Float64Array {
  const lower = new Float64Array(dims * dims)
  for (let row = 0; row < dims; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = matrix[row * dims + column]!
      for (let at = 0; at < column; at++) sum -= lower[row * dims + at]! * lower[column * dims + at]!
      lower[row * dims + column] =
        row === column ? Math.sqrt(Math.max(sum, 1e-30)) : sum / lower[column * dims + column]!
    }
  }
  return lower
}

function invertLower(lower: Float64Array, dims: number): Float64Array {
  const inverse = new Float64Array(dims * dims)
  for (let row = 0; row < dims; row++) {
    const diagonal = lower[row * dims + row]!
    for (let at = 0; at < row; at++) {
      const factor = lower[row * dims + at]! / diagonal
      if (factor === 0) continue
      for (let column = 0; column <= at; column++) {
        inverse[row * dims + column]! -= factor * inverse[at * dims + column]!
      }
    }
    inverse[row * dims + row] = 1 / diagonal
  }
  return inverse
}
