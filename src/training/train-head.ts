import { type Calibration, calibrate } from './calibrate.ts'
import { type FitContext, type Fitted, fitHeads, type Start } from './fit.ts'
import { makeFolds, stablePart } from './folds.ts'
import { frameOf } from './frame.ts'
import { CALIBRATED_MIN, CALIBRATION_FOLDS, CALIBRATION_LOOSENESS, CROSS_FITTED_MAX } from './limits.ts'
import type { Targets } from './losses.ts'
import { type Products, plainProducts } from './products.ts'
import type { OnStep } from './solve.ts'
import { makeTargets } from './targets.ts'
import type { HeadOrder, HeadStart, TrainedHead } from './types.ts'

/** How products are made of the vectors; plain JavaScript unless said. */
export type MakeProducts = (matrix: Float32Array, dims: number) => Products

/** What a training may use and has to heed. */
export interface TrainingTools {
  readonly makeProducts?: MakeProducts
  /** Called between steps; throws where the training shall end. */
  readonly onStep?: OnStep
}

/**
 * Trains a linear head: for each concept the row of weights and the bias that minimise the mean logistic loss (or all
 * of them the softmax loss) plus weight decay, then scales all by one factor so that values are right on examples that
 * were held out. The same order gives the same head on the same machine.
 */
export async function trainHead(order: HeadOrder, tools: TrainingTools = {}): Promise<TrainedHead> {
  const { dims, embeddings, hyper = {}, mutuallyExclusive } = order
  const { targets, ...found } = makeTargets(order)
  const products = (tools.makeProducts ?? plainProducts)(embeddings, dims)
  const frame = frameOf(embeddings, dims)
  const plain = { products, frame, targets, mutuallyExclusive, hyper, looseness: CALIBRATION_LOOSENESS }
  const context: FitContext = { ...plain, ...(tools.onStep && { onStep: tools.onStep }) }
  const { head, calibration, held } = await fitCalibrated(context, order)
  const factor = calibration?.factor ?? 1
  const scaled = (values: Float64Array): Float32Array => Float32Array.from(values, (value) => value * factor)
  const log = {
    examples: targets.rows,
    dropped: found.dropped,
    contradictions: found.contradictions,
    concepts: found.concepts.map((concept, at) => ({ ...concept, constant: head.constant[at] === 1 })),
    steps: head.steps,
    loss: head.loss,
  }
  const bias = Float32Array.from(head.bias, (value, at) => (head.constant[at] === 1 ? value : value * factor))
  return {
    weights: scaled(head.weights),
    bias,
    ...(calibration && { calibration }),
    ...(held && { held: { weights: Float32Array.from(held.weights), bias: Float32Array.from(held.bias) } }),
    log,
  }
}

const startOf = (given: HeadStart | undefined): Start | undefined =>
  given && { ...given, weights: Float64Array.from(given.weights), bias: Float64Array.from(given.bias) }

async function fitCalibrated(
  context: FitContext,
  order: HeadOrder,
): Promise<{ head: Fitted; calibration?: Calibration; held?: Fitted }> {
  const { targets, hyper, mutuallyExclusive } = context
  const start = startOf(order.start)
  if (hyper.calibrate === false || targets.rows < CALIBRATED_MIN) {
    const [head] = await fitHeads(context, [undefined], [start])
    return { head: head! }
  }
  const seed = hyper.seed ?? 0
  if (targets.rows <= CROSS_FITTED_MAX) {
    const parts = makeFolds(targets, CALIBRATION_FOLDS, seed)
    const numbers = Array.from({ length: CALIBRATION_FOLDS }, (_, part) => part)
    const [head, ...fits] = await fitHeads(context, [undefined, ...numbers.map((part) => ({ parts, part }))], [start])
    const scored = await heldOutScores(context, fits, parts, numbers)
    return { head: head!, calibration: calibrate(scored.targets, scored.scores, mutuallyExclusive) }
  }
  const parts = stablePart(order.groups ?? Int32Array.from({ length: targets.rows }, (_, row) => row), {
    parts: CALIBRATION_FOLDS,
    seed,
  })
  const without = { parts, part: 0 }
  const heldStart = startOf(order.heldStart)
  let fits: Fitted[]
  if (start && heldStart) fits = await fitHeads(context, [without, undefined], [heldStart, start])
  else {
    // The head without one part is nearly the whole head already, so that goes on from there.
    const [held] = await fitHeads(context, [without], [heldStart])
    fits = [held!, ...(await fitHeads(context, [undefined], [start ?? held]))]
  }
  const [held, head] = fits
  const scored = await heldOutScores(context, [held!], parts, [0])
  return { head: head!, calibration: calibrate(scored.targets, scored.scores, mutuallyExclusive), held: held! }
}

/** Scores (examples x concepts, before any squashing) by heads that have not learned from the examples. */
export interface HeldOutScores {
  readonly scores: Float64Array
  /** The targets, with weight 0 where there is no score. */
  readonly targets: Targets
}

/** Has each part scored by the fit that it was held out from. */
export async function heldOutScores(
  { products, targets }: Pick<FitContext, 'products' | 'targets'>,
  fits: readonly Fitted[],
  parts: Uint8Array,
  numbers: readonly number[],
): Promise<HeldOutScores> {
  const { concepts, rows } = targets
  const weights = new Float32Array(targets.weights.length)
  const scores = new Float64Array(rows * concepts)
  for (const [at, fit] of fits.entries()) {
    const raw = await products.scores(fit.weights, concepts)
    for (let row = 0; row < rows; row++) {
      if (parts[row] !== numbers[at]) continue
      for (let concept = 0; concept < concepts; concept++) {
        const cell = row * concepts + concept
        scores[cell] = raw[cell]! + fit.bias[concept]!
        if (fit.constant[concept] === 0) weights[cell] = targets.weights[cell]!
      }
    }
  }
  return { scores, targets: { ...targets, weights } }
}

/** Held-out scores of all examples. */
export interface CrossFitted extends HeldOutScores {
  /** The part of each example. */
  readonly parts: Uint8Array
  /** What scores are to be multiplied with before they are squashed. */
  readonly factor: number
}

/**
 * Scores of all examples by heads that have not learned from them, one head for each of `count` parts; what
 * cross-validation is made of. `factor` calibrates them as the whole head would be.
 */
export async function crossFit(order: HeadOrder, count: number, tools: TrainingTools = {}): Promise<CrossFitted> {
  const { dims, embeddings, hyper = {}, mutuallyExclusive } = order
  const { targets } = makeTargets(order)
  const products = (tools.makeProducts ?? plainProducts)(embeddings, dims)
  const context = { products, frame: frameOf(embeddings, dims), targets, mutuallyExclusive, hyper }
  const parts = makeFolds(targets, count, hyper.seed ?? 0)
  const numbers = Array.from({ length: count }, (_, part) => part)
  const withSteps = { ...context, ...(tools.onStep && { onStep: tools.onStep }) }
  const fits = await fitHeads(
    withSteps,
    numbers.map((part) => ({ parts, part })),
  )
  const held = await heldOutScores(context, fits, parts, numbers)
  return { ...held, parts, factor: calibrate(held.targets, held.scores, mutuallyExclusive).factor }
}
