import { frameOf } from '../../src/training/frame.ts'
import { seededRandom, shuffled } from '../../src/training/random.ts'

/** What plain SGD is given: example `n` has the concept n mod `concepts`, each concept is learned by itself. */
export interface SgdOrder {
  readonly vectors: Float32Array
  readonly dims: number
  readonly concepts: number
  /** Inverse of the weight decay for vectors of mean square length 1. */
  readonly strength: number
}

const BATCH = 32
const MOMENTUM = 0.9

/**
 * A linear head by mini-batch SGD with momentum and a falling rate in plain JavaScript, as one writes it by hand: the
 * time until the sum of the concepts' losses is at most `wanted`, and how many passes that took; undefined passes when it
 * was not reached. The same loss, the same centred and scaled vectors as our solver. Looking at the loss is not counted.
 */
export function plainSgd(
  { vectors, dims, concepts, strength }: SgdOrder,
  rate: number,
  wanted: number,
  msMax: number,
): { readonly ms: number; readonly passes: number | undefined; readonly loss: number } {
  const rows = vectors.length / dims
  const { mean, scale } = frameOf(vectors, dims)
  const matrix = Float32Array.from(vectors, (value, at) => (value - mean[at % dims]!) / scale)
  const weights = new Float64Array(concepts * dims)
  const bias = new Float64Array(concepts).fill(Math.log(1 / (concepts - 1)))
  const [speed, biasSpeed] = [new Float64Array(weights.length), new Float64Array(concepts)]
  const decay = 1 / (strength * rows)
  const random = seededRandom(1)
  let [ms, pass, loss] = [0, 0, Number.POSITIVE_INFINITY]
  while (ms < msMax) {
    const start = performance.now()
    const order = shuffled(rows, random)
    const step = rate / (1 + pass / 4)
    for (let at = 0; at < rows; at += BATCH) {
      const batch = order.subarray(at, at + BATCH)
      for (let concept = 0; concept < concepts; concept++) {
        const from = concept * dims
        for (let place = 0; place < dims; place++) {
          speed[from + place] = MOMENTUM * speed[from + place]! - step * decay * weights[from + place]!
        }
        biasSpeed[concept]! *= MOMENTUM
        for (const row of batch) {
          const start = row * dims
          let score = bias[concept]!
          for (let place = 0; place < dims; place++) score += weights[from + place]! * matrix[start + place]!
          const wrong = 1 / (1 + Math.exp(-score)) - (row % concepts === concept ? 1 : 0)
          const by = (-step * wrong) / batch.length
          for (let place = 0; place < dims; place++) speed[from + place]! += by * matrix[start + place]!
          biasSpeed[concept]! += by
        }
        for (let place = from; place < from + dims; place++) weights[place]! += speed[place]!
        bias[concept]! += biasSpeed[concept]!
      }
    }
    ms += performance.now() - start
    pass++
    loss = lossOf(matrix, dims, concepts, weights, bias, decay)
    if (!Number.isFinite(loss)) break
    if (loss <= wanted) return { ms, passes: pass, loss }
  }
  return { ms, passes: undefined, loss }
}

function lossOf(
  matrix: Float32Array,
  dims: number,
  concepts: number,
  weights: Float64Array,
  bias: Float64Array,
  decay: number,
): number {
  const rows = matrix.length / dims
  let sum = 0
  for (let row = 0; row < rows; row++) {
    for (let concept = 0; concept < concepts; concept++) {
      let score = bias[concept]!
      for (let place = 0; place < dims; place++) score += weights[concept * dims + place]! * matrix[row * dims + place]!
      const wanted = row % concepts === concept ? 1 : 0
      sum += Math.max(score, 0) + Math.log1p(Math.exp(-Math.abs(score))) - wanted * score
    }
  }
  let squares = 0
  for (const weight of weights) squares += weight * weight
  return sum / rows + (decay / 2) * squares
}
