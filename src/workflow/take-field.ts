import { create } from '@bufbuild/protobuf'
import { type Data, type Frame, FrameSchema, type Region, RegionSchema } from '../contract/index.ts'
import { dataOf, placesOfFrames } from './data.ts'
import { hasField, rootOf } from './fields.ts'

const REGIONS = 'regions[...].'
const FRAMES = 'frames[...].data.'
const IN_DATA = 'data.'

/**
 * Gives data a field of other data, by reference. Regions and frames that are there already stay what they are and
 * only get what they lack from the region of the same id, or the frame of the same place: take fields from the nearest
 * source first.
 */
export function takeField(to: Data, from: Data, path: string): void {
  const root = rootOf(path)
  if (root === 'regions' && to.regions.length > 0) {
    if (to.regions !== from.regions) to.regions = completedRegions(to.regions, from.regions, path)
  } else if (root === 'frames' && to.frames.length > 0) {
    if (to.frames !== from.frames) to.frames = completedFrames(to.frames, from.frames, path)
  } else {
    const key = (root === 'time_segments' ? 'timeSegments' : root) as keyof Data
    if (from[key] !== undefined) Object.assign(to, { [key]: from[key] })
  }
}

function completedRegions(regions: readonly Region[], others: readonly Region[], path: string): Region[] {
  const byId = new Map(others.filter(({ id }) => id !== '').map((other) => [other.id, other]))
  const rest = path.slice(REGIONS.length)
  const inner = rest.startsWith(IN_DATA) ? rest.slice(IN_DATA.length) : undefined
  return regions.map((region) => {
    const other = byId.get(region.id)
    if (!other) return region
    if (inner !== undefined) {
      const data = completedData(region.data, other.data, inner)
      return data === region.data ? region : create(RegionSchema, { ...region, data })
    }
    const regionInfo = region.regionInfo ?? other.regionInfo
    return create(RegionSchema, { ...region, regionInfo, trackId: region.trackId || other.trackId })
  })
}

function completedFrames(frames: readonly Frame[], others: readonly Frame[], path: string): Frame[] {
  const places = placesOfFrames(others)
  return frames.map((frame, at) => {
    const place = places(frame, at)
    const data = completedData(
      frame.data,
      place === undefined ? undefined : others[place]!.data,
      path.slice(FRAMES.length),
    )
    return data === frame.data ? frame : create(FrameSchema, { ...frame, data })
  })
}

function completedData(data: Data | undefined, other: Data | undefined, path: string): Data | undefined {
  if (!other || !hasField(other, path)) return data
  const root = rootOf(path)
  const isWhole = data !== undefined && root !== 'regions' && root !== 'frames' && hasField(data, path)
  if (isWhole) return data
  const completed = dataOf({ ...data })
  takeField(completed, other, path)
  return completed
}
