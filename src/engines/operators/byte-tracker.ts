import type { JsonObject } from '@bufbuild/protobuf'
import { countParam, numberParam } from '../params.ts'
import { MAX_TRACKER_DISTANCE, MAX_TRACKER_FRAMES } from './limits.ts'
import { assign } from './tracking/assign.ts'
import { type Detection, edgesOf, type Place } from './tracking/detections.ts'
import { centroidDistance, overlapDistance } from './tracking/distance.ts'
import { BoxFilter, type Noise, type SavedBox } from './tracking/motion.ts'
import { type FrameTracker, liveTracks, type Sighting, type Track, tracker } from './tracking/tracker.ts'

/** Standard deviations of position and of speed per frame, in box sizes, as the method's authors chose them. */
const POSITION_DEVIATION = 1 / 20
const SPEED_DEVIATION = 1 / 160

interface Settings {
  readonly newTrack: number
  readonly high: number
  readonly highMatch: number
  readonly lowMatch: number
  readonly unconfirmedMatch: number
  readonly maxDistance: number
  readonly maxDisappeared: number
}

interface Followed {
  readonly track: Track
  readonly label: string
  readonly motion: BoxFilter
  missing: number
}

/**
 * BYTE (Zhang et al. 2021): detections of at least `confidence_thresh` are assigned to where the tracks should be by
 * now, then the weaker ones to the tracks that are left and were seen in the frame before, so that hidden things are
 * not lost. A new track begins at `new_track_confidence_thresh` and counts once it is seen twice, or from the first
 * frame on. Match thresholds are distances, 1 less the overlap of boxes.
 */
export const byteTracker = tracker('byte-tracker', ({ params }) => {
  const settings = settingsOf(params)
  return () => new ByteTracker(settings)
})

function settingsOf(params: JsonObject): Settings {
  const share = (name: string, otherwise: number) => numberParam(params, name, { otherwise, min: 0, max: 1 })
  return {
    newTrack: share('new_track_confidence_thresh', 0.7),
    high: share('confidence_thresh', 0.6),
    highMatch: share('high_confidence_match_thresh', 0.8),
    lowMatch: share('low_confidence_match_thresh', 0.5),
    unconfirmedMatch: share('unconfirmed_match_thresh', 0.7),
    maxDistance: numberParam(params, 'max_distance', { otherwise: 1, min: 0, max: MAX_TRACKER_DISTANCE }),
    maxDisappeared: countParam(params, 'max_disappeared', { otherwise: 15, min: 0, max: MAX_TRACKER_FRAMES }),
  }
}

interface Saved {
  readonly count: number
  readonly isFirst: boolean
  readonly followed: readonly (Omit<Followed, 'motion'> & { readonly motion: SavedBox })[]
}

class ByteTracker implements FrameTracker<Saved> {
  readonly #settings: Settings
  #followed: Followed[] = []
  #count = 0
  #isFirst = true

  constructor(settings: Settings) {
    this.#settings = settings
  }

  next(detections: readonly Detection[]): Sighting[] {
    const { newTrack, high, highMatch, lowMatch, unconfirmedMatch } = this.#settings
    for (const { motion, missing } of this.#followed) motion.predict(missing > 0)
    const sure = detections.filter(({ confidence }) => confidence >= high)
    const weak = detections.filter(({ confidence }) => confidence < high)
    const confirmed = this.#followed.filter(({ track }) => track.confirmed)
    const unconfirmed = this.#followed.filter(({ track }) => !track.confirmed)

    const first = this.#match(confirmed, sure, highMatch, true)
    const recent = first.tracks.filter(({ missing }) => missing === 0)
    const second = this.#match(recent, weak, lowMatch, false)
    const third = this.#match(unconfirmed, first.detections, unconfirmedMatch, true)
    const dropped = new Set(third.tracks)

    const sightings = [...first.found, ...second.found, ...third.found]
    const met = new Set(sightings.map(({ track }) => track))
    for (const followed of this.#followed) if (!met.has(followed.track)) followed.missing++
    for (const detection of third.detections) {
      if (detection.confidence >= newTrack) sightings.push({ track: this.#begin(detection), detection })
    }
    this.#isFirst = false
    this.#followed = liveTracks(
      this.#followed.filter((one) => !dropped.has(one) && one.missing <= this.#settings.maxDisappeared),
    )
    return sightings
  }

  save(most: number): Saved {
    const followed = liveTracks(this.#followed, most).map((one) => ({ ...one, motion: one.motion.save() }))
    return { count: this.#count, isFirst: this.#isFirst, followed }
  }

  restore({ count, isFirst, followed }: Saved): void {
    this.#count = count
    this.#isFirst = isFirst
    this.#followed = followed.map((one) => ({ ...one, motion: BoxFilter.from(one.motion, noiseOf) }))
  }

  /** Assigns detections to tracks, within the distance; `weighted` makes unsure detections count as further away. */
  #match(followed: readonly Followed[], detections: readonly Detection[], limit: number, weighted: boolean) {
    const predictions = followed.map(({ motion }) => ({ box: edgesOf(motion.place) }))
    const costs = followed.map(({ label }, row) =>
      detections.map((detection) => {
        if (label !== detection.label) return Number.POSITIVE_INFINITY
        if (centroidDistance(predictions[row]!, detection) > this.#settings.maxDistance) return Number.POSITIVE_INFINITY
        const distance = overlapDistance(predictions[row]!, detection)
        return weighted ? 1 - (1 - distance) * detection.confidence : distance
      }),
    )
    const pairs = assign(costs, limit)
    const found = pairs.map(({ row, column }): Sighting => {
      const [one, detection] = [followed[row]!, detections[column]!]
      one.motion.correct(detection.place)
      one.missing = 0
      one.track.confirmed = true
      return { track: one.track, detection }
    })
    const rows = new Set(pairs.map(({ row }) => row))
    const columns = new Set(pairs.map(({ column }) => column))
    return {
      found,
      tracks: followed.filter((_, row) => !rows.has(row)),
      detections: detections.filter((_, column) => !columns.has(column)),
    }
  }

  #begin({ place, label }: Detection): Track {
    const track = { number: this.#count++, visibleFrames: 0, confirmed: this.#isFirst }
    this.#followed.push({ track, label, motion: new BoxFilter(place, noiseOf), missing: 0 })
    return track
  }
}

/** Larger things move by larger steps, so that all deviations go by the height of the box. */
function noiseOf({ height }: Place): Noise {
  const position = (POSITION_DEVIATION * height) ** 2
  const speed = (SPEED_DEVIATION * height) ** 2
  return { startPosition: 4 * position, startSpeed: 100 * speed, position, speed, both: 0, measured: position }
}
