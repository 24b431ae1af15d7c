import { assign } from './assign.ts'
import {
  type Detection,
  edgesOf,
  type Place,
  restoreDetection,
  type SavedDetection,
  saveDetection,
} from './detections.ts'
import type { Comparable } from './distance.ts'
import type { KalmanSettings } from './kalman-settings.ts'
import { BoxFilter, type Noise, type SavedBox } from './motion.ts'
import { RunningMean, type SavedMean } from './running-mean.ts'
import { type FrameTracker, liveTracks, type Sighting, type Track } from './tracker.ts'
import { Newest, type SavedVectors, type VectorMemory } from './vector-memory.ts'

/** How much a new value counts in smoothed ones. */
const VALUE_WEIGHT = 0.5
const ERROR_WEIGHT = 0.1
/** Least deviation of association errors that the match limit reckons with: few matches say little. */
const ERROR_DEVIATION_MIN = 0.05

/** A thing that is followed by a Kalman filter. */
export interface Followed {
  track: Track
  readonly label: string
  readonly motion: BoxFilter
  last: Detection
  readonly vectors: VectorMemory
  /** Smoothed confidence. */
  readonly value: RunningMean
  missing: number
}

/** What re-identification adds: how vectors are kept, and what becomes of tracks that are given up or begun. */
export interface Identities<S> {
  memory(): VectorMemory
  gone(followed: Followed): void
  /** The given-up track that a new one continues. */
  recognise(begun: readonly Followed[]): ReadonlyMap<Followed, Track>
  nextFrame(): void
  save(most: number): S
  restore(saved: S): void
}

interface SavedFollowed {
  readonly track: Track
  readonly label: string
  readonly motion: SavedBox
  readonly last: SavedDetection
  readonly vectors: SavedVectors
  readonly value: SavedMean
  readonly missing: number
}

/** What a KalmanTracker can be saved as. */
export interface SavedKalman<S> {
  readonly count: number
  readonly error: SavedMean
  readonly followed: readonly SavedFollowed[]
  readonly identities?: S
}

/**
 * Follows things by Kalman filters: where each track should be by now is compared to what is detected, and the two are
 * assigned by the Hungarian method, round by round.
 */
export class KalmanTracker<S = never> implements FrameTracker<SavedKalman<S>> {
  readonly #settings: KalmanSettings
  readonly #identities: Identities<S> | undefined
  readonly #noise: () => Noise
  readonly #error = new RunningMean(ERROR_WEIGHT)
  #followed: Followed[] = []
  #count = 0

  constructor(settings: KalmanSettings, identities?: Identities<S>) {
    this.#settings = settings
    this.#identities = identities
    const { covariance, observation } = settings
    // A filter of constant speed whose speed changes at random: covariance_error is the variance of that change too.
    const noise = {
      startPosition: covariance,
      startSpeed: covariance,
      position: covariance / 4,
      both: covariance / 2,
      speed: covariance,
      measured: observation,
    }
    this.#noise = () => noise
  }

  next(detections: readonly Detection[]): Sighting[] {
    const { projectOn, fixSize, keepInImage, newTrack, maxDisappeared, projectFrames } = this.#settings
    this.#identities?.nextFrame()
    for (const { motion, missing } of this.#followed) {
      if (missing === 0 || projectOn) motion.predict(missing > 0 && fixSize)
      if (keepInImage) motion.move(insideOf(motion.place))
    }
    const found = this.#associate(detections)
    const met = new Set(found.values())
    for (const followed of this.#followed) if (!met.has(followed)) followed.missing++
    for (const followed of this.#followed.filter(({ missing }) => missing > maxDisappeared)) {
      this.#identities?.gone(followed)
    }
    const projected = this.#followed.filter(({ missing }) => missing > 0 && missing <= projectFrames)
    const begun = new Map<Detection, Followed>()
    for (const detection of detections) {
      if (!found.has(detection) && detection.confidence >= newTrack) begun.set(detection, this.#begin(detection))
    }
    for (const [followed, track] of this.#identities?.recognise([...begun.values()]) ?? []) followed.track = track
    this.#followed = liveTracks([
      ...this.#followed.filter(({ missing }) => missing <= maxDisappeared),
      ...begun.values(),
    ])
    return [
      ...[...found, ...begun].map(([detection, followed]) => this.#sighting(followed, detection)),
      ...projected.map((followed) => this.#projection(followed)),
    ]
  }

  save(most: number): SavedKalman<S> {
    const followed = liveTracks(this.#followed, most).map(({ motion, last, vectors, value, ...rest }) => ({
      ...rest,
      motion: motion.save(),
      last: saveDetection(last),
      vectors: vectors.save(),
      value: value.save(),
    }))
    const identities = this.#identities?.save(most)
    return { count: this.#count, error: this.#error.save(), followed, ...(identities ? { identities } : {}) }
  }

  restore({ count, error, followed, identities }: SavedKalman<S>): void {
    this.#count = count
    this.#error.restore(error)
    this.#followed = followed.map(({ motion, last, vectors, value, ...rest }) => {
      const restored = {
        ...rest,
        motion: BoxFilter.from(motion, this.#noise),
        last: restoreDetection(last),
        vectors: this.#newVectors(),
        value: new RunningMean(VALUE_WEIGHT),
      }
      restored.vectors.restore(vectors)
      restored.value.restore(value)
      return restored
    })
    if (identities !== undefined) this.#identities?.restore(identities)
  }

  #associate(detections: readonly Detection[]): Map<Detection, Followed> {
    const found = new Map<Detection, Followed>()
    const met = new Set<Followed>()
    for (const confidence of this.#settings.rounds) {
      const rows = this.#followed.filter((followed) => !met.has(followed))
      const columns = detections.filter((one) => !found.has(one) && one.confidence >= confidence)
      for (const { row, column, cost } of this.#pairs(rows, columns)) {
        this.#meet(rows[row]!, columns[column]!, cost)
        found.set(columns[column]!, rows[row]!)
        met.add(rows[row]!)
      }
    }
    return found
  }

