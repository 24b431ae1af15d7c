import type { Frame } from './frame.ts'
import { CELLS_AT_ONCE, STEPS_MAX, STRENGTH, TOLERANCE } from './limits.ts'
import { type Holdout, type Loss, logisticLoss, softmaxLoss, type Targets } from './losses.ts'
import type { Products } from './products.ts'
import { type OnStep, outsideFrame, type Problem, solve } from './solve.ts'
import type { HeadStart, Hyper } from './types.ts'

/** What heads are fitted to. */
export interface FitContext {
  readonly products: Products
  readonly frame: Frame
  readonly targets: Targets
  readonly mutuallyExclusive: boolean
  readonly hyper: Hyper
  readonly onStep?: OnStep
  /** How much less exactly heads are fitted that only calibrate; 1 unless said. */
  readonly looseness?: number
}

/** A head in double precision, before it is calibrated. */
export interface Fitted {
  /** Concepts x dimensions, for vectors as they come. */
  readonly weights: Float64Array
  readonly bias: Float64Array
  /** Concepts about which there was nothing to learn: their value is the same for every input. */
  readonly constant: Uint8Array
  readonly steps: number
  readonly loss: number
}

/** A concept is never taken for certain: its share is smoothed by one example more on either side. */
const logitOf = (share: number, total: number): number => {
  const smoothed = (share * total + 1) / (total + 2)
  return Math.log(smoothed / (1 - smoothed))
}

/** The value of a concept that there are no examples of. */
const UNKNOWN_LOGIT = Math.log(0.01 / 0.99)

interface Piece {
  readonly fit: number
  readonly concept: number
  readonly problem: Problem
}

/** A head that a fit begins with. */
export type Start = Pick<Fitted, 'weights' | 'bias'> & Pick<HeadStart, 'known'>

/**
 * Fits one head for each held-out part (undefined: none is held out), all of them side by side. `starts` are heads to
 * begin with, one for each.
 */
export async function fitHeads(
  context: FitContext,
  holdouts: readonly (Holdout | undefined)[],
  starts: readonly (Start | undefined)[] = [],
): Promise<Fitted[]> {
  const { products, frame, targets, mutuallyExclusive, hyper } = context
  const { concepts, rows } = targets
  const { dims } = products
  const fits = holdouts.map(() => ({
    weights: new Float64Array(concepts * dims),
    bias: new Float64Array(concepts),
    constant: new Uint8Array(concepts),
    steps: 0,
    loss: 0,
  }))
  const pieces: Piece[] = []
  for (const [fit, holdout] of holdouts.entries()) {
    const into = fits[fit]!
    const start = starts[fit]
    if (mutuallyExclusive) {
      const loss = softmaxLoss(targets, holdout)
      if (loss.total === 0) into.constant.fill(1)
      else
        pieces.push({
          fit,
          concept: 0,
          problem: problemOf(context, loss, { concept: 0, columns: concepts, holdout, start }),
        })
      continue
    }
    for (let concept = 0; concept < concepts; concept++) {
      const loss = logisticLoss(targets, concept, holdout)
      const share = loss.share(0)
      if (share > 0 && share < 1) {
        pieces.push({ fit, concept, problem: problemOf(context, loss, { concept, columns: 1, holdout, start }) })
        continue
      }
      into.constant[concept] = 1
      into.bias[concept] = loss.total === 0 ? UNKNOWN_LOGIT : logitOf(share, loss.total)
    }
  }
  const stepsMax = hyper.stepsMax ?? STEPS_MAX
  const columnsMax = Math.max(1, Math.floor(CELLS_AT_ONCE / rows))
  for (const block of blocksOf(pieces, columnsMax)) {
    const solutions = await solve(
      products,
      frame,
      block.map(({ problem }) => problem),
      stepsMax,
      context.onStep,
    )
    for (const [at, { fit, concept, problem }] of block.entries()) {
      const into = fits[fit]!
      const { point, steps, value } = solutions[at]!
      const { weights, bias } = outsideFrame(point, problem.columns, frame)
      into.weights.set(weights, concept * dims)
      into.bias.set(bias, concept)
      into.steps = Math.max(into.steps, steps)
      into.loss += value
    }
  }
  return fits
}

/** Which columns of a head are fitted, and from where on. */
interface Wanted {
  readonly concept: number
  readonly columns: number
  readonly holdout: Holdout | undefined
  readonly start: Start | undefined
}

function problemOf(
  { frame, hyper, products, looseness = 1 }: FitContext,
  loss: Loss,
  { concept, columns, holdout, start: given }: Wanted,
): Problem {
  const { dims } = products
  const start = new Float64Array(columns * (dims + 1))
  for (let own = 0; own < columns; own++) {
    const to = own * (dims + 1)
    if (!given || given.known?.[concept + own] === 0) {
      start[to + dims] = columns > 1 ? Math.log(Math.max(loss.share(own), 1e-4)) : logitOf(loss.share(0), loss.total)
      continue
    }
    const from = (concept + own) * dims
    let atMean = 0
    for (let at = 0; at < dims; at++) {
      const weight = given.weights[from + at]!
      start[to + at] = weight * frame.scale
      atMean += weight * frame.mean[at]!
    }
    start[to + dims] = given.bias[concept + own]! + atMean
  }
  const slope = (hyper.tolerance ?? TOLERANCE) * (holdout ? looseness : 1) * slopeScale(loss, columns)
  return { columns, decay: 1 / ((hyper.strength ?? STRENGTH) * loss.total), start, slope, loss: loss.loss }
}

/** About the norm of the gradient where nothing has been learned yet, wherever a descent begins. */
function slopeScale(loss: Loss, columns: number): number {
  let squares = 0
  for (let own = 0; own < columns; own++) squares += (loss.share(own) * (1 - loss.share(own))) ** 2
  return Math.max(Math.sqrt(squares), 1e-12)
}

function* blocksOf(pieces: readonly Piece[], columnsMax: number): Generator<Piece[]> {
  let block: Piece[] = []
  let columns = 0
  for (const piece of pieces) {
    if (block.length > 0 && columns + piece.problem.columns > columnsMax) {
      yield block
      block = []
      columns = 0
    }
    block.push(piece)
    columns += piece.problem.columns
  }
  if (block.length > 0) yield block
}
