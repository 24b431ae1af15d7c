import { create } from '@bufbuild/protobuf'
import { emptyMessage } from '../contract/binary/index.ts'
import { type Data, DataSchema, type Frame, FrameSchema, type Region, RegionSchema } from '../contract/index.ts'

type DataFields = Partial<Omit<Data, '$typeName' | '$unknown'>>

/** Data that holds the given fields; messages inside keep their identity, on which bound images depend. */
export function dataOf(fields: DataFields = {}): Data {
  const data = emptyMessage(DataSchema)
  for (const name in fields) {
    const value = fields[name as keyof DataFields]
    if (value !== undefined) (data as Record<string, unknown>)[name] = value
  }
  return data
}

/** A region like the given one with other data. */
export function regionWith(region: Region, data: Data | undefined): Region {
  const { id, regionInfo, value, trackId } = region
  return create(RegionSchema, { id, regionInfo, value, trackId, data })
}

/**
 * What several nodes made, seen as one: lists are joined, of single values the first counts, and regions with the
 * same id, and frames of the same place in a video, become one that holds the data of all.
 */
export function mergeData(all: readonly Data[]): Data {
  if (all.length === 1) return all[0]!
  const merged = dataOf()
  for (const data of all) addTo(merged, data)
  return merged
}

function addTo(merged: Data, data: Data): void {
  merged.image ??= data.image
  merged.video ??= data.video
  merged.text ??= data.text
  merged.audio ??= data.audio
  merged.geo ??= data.geo
  merged.ndarray ??= data.ndarray
  if (data.metadata) merged.metadata = { ...data.metadata, ...merged.metadata }
  merged.concepts = joined(merged.concepts, data.concepts)
  merged.colors = joined(merged.colors, data.colors)
  merged.clusters = joined(merged.clusters, data.clusters)
  merged.embeddings = joined(merged.embeddings, data.embeddings)
  merged.frames = mergeFrames(merged.frames, data.frames)
  merged.tracks = joined(merged.tracks, data.tracks)
  merged.timeSegments = joined(merged.timeSegments, data.timeSegments)
  merged.hits = joined(merged.hits, data.hits)
  merged.heatmaps = joined(merged.heatmaps, data.heatmaps)
  merged.parts = joined(merged.parts, data.parts)
  merged.regions = mergeRegions(merged.regions, data.regions)
}

/** Both lists; what a filter passed on and what it got are the same objects, which count once. */
const joined = <T>(a: readonly T[], b: readonly T[]): T[] => [...new Set([...a, ...b])]

function mergeRegions(before: readonly Region[], added: readonly Region[]): Region[] {
  const merged = [...before]
  const places = new Map(before.map((region, place) => [region.id, place]))
  for (const region of added) {
    const place = region.id === '' ? undefined : places.get(region.id)
    if (place === undefined) {
      merged.push(region)
    } else {
      const first = merged[place]!
      const trackId = first.trackId || region.trackId
      merged[place] = regionWith({ ...first, trackId }, together(first.data, region.data))
    }
  }
  return merged
}

function mergeFrames(before: readonly Frame[], added: readonly Frame[]): Frame[] {
  if (before.length === 0) return [...added]
  const merged = [...before]
  const places = placesOfFrames(before)
  for (const [at, frame] of added.entries()) {
    const place = places(frame, at)
    if (place === undefined) merged.push(frame)
    else merged[place] = create(FrameSchema, { ...merged[place]!, data: together(merged[place]!.data, frame.data) })
  }
  return merged
}

/**
 * Finds the place of a frame of another list in a list of frames: by its index, or simply by its place where the
 * frames tell no index.
 */
export function placesOfFrames(frames: readonly Frame[]): (frame: Frame, at: number) => number | undefined {
  const byIndex = new Map(frames.map(({ frameInfo }, place) => [frameInfo?.index, place]))
  if (byIndex.size === frames.length && !byIndex.has(undefined)) return ({ frameInfo }) => byIndex.get(frameInfo?.index)
  return (_, at) => (at < frames.length ? at : undefined)
}

function together(...parts: (Data | undefined)[]): Data | undefined {
  const known = parts.filter((data) => data !== undefined)
  return known.length === 0 ? undefined : mergeData(known)
}
