import type { Place } from './detections.ts'

/** How unsure a filter is, as variances of a share of the picture; per frame where it moves. */
export interface Noise {
  /** Of the first position and the first speed. */
  readonly startPosition: number
  readonly startSpeed: number
  /** What one frame adds to position, to speed, and to both together. */
  readonly position: number
  readonly speed: number
  readonly both: number
  /** Of what is measured. */
  readonly measured: number
}

/** Value, speed, and the variances of the first, of both together and of the second. */
type SavedAxis = [number, number, number, number, number]

/** What a BoxFilter knows, by axis. */
export type SavedBox = Readonly<Record<keyof Place, SavedAxis>>

/** Kalman filter of one coordinate that moves at constant speed; time goes in frames. */
export class AxisFilter {
  value: number
  speed = 0
  #valueVariance: number
  #covariance = 0
  #speedVariance: number

  constructor(value: number, noise: Noise) {
    this.value = value
    this.#valueVariance = noise.startPosition
    this.#speedVariance = noise.startSpeed
  }

  /** Moves on by one frame. */
  predict(noise: Noise): void {
    this.value += this.speed
    this.#valueVariance += 2 * this.#covariance + this.#speedVariance + noise.position
    this.#covariance += this.#speedVariance + noise.both
    this.#speedVariance += noise.speed
  }

  /** Everything that it knows. */
  save(): SavedAxis {
    return [this.value, this.speed, this.#valueVariance, this.#covariance, this.#speedVariance]
  }

  restore([value, speed, valueVariance, covariance, speedVariance]: SavedAxis): void {
    this.value = value
    this.speed = speed
    this.#valueVariance = valueVariance
    this.#covariance = covariance
    this.#speedVariance = speedVariance
  }

  /** Takes a measurement of the coordinate in. */
  correct(measured: number, noise: Noise): void {
    const variance = this.#valueVariance + noise.measured
    // Nothing is unsure: the measurement is the truth, and there is no knowing what it says of the speed.
    const [gain, speedGain] = variance > 0 ? [this.#valueVariance / variance, this.#covariance / variance] : [1, 0]
    const surprise = measured - this.value
    this.value += gain * surprise
    this.speed += speedGain * surprise
    this.#speedVariance -= speedGain * this.#covariance
    this.#covariance *= 1 - gain
    this.#valueVariance *= 1 - gain
  }
}

const AXES = ['x', 'y', 'width', 'height'] as const

/**
 * Kalman filter of a box. Middle and size move independently of each other and are measured directly, so four filters
 * of one coordinate each are the same as one of eight dimensions.
 */
export class BoxFilter {
  readonly #axes: Readonly<Record<keyof Place, AxisFilter>>
  readonly #noise: (box: Place) => Noise

  /** `noise` may depend on the size of the box. */
  constructor(box: Place, noise: (box: Place) => Noise) {
    this.#noise = noise
    const first = noise(box)
    this.#axes = {
      x: new AxisFilter(box.x, first),
      y: new AxisFilter(box.y, first),
      width: new AxisFilter(box.width, first),
      height: new AxisFilter(box.height, first),
    }
  }

  /** A filter that knows what another one knew. */
  static from(saved: SavedBox, noise: (box: Place) => Noise): BoxFilter {
    const filter = new BoxFilter({ x: 0, y: 0, width: 0, height: 0 }, noise)
    for (const axis of AXES) filter.#axes[axis].restore(saved[axis])
    return filter
  }

  /** Everything that it knows. */
  save(): SavedBox {
    const { x, y, width, height } = this.#axes
    return { x: x.save(), y: y.save(), width: width.save(), height: height.save() }
  }

  /** Where the box is believed to be; sizes are never negative. */
  get place(): Place {
    const { x, y, width, height } = this.#axes
    return { x: x.value, y: y.value, width: Math.max(0, width.value), height: Math.max(0, height.value) }
  }

  /** Moves on by one frame; with `fixSize` only the middle moves. */
  predict(fixSize = false): void {
    const noise = this.#noise(this.place)
    for (const axis of fixSize ? (['x', 'y'] as const) : AXES) this.#axes[axis].predict(noise)
  }

  /** Takes a detected box in. */
  correct(box: Place): void {
    const noise = this.#noise(this.place)
    for (const axis of AXES) this.#axes[axis].correct(box[axis], noise)
  }

  /** Puts the box somewhere, leaving its speed. */
  move(box: Partial<Place>): void {
    for (const axis of AXES) if (box[axis] !== undefined) this.#axes[axis].value = box[axis]
  }
}
