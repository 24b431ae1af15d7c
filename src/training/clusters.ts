import { frameOf } from './frame.ts'
import type { Products } from './products.ts'
import { seededRandom } from './random.ts'
import type { OnStep } from './solve.ts'

/** Vectors to be grouped. */
export interface ClusterOrder {
  readonly embeddings: Float32Array
  readonly dims: number
  /** How many groups; no more than there are vectors. */
  readonly clusters: number
  readonly seed: number
}

/** Groups of vectors: their centres, how many vectors each has, and the two directions in which vectors differ most. */
export interface Clusters {
  /** Clusters x dims. */
  readonly centres: Float32Array
  readonly counts: Int32Array
  readonly mean: Float32Array
  /** 2 x dims, each of length 1 and at right angles to the other. */
  readonly axes: Float32Array
  readonly steps: number
  /** Mean square distance of vectors from their centre. */
  readonly spread: number
}

const STEPS_MAX = 50
const AXIS_ROUNDS = 12

/** Groups vectors by k-means (k-means++ for the first centres, then Lloyd's steps until no vector moves). */
export async function findClusters(
  order: ClusterOrder,
  products: Products,
  onStep: OnStep = () => {},
): Promise<Clusters> {
  const { embeddings, dims, seed } = order
  const rows = embeddings.length / dims
  const clusters = Math.min(order.clusters, rows)
  const squares = Float64Array.from({ length: rows }, (_, row) => squareOf(embeddings, row * dims, dims))
  let centres = await firstCentres(products, squares, clusters, seededRandom(seed), embeddings)
  let owners = new Int32Array(rows).fill(-1)
  let [steps, spread] = [0, 0]
  for (; steps < STEPS_MAX; steps++) {
    onStep()
    const nearest = nearestOf(await products.scores(centres, clusters), squares, centres, dims)
    spread = nearest.spread
    const isSettled = nearest.owners.every((owner, row) => owner === owners[row])
    owners = nearest.owners
    if (isSettled) break
    centres = meansOf(embeddings, dims, owners, centres)
  }
  const counts = new Int32Array(clusters)
  for (const owner of owners) counts[owner]!++
  const { mean } = frameOf(embeddings, dims)
  const axes = await mainAxes(products, mean, seed)
  return { centres: Float32Array.from(centres), counts, mean: Float32Array.from(mean), axes, steps, spread }
}

function squareOf(matrix: ArrayLike<number>, from: number, dims: number): number {
  let sum = 0
  for (let at = from; at < from + dims; at++) sum += matrix[at]! * matrix[at]!
  return sum
}

/** Each next centre is a vector, the likelier the farther it is from those before. */
async function firstCentres(
  products: Products,
  squares: Float64Array,
  clusters: number,
  random: () => number,
  embeddings: Float32Array,
): Promise<Float64Array> {
  const { rows, dims } = products
  const centres = new Float64Array(clusters * dims)
  const distances = new Float64Array(rows).fill(Number.POSITIVE_INFINITY)
  let chosen = Math.floor(random() * rows)
  for (let cluster = 0; cluster < clusters; cluster++) {
    const centre = Float64Array.from(embeddings.subarray(chosen * dims, (chosen + 1) * dims))
    centres.set(centre, cluster * dims)
    const scores = await products.scores(centre, 1)
    const square = squareOf(centre, 0, dims)
    let total = 0
    for (let row = 0; row < rows; row++) {
      distances[row] = Math.min(distances[row]!, Math.max(0, squares[row]! + square - 2 * scores[row]!))
      total += distances[row]!
    }
    let left = random() * total
    chosen = rows - 1
    for (let row = 0; row < rows; row++) {
      left -= distances[row]!
      if (left < 0) {
        chosen = row
        break
      }
    }
  }
  return centres
}

function nearestOf(
  scores: ArrayLike<number>,
  squares: Float64Array,
  centres: Float64Array,
  dims: number,
): { owners: Int32Array<ArrayBuffer>; spread: number } {
  const clusters = centres.length / dims
  const halves = Float64Array.from({ length: clusters }, (_, at) => squareOf(centres, at * dims, dims) / 2)
  let spread = 0
  const owners = new Int32Array(squares.length)
  for (let row = 0; row < owners.length; row++) {
    let best = 0
    for (let at = 1; at < clusters; at++) {
      if (scores[row * clusters + at]! - halves[at]! > scores[row * clusters + best]! - halves[best]!) best = at
    }
    owners[row] = best
    spread += Math.max(0, squares[row]! - 2 * (scores[row * clusters + best]! - halves[best]!))
  }
  return { owners, spread: spread / owners.length }
}

/** The mean of each cluster's vectors; a cluster that has lost all of them stays where it was. */
function meansOf(matrix: Float32Array, dims: number, owners: Int32Array, before: Float64Array): Float64Array {
  const sums = new Float64Array(before.length)
  const counts = new Int32Array(before.length / dims)
  for (const [row, owner] of owners.entries()) {
    counts[owner]!++
    for (let at = 0; at < dims; at++) sums[owner * dims + at]! += matrix[row * dims + at]!
  }
  for (let at = 0; at < sums.length; at++) {
    const count = counts[Math.floor(at / dims)]!
    sums[at] = count > 0 ? sums[at]! / count : before[at]!
  }
  return sums
}

/** The two main axes of the vectors around their mean, by power iteration on both at once. */
async function mainAxes(products: Products, mean: Float64Array, seed: number): Promise<Float32Array> {
  const { rows, dims } = products
  const random = seededRandom(seed + 1)
  let axes = orthonormal(
    Float64Array.from({ length: 2 * dims }, () => random() - 0.5),
    dims,
  )
  for (let round = 0; round < AXIS_ROUNDS; round++) {
    const scores = Float64Array.from(await products.scores(axes, 2))
    const sums = [0, 0]
    for (let which = 0; which < 2; which++) {
      let atMean = 0
      for (let at = 0; at < dims; at++) atMean += mean[at]! * axes[which * dims + at]!
      for (let row = 0; row < rows; row++) {
        scores[row * 2 + which]! -= atMean
        sums[which]! += scores[row * 2 + which]!
      }
    }
    const raised = Float64Array.from(await products.gradients(scores, 2))
    for (let at = 0; at < raised.length; at++) raised[at]! -= mean[at % dims]! * sums[Math.floor(at / dims)]!
    axes = orthonormal(raised, dims)
  }
  return Float32Array.from(axes)
}

function orthonormal(pair: Float64Array, dims: number): Float64Array {
  const out = new Float64Array(pair.length)
  const unit = (from: number): void => {
    const length = Math.sqrt(squareOf(out, from, dims))
    // Where vectors do not differ any axis is as good as another; it only has to exist.
    if (length > 1e-30) for (let at = from; at < from + dims; at++) out[at]! /= length
    else out[from === 0 ? 0 : from + Math.min(1, dims - 1)] = 1
  }
  out.set(pair.subarray(0, dims))
  unit(0)
  let along = 0
  for (let at = 0; at < dims; at++) along += pair[dims + at]! * out[at]!
  for (let at = 0; at < dims; at++) out[dims + at] = pair[dims + at]! - along * out[at]!
  unit(dims)
  return out
}
