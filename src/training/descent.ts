import { MEMORY_PAIRS } from './limits.ts'

/** When a descent ends. */
export interface DescentEnd {
  /** Norm of the gradient at which it has arrived. */
  readonly slope: number
  readonly stepsMax: number
}

/** A step must gain this share of what the slope promises (Armijo). */
const GAIN_MIN = 1e-4
/** Relative rise of the value that is rounding and no rise. */
const NOISE = 1e-9
/** A step that had to be shortened so often cannot be told from rounding. */
const SHORTENINGS_MAX = 30

/**
 * Finds the minimum of a smooth convex function by L-BFGS. It computes nothing of the function itself: whoever drives
 * it evaluates the function at `point` and calls `take`, which sets the next point; so many descents can share one
 * matrix product. `done` says that `best` will not change any more.
 */
export class Descent {
  /** Where value and gradient are wanted next. */
  readonly point: Float64Array
  /** The best point so far. */
  readonly best: Float64Array
  value = Number.POSITIVE_INFINITY
  /** Norm of the gradient at `best`. */
  slope = Number.POSITIVE_INFINITY
  steps = 0
  done = false
  readonly #end: DescentEnd
  readonly #gradient: Float64Array
  readonly #direction: Float64Array
  readonly #pairs: { readonly moved: Float64Array; readonly changed: Float64Array; readonly inverse: number }[] = []
  #length: number
  #promise = 0
  #shortenings = 0

  /** `firstStep` is the length of the first step along the negative gradient: 1 / (largest curvature). */
  constructor(start: Float64Array, firstStep: number, end: DescentEnd) {
    this.point = start.slice()
    this.best = start.slice()
    this.#gradient = new Float64Array(start.length)
    this.#direction = new Float64Array(start.length)
    this.#length = firstStep
    this.#end = end
  }

  /** Takes value and gradient at `point`. */
  take(value: number, gradient: Float64Array): void {
    if (this.value === Number.POSITIVE_INFINITY) this.#begin(value, gradient)
    else if (value <= this.value + GAIN_MIN * this.#length * this.#promise + NOISE * Math.abs(this.value)) {
      this.#accept(value, gradient)
    } else this.#shorten(value)
  }

  #begin(value: number, gradient: Float64Array): void {
    this.value = Number.isFinite(value) ? value : Number.MAX_VALUE
    this.#gradient.set(gradient)
    this.slope = norm(gradient)
    if (!Number.isFinite(value) || this.slope <= this.#end.slope) this.done = true
    else this.#aim(false)
  }

  #accept(value: number, gradient: Float64Array): void {
    const { best, point } = this
    const moved = new Float64Array(best.length)
    const changed = new Float64Array(best.length)
    for (let at = 0; at < best.length; at++) {
      moved[at] = point[at]! - best[at]!
      changed[at] = gradient[at]! - this.#gradient[at]!
    }
    const curvature = dot(moved, changed)
    if (curvature > 1e-10 * norm(moved) * norm(changed)) {
      this.#pairs.push({ moved, changed, inverse: 1 / curvature })
      if (this.#pairs.length > MEMORY_PAIRS) this.#pairs.shift()
    }
    best.set(point)
    this.#gradient.set(gradient)
    this.value = value
    this.slope = norm(gradient)
    this.steps++
    this.#shortenings = 0
    if (this.slope <= this.#end.slope || this.steps >= this.#end.stepsMax) this.done = true
    else this.#aim(true)
  }

  #shorten(value: number): void {
    if (++this.#shortenings > SHORTENINGS_MAX) {
      this.done = true
      return
    }
    // Where the parabola through both values and the slope has its lowest point.
    const rise = value - this.value - this.#length * this.#promise
    const wanted = Number.isFinite(rise) && rise > 0 ? (-this.#promise * this.#length) / (2 * rise) : 0
    this.#length *= Math.min(0.5, Math.max(0.1, wanted))
    this.#move()
  }

  #aim(isWarm: boolean): void {
    this.#turn()
    this.#promise = dot(this.#direction, this.#gradient)
    if (this.#promise >= 0) {
      this.#pairs.length = 0
      this.#turn()
      this.#promise = dot(this.#direction, this.#gradient)
    }
    if (isWarm && this.#pairs.length > 0) this.#length = 1
    this.#move()
  }

  #move(): void {
    const { point, best } = this
    for (let at = 0; at < point.length; at++) point[at] = best[at]! + this.#length * this.#direction[at]!
  }

  /** Sets the direction: the negative gradient, seen through the curvature that the steps before have shown. */
  #turn(): void {
    const direction = this.#direction
    for (let at = 0; at < direction.length; at++) direction[at] = -this.#gradient[at]!
    const shares: number[] = []
    for (let pair = this.#pairs.length - 1; pair >= 0; pair--) {
      const { moved, changed, inverse } = this.#pairs[pair]!
      const share = inverse * dot(moved, direction)
      shares[pair] = share
      add(direction, changed, -share)
    }
    const last = this.#pairs.at(-1)
    if (last) {
      const scale = 1 / (last.inverse * dot(last.changed, last.changed))
      for (let at = 0; at < direction.length; at++) direction[at]! *= scale
    }
    for (const [pair, { moved, changed, inverse }] of this.#pairs.entries()) {
      add(direction, moved, shares[pair]! - inverse * dot(changed, direction))
    }
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let at = 0; at < a.length; at++) sum += a[at]! * b[at]!
  return sum
}

const norm = (vector: Float64Array): number => Math.sqrt(dot(vector, vector))

function add(to: Float64Array, vector: Float64Array, by: number): void {
  for (let at = 0; at < to.length; at++) to[at]! += by * vector[at]!
}
