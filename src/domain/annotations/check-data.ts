import { checkConceptId } from '../../base/ids.ts'
import { METADATA_BYTES_MAX } from '../../base/limits.ts'
import type { Concept, Data, Embedding, Frame, GeoPoint, Region, TimeInfo, TimeSegment } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { checkShape, type ShapeInput } from './check-shape.ts'
import { ANNOTATION_TEXT_BYTES_MAX, CONCEPTS_MAX, EMBEDDING_DIMENSIONS_MAX, EMBEDDINGS_MAX } from './limits.ts'
import { checkCount, checkNumber, invalidAnnotation } from './problem.ts'

/**
 * Refuses data that no annotation may have: numbers that are none, shapes that cannot be, more than one region, frame
 * or time segment. `input` is what the annotation lies on.
 */
export function checkAnnotationData(data: Data, input: ShapeInput): void {
  const places = data.regions.length + data.frames.length + data.timeSegments.length + data.tracks.length
  if (places > 1) {
    throw invalidAnnotation(
      `An annotation has ${places} regions, frames, time segments or tracks; send one annotation for each.`,
    )
  }
  checkLevel(data)
  for (const region of data.regions) checkRegion(region, input)
  for (const frame of data.frames) checkFrame(frame, input)
  for (const segment of data.timeSegments) checkSegment(segment, input)
  for (const track of data.tracks) {
    if (track.id === '') throw invalidAnnotation('A track has no id; give it one.')
    checkNumber('The quality of a track', track.quality, 0, Number.MAX_VALUE)
    if (track.timeInfo) checkTime('track', track.timeInfo)
    if (track.data) checkNested('track', track.data, input, false)
  }
}

/** Whether data says nothing at all, so that an annotation with it is empty. */
export function isEmptyData(data: Data | undefined): boolean {
  if (!data) return true
  const { metadata, text, geo } = data
  const lists = [data.concepts, data.regions, data.frames, data.timeSegments, data.tracks, data.embeddings]
  return (
    [...lists, data.clusters, data.colors].every((list) => list.length === 0) &&
    (!metadata || Object.keys(metadata).length === 0) &&
    (!text || (text.raw === '' && text.url === '')) &&
    !geo?.geoPoint
  )
}

/** What may stand on every level: labels, text, vectors, free JSON. */
function checkLevel(data: Data): void {
  if (data.image || data.video || data.audio) {
    throw invalidAnnotation('The data of an annotation holds media; they belong to the input, leave them out.')
  }
  checkConcepts(data.concepts)
  if (data.metadata && Buffer.byteLength(JSON.stringify(data.metadata)) > METADATA_BYTES_MAX) {
    throw invalidAnnotation(`The metadata of an annotation are too large; use at most ${METADATA_BYTES_MAX} bytes.`)
  }
  const textBytes = Buffer.byteLength(data.text?.raw ?? '')
  if (textBytes > ANNOTATION_TEXT_BYTES_MAX) {
    throw invalidAnnotation(
      `The text of an annotation has ${textBytes} bytes; use at most ${ANNOTATION_TEXT_BYTES_MAX}.`,
    )
  }
  checkCount('embeddings', data.embeddings.length, EMBEDDINGS_MAX)
  for (const embedding of data.embeddings) checkEmbedding(embedding)
  if (data.geo?.geoPoint) checkGeo(data.geo.geoPoint)
  for (const cluster of data.clusters) checkNumber('The score of a cluster', cluster.score, 0, Number.MAX_VALUE)
  for (const colour of data.colors) checkNumber('The value of a colour', colour.value, 0, 1)
}

function checkConcepts(concepts: readonly Concept[]): void {
  checkCount('concepts', concepts.length, CONCEPTS_MAX)
  const seen = new Set<string>()
  for (const { id, name, value } of concepts) {
    if (id === '' && name === '') throw invalidAnnotation('A concept has neither id nor name; give it one of them.')
    if (id !== '') checkConceptId(id, StatusCode.ANNOTATION_INVALID_ARGUMENT)
    checkNumber(`The value of the concept '${id || name}'`, value, 0, 1)
    const key = id === '' ? `name ${name}` : `id ${id}`
    if (seen.has(key)) throw invalidAnnotation(`The concept '${id || name}' stands twice in one list; send it once.`)
    seen.add(key)
  }
}

function checkEmbedding({ vector, numDimensions }: Embedding): void {
  if (vector.length === 0 || vector.length > EMBEDDING_DIMENSIONS_MAX) {
    throw invalidAnnotation(`An embedding has ${vector.length} numbers; use 1 to ${EMBEDDING_DIMENSIONS_MAX}.`)
  }
  if (numDimensions !== 0 && numDimensions !== vector.length) {
    throw invalidAnnotation(
      `An embedding says that it has ${numDimensions} dimensions, but has ${vector.length} numbers.`,
    )
  }
  if (!vector.every(Number.isFinite)) throw invalidAnnotation('An embedding has numbers that are none (NaN, infinite).')
}

function checkGeo({ latitude, longitude }: GeoPoint): void {
  checkNumber('The latitude', latitude, -90, 90)
  checkNumber('The longitude', longitude, -180, 180)
}

function checkRegion(region: Region, input: ShapeInput): void {
  // Without a place of its own it takes that of a detected region, which it names by its id.
  if (region.regionInfo) checkShape(region.regionInfo, input)
  else if (region.id === '') {
    throw invalidAnnotation(
      'A region has neither region_info nor an id; give it a place, or the id of a detected region.',
    )
  }
  checkNumber('The value of a region', region.value, 0, 1)
  if (region.data) checkNested('region', region.data, input, false)
}

function checkFrame({ frameInfo, data }: Frame, input: ShapeInput): void {
  if (!frameInfo) throw invalidAnnotation('A frame has no frame_info; give it the time or the number of the frame.')
  if (!data) throw invalidAnnotation('A frame has no data; send what it shows in data.')
  checkNested('frame', data, input, true)
}

function checkSegment({ timeInfo, data }: TimeSegment, input: ShapeInput): void {
  if (!timeInfo) throw invalidAnnotation('A time segment has no time_info; give it begin_time and end_time.')
  checkTime('time segment', timeInfo)
  if (data) checkNested('time segment', data, input, true)
}

function checkTime(what: string, { beginTime, endTime }: TimeInfo): void {
  checkNumber(`The begin_time of a ${what}`, beginTime, 0, Number.MAX_VALUE)
  checkNumber(`The end_time of a ${what}`, endTime, 0, Number.MAX_VALUE)
  if (beginTime > endTime) {
    throw invalidAnnotation(`A ${what} begins at ${beginTime} and ends at ${endTime}; it must begin before it ends.`)
  }
}

function checkNested(what: string, data: Data, input: ShapeInput, withRegion: boolean): void {
  const deeper = data.frames.length + data.timeSegments.length + data.tracks.length
  if (deeper > 0 || data.regions.length > (withRegion ? 1 : 0)) {
    const allowed = withRegion ? 'at most one region' : 'no further regions or frames'
    throw invalidAnnotation(`The data of a ${what} may hold ${allowed}; send one annotation for each.`)
  }
  checkLevel(data)
  for (const region of data.regions) checkRegion(region, input)
}
