import { Descent } from './descent.ts'
import type { Frame } from './frame.ts'
import type { Products } from './products.ts'

/**
 * Some columns of a head that one loss binds together: a single concept, or all of them where they exclude each other.
 * A point is, for each column, a row of weights and the bias, as seen in the frame.
 */
export interface Problem {
  readonly columns: number
  /** Weight decay: the loss has half of it times the squares of the weights, the biases excepted. */
  readonly decay: number
  readonly start: Float64Array
  /** Norm of the gradient at which it is solved. */
  readonly slope: number
  /**
   * The mean loss of the columns that begin at `first` in scores of `stride` columns to a row; puts the derivative of
   * the loss by each score into the same places of `residuals`.
   */
  loss(scores: Float64Array, residuals: Float64Array, first: number, stride: number): number
}

/** Where a problem ended. */
export interface Solution {
  /** Weights and bias of each column, in the frame. */
  readonly point: Float64Array
  readonly value: number
  /** Norm of the gradient. */
  readonly slope: number
  readonly steps: number
}

/** What a caller may want to know between steps; it throws where the work shall end. */
export type OnStep = () => void

/** Solves problems over the same vectors side by side: each step of all is one product with all their columns. */
export async function solve(
  products: Products,
  frame: Frame,
  problems: readonly Problem[],
  stepsMax: number,
  onStep: OnStep = () => {},
): Promise<Solution[]> {
  // Scores grow by at most 1 + |x|^2, whose mean is 2, and a logistic or softmax loss curves by at most 1/4 or 1/2.
  const descents = problems.map(({ start, decay, slope }) => new Descent(start, 1 / (1 + decay), { slope, stepsMax }))
  for (;;) {
    const active = problems.flatMap((problem, at) => (descents[at]!.done ? [] : [{ problem, descent: descents[at]! }]))
    if (active.length === 0) break
    onStep()
    await step(products, frame, active)
  }
  return descents.map(({ best, value, slope, steps }) => ({ point: best, value, slope, steps }))
}

async function step(
  products: Products,
  { mean, scale }: Frame,
  active: readonly { readonly problem: Problem; readonly descent: Descent }[],
): Promise<void> {
  const { rows, dims } = products
  const columns = active.reduce((sum, { problem }) => sum + problem.columns, 0)
  const weights = new Float64Array(columns * dims)
  const offsets = new Float64Array(columns)
  forEachColumn(active, dims, (column, point, from) => {
    let atMean = 0
    for (let at = 0; at < dims; at++) {
      const weight = point[from + at]! / scale
      weights[column * dims + at] = weight
      atMean += weight * mean[at]!
    }
    offsets[column] = point[from + dims]! - atMean
  })
  const raw = await products.scores(weights, columns)
  const scores = raw instanceof Float64Array ? raw : Float64Array.from(raw)
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, at++) scores[at]! += offsets[column]!
  }
  const residuals = new Float64Array(rows * columns)
  const values: number[] = []
  let first = 0
  for (const { problem } of active) {
    values.push(problem.loss(scores, residuals, first, columns))
    first += problem.columns
  }
  const sums = new Float64Array(columns)
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, at++) sums[column]! += residuals[at]!
  }
  const raised = await products.gradients(residuals, columns)
  const gradients = active.map(({ descent }) => new Float64Array(descent.point.length))
  let place = 0
  for (const [which, { problem, descent }] of active.entries()) {
    const gradient = gradients[which]!
    let decayed = 0
    for (let own = 0; own < problem.columns; own++, place++) {
      const to = own * (dims + 1)
      for (let at = 0; at < dims; at++) {
        const weight = descent.point[to + at]!
        decayed += weight * weight
        gradient[to + at] = (raised[place * dims + at]! - mean[at]! * sums[place]!) / scale + problem.decay * weight
      }
      gradient[to + dims] = sums[place]!
    }
    descent.take(values[which]! + (problem.decay / 2) * decayed, gradient)
  }
}

function forEachColumn(
  active: readonly { readonly problem: Problem; readonly descent: Descent }[],
  dims: number,
  use: (column: number, point: Float64Array, from: number) => void,
): void {
  let column = 0
  for (const { problem, descent } of active) {
    for (let own = 0; own < problem.columns; own++) use(column++, descent.point, own * (dims + 1))
  }
}

/** A solution as weights (columns x dimensions) and biases for vectors as they are, outside the frame. */
export function outsideFrame(
  point: Float64Array,
  columns: number,
  { mean, scale }: Frame,
): { weights: Float64Array; bias: Float64Array } {
  const dims = mean.length
  const weights = new Float64Array(columns * dims)
  const bias = new Float64Array(columns)
  for (let column = 0; column < columns; column++) {
    const from = column * (dims + 1)
    let atMean = 0
    for (let at = 0; at < dims; at++) {
      const weight = point[from + at]! / scale
      weights[column * dims + at] = weight
      atMean += weight * mean[at]!
    }
    bias[column] = point[from + dims]! - atMean
  }
  return { weights, bias }
}
