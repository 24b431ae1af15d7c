import { create } from '@bufbuild/protobuf'
import { DataSchema, type Frame, type Track, TrackSchema } from '../../contract/index.ts'
import { embeddingData } from '../kit.ts'
import { operator } from './operator.ts'

/** A track on its way through the frames. */
interface Gathered {
  readonly sum: Float64Array
  count: number
  frames: number
  readonly beginMs: number
  endMs: number
}

/**
 * Gives each track one vector, the mean of the vectors of its regions: frames with track ids and embeddings -> tracks,
 * in the order of their first frames, each with the time from its first to its last frame in milliseconds. Vectors of
 * another length than the first of a track, or with values that are no numbers, do not count.
 */
export const trackRepresentation = operator('track-representation-operator', () => ({ data }) => {
  const tracks = new Map<string, Gathered>()
  for (const frame of data.frames) addFrame(tracks, frame)
  return create(DataSchema, { tracks: [...tracks].map(([id, track]) => trackOf(id, track)) })
})

function addFrame(tracks: Map<string, Gathered>, { frameInfo, data }: Frame): void {
  const timeMs = frameInfo?.time ?? 0
  const inFrame = new Set<string>()
  for (const { trackId, data: inner } of data?.regions ?? []) {
    const vector = inner?.embeddings[0]?.vector ?? []
    if (trackId === '' || vector.length === 0 || !vector.every(Number.isFinite)) continue
    let track = tracks.get(trackId)
    if (!track) {
      track = { sum: new Float64Array(vector.length), count: 0, frames: 0, beginMs: timeMs, endMs: timeMs }
      tracks.set(trackId, track)
    }
    if (vector.length !== track.sum.length) continue
    for (const [at, value] of vector.entries()) track.sum[at]! += value
    track.count++
    track.endMs = timeMs
    if (!inFrame.has(trackId)) track.frames++
    inFrame.add(trackId)
  }
}

function trackOf(id: string, { sum, count, frames, beginMs, endMs }: Gathered): Track {
  return create(TrackSchema, {
    id,
    data: embeddingData(sum.map((value) => value / count)),
    timeInfo: { numFrames: frames, beginTime: beginMs, endTime: endMs },
  })
}
