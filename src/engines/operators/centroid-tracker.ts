import { countParam, numberParam } from '../params.ts'
import { MAX_TRACKER_DISTANCE, MAX_TRACKER_FRAMES } from './limits.ts'
import { type Detection, restoreDetection, type SavedDetection, saveDetection } from './tracking/detections.ts'
import { centroidDistance } from './tracking/distance.ts'
import { type FrameTracker, liveTracks, type Sighting, type Track, tracker } from './tracking/tracker.ts'

interface Followed {
  readonly track: Track
  last: Detection
  missing: number
}

interface Settings {
  readonly maxDistance: number
  readonly maxDisappeared: number
}

/**
 * Tracks by the distance of box middles from frame to frame: the nearest pair of track and detection comes first, then
 * the next nearest of those left, up to `max_distance` (in shares of the picture's sides); what is left begins a new
 * track. A track waits for `max_disappeared` frames where it was last seen.
 */
export const centroidTracker = tracker('centroid-tracker', ({ params }) => {
  const settings: Settings = {
    maxDistance: numberParam(params, 'max_distance', { otherwise: 0.4, min: 0, max: MAX_TRACKER_DISTANCE }),
    maxDisappeared: countParam(params, 'max_disappeared', { otherwise: 15, min: 0, max: MAX_TRACKER_FRAMES }),
  }
  return () => new CentroidTracker(settings)
})

interface Saved {
  readonly count: number
  readonly followed: readonly (Omit<Followed, 'last'> & { readonly last: SavedDetection })[]
}

class CentroidTracker implements FrameTracker<Saved> {
  readonly #settings: Settings
  #followed: Followed[] = []
  #count = 0

  constructor(settings: Settings) {
    this.#settings = settings
  }

  next(detections: readonly Detection[]): Sighting[] {
    const found = new Map<Detection, Followed>()
    const taken = new Set<Followed>()
    for (const { followed, detection } of this.#nearestPairs(detections)) {
      if (found.has(detection) || taken.has(followed)) continue
      found.set(detection, followed)
      taken.add(followed)
    }
    for (const followed of this.#followed) followed.missing++
    const sightings = detections.map((detection) => {
      const followed = found.get(detection) ?? this.#begin(detection)
      followed.last = detection
      followed.missing = 0
      return { track: followed.track, detection }
    })
    this.#followed = liveTracks(this.#followed.filter(({ missing }) => missing <= this.#settings.maxDisappeared))
    return sightings
  }

  save(most: number): Saved {
    const followed = liveTracks(this.#followed, most).map((one) => ({ ...one, last: saveDetection(one.last) }))
    return { count: this.#count, followed }
  }

  restore({ count, followed }: Saved): void {
    this.#count = count
    this.#followed = followed.map((one) => ({ ...one, last: restoreDetection(one.last) }))
  }

  #nearestPairs(detections: readonly Detection[]) {
    const { maxDistance } = this.#settings
    return this.#followed
      .flatMap((followed) =>
        detections.flatMap((detection) => {
          const distance = centroidDistance(followed.last, detection)
          return followed.last.label === detection.label && distance <= maxDistance
            ? [{ followed, detection, distance }]
            : []
        }),
      )
      .sort((a, b) => a.distance - b.distance)
  }

  #begin(last: Detection): Followed {
    const begun = { track: { number: this.#count++, visibleFrames: 0, confirmed: true }, last, missing: 0 }
    this.#followed.push(begun)
    return begun
  }
}
