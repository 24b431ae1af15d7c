import type { Data, Region } from '../contract/index.ts'

/** Name of the field that stands for "whatever there is". */
export const ANY_FIELD = 'any'

const REGIONS = 'regions[...].'
const FRAMES = 'frames[...].data.'

const SINGLE = new Map<string, (data: Data) => boolean>(
  Object.entries({
    image: (data: Data) => data.image !== undefined,
    video: (data: Data) => data.video !== undefined,
    text: (data: Data) => data.text !== undefined,
    audio: (data: Data) => data.audio !== undefined,
    metadata: (data: Data) => data.metadata !== undefined,
    geo: (data: Data) => data.geo !== undefined,
    concepts: (data: Data) => data.concepts.length > 0,
    embeddings: (data: Data) => data.embeddings.length > 0,
    clusters: (data: Data) => data.clusters.length > 0,
    colors: (data: Data) => data.colors.length > 0,
    regions: (data: Data) => data.regions.length > 0,
    frames: (data: Data) => data.frames.length > 0,
    tracks: (data: Data) => data.tracks.length > 0,
    hits: (data: Data) => data.hits.length > 0,
    heatmaps: (data: Data) => data.heatmaps.length > 0,
    time_segments: (data: Data) => data.timeSegments.length > 0,
    parts: (data: Data) => data.parts.length > 0,
    ndarray: (data: Data) => data.ndarray !== undefined,
  }),
)

const ANY_OF_SINGLE = [...SINGLE.values()]

const OF_REGION = new Map<string, (region: Region) => boolean>(
  Object.entries({
    track_id: (region: Region) => region.trackId !== '',
    'region_info.bounding_box': (region: Region) => region.regionInfo?.boundingBox !== undefined,
    'region_info.mask': (region: Region) => region.regionInfo?.mask !== undefined,
    'region_info.polygon': (region: Region) => region.regionInfo?.polygon !== undefined,
    // Either way of giving points will do: one region per point, or all points of a thing in its region.
    'region_info.point': ({ regionInfo }: Region) =>
      regionInfo?.point !== undefined || (regionInfo?.keypointLocations.length ?? 0) > 0,
    // Older models give tokens where newer ones give spans; both say the same.
    'region_info.span': ({ regionInfo }: Region) => regionInfo?.span !== undefined || regionInfo?.token !== undefined,
    'region_info.token': (region: Region) => region.regionInfo?.token !== undefined,
    'region_info.keypoint_locations': (region) => (region.regionInfo?.keypointLocations.length ?? 0) > 0,
  }),
)

/** Single fields of entries as ModelType.input_fields writes them: groups such as `a,b` are taken apart. */
export function splitFields(entries: readonly string[]): string[] {
  const fields = entries.flatMap((entry) => entry.split(',')).map((field) => field.trim())
  return [...new Set(fields.filter((field) => field !== ''))]
}

/** The field without the `[...]` parts below a list of Data, e.g. `concepts[...].id` becomes `concepts`. */
const leafOf = (path: string): string => path.split('[')[0]!

/** Whether data holds a field, given as a path such as `regions[...].data.concepts`; unknown paths are absent. */
export function hasField(data: Data, path: string): boolean {
  if (path === ANY_FIELD) return !isEmptyData(data)
  if (path.startsWith(REGIONS)) {
    const rest = path.slice(REGIONS.length)
    if (rest.startsWith('data.')) {
      const inner = rest.slice('data.'.length)
      return data.regions.some((region) => region.data !== undefined && hasField(region.data, inner))
    }
    const test = OF_REGION.get(leafOf(rest))
    return test !== undefined && data.regions.some(test)
  }
  if (path.startsWith(FRAMES)) {
    const inner = path.slice(FRAMES.length)
    return data.frames.some((frame) => frame.data !== undefined && hasField(frame.data, inner))
  }
  return SINGLE.get(leafOf(path))?.(data) ?? false
}

/** Top-level field of Data that a path lies in, e.g. `regions`. */
export const rootOf = (path: string): string => path.split(/[[.]/, 1)[0]!

/** Whether a path speaks of regions, so that it cannot be answered from the picture around them. */
export const isRegional = (path: string): boolean => rootOf(path) === 'regions'

/** Whether a path can only be answered once all frames of a video are there. */
export const needsWholeVideo = (path: string): boolean => ['frames', 'video', 'audio', 'tracks'].includes(rootOf(path))

/** Whether data holds nothing at all. */
export function isEmptyData(data: Data): boolean {
  return !ANY_OF_SINGLE.some((test) => test(data))
}

/** Names of the fields that data holds, for messages to callers. */
export function presentFields(data: Data): string[] {
  return [...SINGLE].filter(([, test]) => test(data)).map(([name]) => name)
}
