import { clone, create } from '@bufbuild/protobuf'
import {
  type Data,
  DataSchema,
  type Frame,
  FrameInfoSchema,
  FrameSchema,
  type Region,
  RegionSchema,
} from '../../../contract/index.ts'

/** A region of a track at a point in time. */
interface Key {
  readonly time: number
  readonly region: Region
}

/**
 * Adds frames between those in which people have marked a track: every `sampleMs` its box lies on the straight way from
 * one mark to the next. Only boxes are moved; the labels are those of the mark before.
 */
export function interpolateFrames(data: Data, sampleMs: number, framesMax: number): void {
  const tracks = tracksOf(data.frames)
  const made = new Map<number, Frame>(data.frames.map((frame) => [frame.frameInfo?.time ?? 0, frame]))
  for (const keys of tracks.values()) {
    for (let at = 1; at < keys.length; at++) {
      for (const key of between(keys[at - 1]!, keys[at]!, sampleMs)) {
        if (made.size >= framesMax && !made.has(key.time)) return
        addRegion(data, made, key)
      }
    }
  }
  data.frames.sort((a, b) => (a.frameInfo?.time ?? 0) - (b.frameInfo?.time ?? 0))
}

function tracksOf(frames: readonly Frame[]): Map<string, Key[]> {
  const tracks = new Map<string, Key[]>()
  for (const { frameInfo, data } of frames) {
    for (const region of data?.regions ?? []) {
      if (region.trackId === '' || !region.regionInfo?.boundingBox) continue
      const keys = tracks.get(region.trackId) ?? []
      keys.push({ time: frameInfo?.time ?? 0, region })
      tracks.set(region.trackId, keys)
    }
  }
  for (const keys of tracks.values()) keys.sort((a, b) => a.time - b.time)
  return tracks
}

function* between(from: Key, to: Key, sampleMs: number): Generator<Key> {
  const [a, b] = [from.region.regionInfo!.boundingBox!, to.region.regionInfo!.boundingBox!]
  for (let time = from.time + sampleMs; time < to.time; time += sampleMs) {
    const share = (time - from.time) / (to.time - from.time)
    const mix = (x: number, y: number): number => x + (y - x) * share
    const region = clone(RegionSchema, from.region)
    region.id = ''
    Object.assign(region.regionInfo!.boundingBox!, {
      topRow: mix(a.topRow, b.topRow),
      leftCol: mix(a.leftCol, b.leftCol),
      bottomRow: mix(a.bottomRow, b.bottomRow),
      rightCol: mix(a.rightCol, b.rightCol),
    })
    yield { time, region }
  }
}

function addRegion(data: Data, made: Map<number, Frame>, { time, region }: Key): void {
  let frame = made.get(time)
  if (!frame) {
    frame = create(FrameSchema, { frameInfo: create(FrameInfoSchema, { time }), data: create(DataSchema) })
    made.set(time, frame)
    data.frames.push(frame)
  }
  frame.data ??= create(DataSchema)
  if (!frame.data.regions.some(({ trackId }) => trackId === region.trackId)) frame.data.regions.push(region)
}
