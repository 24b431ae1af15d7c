import { create } from '@bufbuild/protobuf'
import { type Data, DataSchema, type Region, RegionSchema } from '../contract/index.ts'
import { rootOf } from './fields.ts'

/** Data that holds the given fields; messages inside keep their identity, on which bound images depend. */
export const dataOf = (fields: Partial<Omit<Data, '$typeName' | '$unknown'>> = {}): Data => create(DataSchema, fields)

/** A region like the given one with other data. */
export function regionWith(region: Region, data: Data | undefined): Region {
  const { id, regionInfo, value, trackId } = region
  return create(RegionSchema, { id, regionInfo, value, trackId, data })
}

/**
 * What several nodes made, seen as one: lists are joined, of single values the first counts, and regions with the
 * same id become one region that holds the data of all.
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
  merged.frames = joined(merged.frames, data.frames)
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
      const parts = [first.data, region.data].filter((data) => data !== undefined)
      merged[place] = regionWith(first, parts.length === 0 ? undefined : mergeData(parts))
    }
  }
  return merged
}

/** Copies the top-level fields that the paths lie in from one Data to another, by reference. */
export function copyFields(from: Data, to: Data, paths: readonly string[]): void {
  for (const path of paths) {
    const root = rootOf(path)
    const key = (root === 'time_segments' ? 'timeSegments' : root) as keyof Data
    if (from[key] !== undefined) Object.assign(to, { [key]: from[key] })
  }
}