  #pairs(rows: readonly Followed[], columns: readonly Detection[]) {
    const { distance, maxDistance, ruleOut, matchLimitRatio, matchLimitMin } = this.#settings
    const predictions = rows.map(
      ({ motion, vectors }): Comparable => ({
        box: edgesOf(motion.place),
        // Taking vectors together costs time, and most distances do not ask for them.
        get embedding() {
          return vectors.value
        },
      }),
    )
    const costs = rows.map(({ label }, row) =>
      columns.map((column) =>
        label === column.label ? distance(predictions[row]!, column) : Number.POSITIVE_INFINITY,
      ),
    )
    const pairs = assign(costs, maxDistance, ruleOut)
    if (pairs.length > 0) this.#error.add(pairs.reduce((sum, { cost }) => sum + cost, 0) / pairs.length)
    if (matchLimitRatio < 1 || this.#followed.length <= matchLimitMin) return pairs
    const spread = Math.max(this.#error.deviation, ERROR_DEVIATION_MIN)
    return pairs.filter(({ cost }) => cost <= matchLimitRatio * spread + this.#error.mean)
  }

  #meet(followed: Followed, detection: Detection, cost: number): void {
    followed.motion.correct(detection.place)
    if (cost > this.#settings.fallBack) followed.motion.move(detection.place)
    followed.last = detection
    followed.missing = 0
    followed.value.add(detection.confidence)
    if (detection.embedding) followed.vectors.add(detection.embedding)
  }

  #begin(last: Detection): Followed {
    const begun: Followed = {
      track: { number: this.#count++, visibleFrames: 0, confirmed: true },
      label: last.label,
      motion: new BoxFilter(last.place, this.#noise),
      last,
      vectors: this.#newVectors(),
      value: new RunningMean(VALUE_WEIGHT),
      missing: 0,
    }
    begun.value.add(last.confidence)
    if (last.embedding) begun.vectors.add(last.embedding)
    return begun
  }

  #newVectors(): VectorMemory {
    return this.#identities?.memory() ?? new Newest()
  }

  #sighting({ track, motion, value }: Followed, detection: Detection): Sighting {
    const { detectedBoxFrames, smoothValue } = this.#settings
    return {
      track,
      detection,
      ...(detectedBoxFrames === 0 ? { box: edgesOf(motion.place) } : {}),
      ...(smoothValue ? { value: value.mean } : {}),
    }
  }

  #projection({ track, motion, value, last, missing }: Followed): Sighting {
    const { detectedBoxFrames, smoothValue } = this.#settings
    return {
      track,
      detection: last,
      projected: true,
      ...(missing >= detectedBoxFrames ? { box: edgesOf(motion.place) } : {}),
      ...(smoothValue ? { value: value.mean } : {}),
    }
  }
}

/** The middle of a box, brought back into the picture. */
const insideOf = ({ x, y }: Place): Pick<Place, 'x' | 'y'> => ({
  x: Math.min(1, Math.max(0, x)),
  y: Math.min(1, Math.max(0, y)),
})
