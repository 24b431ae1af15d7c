import { setImmediate as breathe } from 'node:timers/promises'
import { create } from '@bufbuild/protobuf'
import { newId } from '../../../base/ids.ts'
import {
  BoundingBoxSchema,
  type Data,
  DataSchema,
  type Frame,
  FrameSchema,
  type Region,
  RegionInfoSchema,
  RegionSchema,
} from '../../../contract/index.ts'
import { unit } from '../../boxes.ts'
import type { Engine, EngineItem, EngineMemory, EngineSetup } from '../../engine.ts'
import { booleanParam, countParam, numberParam, textParam } from '../../params.ts'
import {
  MAX_LIVE_TRACKS,
  MAX_TRACK_PREFIX_LENGTH,
  MAX_TRACKED_DETECTIONS,
  MAX_TRACKER_FRAMES,
  TRACKER_BREATH_FRAMES,
  TRACKER_MEMORY_CHARS,
} from '../limits.ts'
import { operator } from '../operator.ts'
import { type Detection, detectionsOf, type Edges } from './detections.ts'

/** A thing that is followed through a video. */
export interface Track {
  /** Becomes the id, after the prefix; counts up from 0. */
  readonly number: number
  /** Frames in which it was detected. */
  visibleFrames: number
  /** False for a track that may still turn out to be nothing; such tracks are not answered. */
  confirmed: boolean
}

/** A track in one frame. */
export interface Sighting {
  readonly track: Track
  /** What it was detected as; in frames without detection, what it was last. */
  readonly detection: Detection
  /** Where it is shown; the detected box unless said. */
  readonly box?: Edges
  /** Not detected in this frame but shown where it should be. */
  readonly projected?: boolean
  /** Value shown for it; the detected one unless said. */
  readonly value?: number
}

/** Follows the things of one video, frame by frame; `S` is what it can be saved as, in JSON. */
export interface FrameTracker<S> {
  next(detections: readonly Detection[]): Sighting[]
  /** All that is needed to go on later, with at most `most` of its tracks: those missing for the fewest frames. */
  save(most: number): S
  restore(saved: S): void
}

/**
 * Makes the operator of a tracking method: frames of regions -> the same frames, with a track id in each region that
 * belongs to a track. Regions below `min_confidence` and those of tracks that are detected in no more than
 * `min_visible_frames` frames have none. All else is passed on as it came. In a stream that goes on from call to call
 * the tracks of the last call go on as well.
 */
export function tracker<S>(name: string, make: (setup: EngineSetup) => () => FrameTracker<S>): Engine {
  return operator(name, (setup) => {
    const { params } = setup
    const range = (max: number) => ({ min: 0, max })
    const minConfidence = numberParam(params, 'min_confidence', { otherwise: 0, ...range(1) })
    const minVisible = countParam(params, 'min_visible_frames', { otherwise: 0, ...range(MAX_TRACKER_FRAMES) })
    const prefix = textParam(params, 'track_id_prefix', { otherwise: '', max: MAX_TRACK_PREFIX_LENGTH })
    const most = { otherwise: MAX_TRACKED_DETECTIONS, min: 1, max: MAX_TRACKED_DETECTIONS }
    const limit = countParam(params, 'max_detection', most)
    const hasProbability = booleanParam(params, 'has_probability', true)
    const begin = make(setup)
    return async (item) => {
      const detected = (frame: Frame): Detection[] => {
        const found = detectionsOf(frame.data, limit)
        if (!hasProbability) return found.map((detection) => ({ ...detection, confidence: 1 }))
        return found.filter(({ confidence }) => confidence >= minConfidence)
      }
      const method = begin()
      const saved = readMemory<S>(name, item.memory)
      if (saved !== undefined) method.restore(saved)
      const seen = await follow(item, method, detected)
      if (item.memory) item.memory.text = writeMemory(name, method)
      const isShown = ({ confirmed, visibleFrames }: Track): boolean => confirmed && visibleFrames > minVisible
      const frames = item.data.frames.map((frame, place) => {
        const shown = seen[place]!.filter(({ track }) => isShown(track))
        return shown.length === 0 ? frame : withTracks(frame, shown, prefix)
      })
      return create(DataSchema, { frames })
    }
  })
}

async function follow<S>(
  { data, scope }: EngineItem,
  method: FrameTracker<S>,
  detected: (frame: Frame) => Detection[],
): Promise<Sighting[][]> {
  const seen: Sighting[][] = []
  for (const frame of data.frames) {
    if (seen.length % TRACKER_BREATH_FRAMES === TRACKER_BREATH_FRAMES - 1) await breathe()
    scope.signal.throwIfAborted()
    const sightings = method.next(detected(frame))
    for (const { track, projected } of sightings) if (!projected) track.visibleFrames++
    seen.push(sightings)
  }
  return seen
}

function withTracks(frame: Frame, sightings: readonly Sighting[], prefix: string): Frame {
  const data: Data = frame.data ?? create(DataSchema)
  const detected = new Map(sightings.filter(({ projected }) => !projected).map((seen) => [seen.detection.region, seen]))
  const regions = data.regions.map((region) => {
    const seen = detected.get(region)
    return seen ? trackedRegion(region, seen, prefix) : region
  })
  const projected = sightings.filter((seen) => seen.projected)
  const added = projected.map((seen) => ({ ...trackedRegion(seen.detection.region, seen, prefix), id: newId() }))
  return create(FrameSchema, { ...frame, data: create(DataSchema, { ...data, regions: [...regions, ...added] }) })
}

function trackedRegion(region: Region, { track, box, value }: Sighting, prefix: string): Region {
  const regionInfo = box
    ? create(RegionInfoSchema, {
        ...(region.regionInfo ?? create(RegionInfoSchema)),
        boundingBox: create(BoundingBoxSchema, {
          topRow: unit(box.top),
          leftCol: unit(box.left),
          bottomRow: unit(box.bottom),
          rightCol: unit(box.right),
        }),
      })
    : region.regionInfo
  return create(RegionSchema, {
    ...region,
    regionInfo,
    value: value ?? region.value,
    trackId: `${prefix}${track.number}`,
  })
}

/** A memory as a tracker writes it; another tracker, or a later form, finds nothing in it. */
interface Written<S> {
  readonly tracker: string
  readonly form: number
  readonly state: S
}

const FORM = 1

function readMemory<S>(name: string, memory: EngineMemory | undefined): S | undefined {
  if (memory?.text === undefined) return undefined
  const written = JSON.parse(memory.text) as Written<S>
  return written.tracker === name && written.form === FORM ? written.state : undefined
}

/** As many tracks as fit into TRACKER_MEMORY_CHARS; the others begin anew when they are seen again. */
function writeMemory<S>(name: string, method: FrameTracker<S>): string {
  for (let most = MAX_LIVE_TRACKS; ; most = Math.floor(most / 2)) {
    const written: Written<S> = { tracker: name, form: FORM, state: method.save(most) }
    const text = JSON.stringify(written)
    if (text.length <= TRACKER_MEMORY_CHARS || most === 0) return text
  }
}

/** The tracks that are still followed: those missing for the fewest frames, at most `most`. */
export function liveTracks<T extends { readonly missing: number }>(tracks: readonly T[], most = MAX_LIVE_TRACKS): T[] {
  if (tracks.length <= most) return [...tracks]
  return [...tracks].sort((a, b) => a.missing - b.missing).slice(0, most)
}
