import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { AppError } from '../../../base/errors.ts'
import { fromTimestamp } from '../../../base/timestamps.ts'
import type { Annotation, Concept, Data, Filter, Geo, Input } from '../../../contract/index.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import { INPUT_KINDS, SHAPES } from '../../../store/data-bits.ts'
import type { AnnotationClause, AnnotationTest } from '../../../store/repos/annotation-conditions.ts'
import { namedWorker } from '../../annotations/authorship.ts'
import { isEmptyData } from '../../annotations/check-data.ts'
import { shapesOfRegion } from '../../annotations/shapes.ts'
import { urlHash } from '../../inputs/posted.ts'
import { readWords } from '../words.ts'
import { FILTERS_MAX, JSON_DEPTH_MAX, JSON_VALUES_MAX, TESTS_MAX } from './limits.ts'

/** Filters of a search, read once: what an annotation must be, in terms that the store understands. */
export interface FilterPlan {
  /** All of them must hold. */
  readonly clauses: readonly AnnotationClause[]
  /** What the filters speak of, which changes what is taken for granted: people's annotations that are done. */
  readonly mentions: { readonly status: boolean; readonly author: boolean; readonly inputStatus: boolean }
}

const invalid = (details: string): AppError => new AppError(StatusCode.SEARCH_INVALID_REQUEST, details)

/**
 * Reads filters: within one the conditions are alternatives, all filters together must hold; one that says nothing
 * lets everything pass. Throws AppError 40002 for what cannot be asked.
 */
export function planFilters(filters: readonly Filter[]): FilterPlan {
  if (filters.length > FILTERS_MAX)
    throw invalid(`The search has ${filters.length} filters; use at most ${FILTERS_MAX}.`)
  const clauses = filters.map(readFilter)
  // Said here, as a search may be kept and run much later, when nobody listens.
  if (hasZero(clauses)) throw invalid('A filter has a text with a zero character; remove it.')
  const tests = clauses.flatMap(({ any }) => any)
  if (tests.length > TESTS_MAX) {
    throw invalid(`The filters of the search have ${tests.length} conditions; use at most ${TESTS_MAX}.`)
  }
  const mentions = (...kinds: AnnotationTest['is'][]): boolean => tests.some(({ is }) => kinds.includes(is))
  return {
    clauses,
    mentions: {
      status: mentions('status'),
      // Only models make clusters.
      author: mentions('worker', 'trusted', 'cluster'),
      inputStatus: mentions('input_status'),
    },
  }
}

/** Refuses a concept of a filter or rank that names nothing, or has a value that no label has. Throws AppError 40002. */
export function checkConcept({ id, name, value }: Concept, where: 'filter' | 'rank'): void {
  if (id === '' && name === '') throw invalid(`A concept in a ${where} has neither id nor name; give it one of them.`)
  if (!(value >= 0 && value <= 1))
    throw invalid(`The concept '${id || name}' in a ${where} has the value ${value}; use 0 to 1.`)
}

/** Whether a text anywhere in a value has the zero character, which no stored text has. */
function hasZero(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('\0')
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([name, part]) => name.includes('\0') || hasZero(part))
}

function readFilter({ negate, annotation, input, lastUpdatedTimeRange: range }: Filter): AnnotationClause {
  const any: AnnotationTest[] = []
  if (annotation) any.push(...annotationTests(annotation))
  if (input) any.push(...inputTests(input))
  if (range) {
    const { startTime, endTime } = range
    const [from, to] = [startTime && fromTimestamp(startTime), endTime && fromTimestamp(endTime)]
    if (from !== undefined || to !== undefined) any.push({ is: 'changed', from, to })
  }
  return { any, negate }
}

function annotationTests(annotation: Annotation): AnnotationTest[] {
  const { id, inputId, taskId, annotationInfo, inputLevel, status, trusted, data } = annotation
  const worker = namedWorker(annotation)
  return [
    ...(id === '' ? [] : [{ is: 'id', id } as const]),
    ...(inputId === '' ? [] : [{ is: 'input', id: inputId } as const]),
    ...(taskId === '' ? [] : [{ is: 'task', id: taskId } as const]),
    ...(worker ? [{ is: 'worker', ...worker } as const] : []),
    ...(annotationInfo ? containing('annotation_info', annotationInfo) : []),
    ...(inputLevel ? [{ is: 'input_level' } as const] : []),
    ...(status?.code ? [{ is: 'status', code: status.code } as const] : []),
    ...(trusted ? [{ is: 'trusted' } as const] : []),
    ...(data ? dataTests(data) : []),
  ]
}

/** What makes an annotation one of a part of its input. */
const PLACED =
  SHAPES.bounding_box |
  SHAPES.mask |
  SHAPES.point |
  SHAPES.polygon |
  SHAPES.span |
  SHAPES.token |
  SHAPES.keypoints |
  SHAPES.frame |
  SHAPES.time_segment

function dataTests(data: Data): AnnotationTest[] {
  checkParts(data)
  const tests: AnnotationTest[] = data.concepts.map((concept) => {
    checkConcept(concept, 'filter')
    return { is: 'concept', id: concept.id, name: concept.name, value: concept.value }
  })
  const shapes = data.regions.reduce((bits, region) => bits | shapesOfRegion(region), 0)
  const other =
    (data.frames.length > 0 ? SHAPES.frame : 0) |
    (data.timeSegments.length > 0 ? SHAPES.time_segment : 0) |
    (data.text && data.text.raw === '' && data.text.url === '' ? SHAPES.text : 0)
  if ((shapes | other) !== 0) tests.push({ is: 'shapes', any: shapes | other })
  for (const { trackId } of data.regions) if (trackId !== '') tests.push({ is: 'track', id: trackId })
  for (const { id } of data.clusters) tests.push({ is: 'cluster', id })
  if (data.text?.raw) tests.push({ is: 'words', of: 'annotation', query: readWords(data.text.raw) })
  tests.push(...urlTests(data))
  if (data.geo) tests.push(...geoTests(data.geo))
  if (data.metadata) tests.push(...containing('metadata', data.metadata))
  // An empty medium asks for its kind, where that is all.
  if (tests.length === 0) tests.push(...kindTests({ ...data, text: undefined }))
  // Data that are there but say nothing ask for labels of the whole; with metadata they ask for nothing at all.
  return tests.length > 0 || data.regions.length > 0 || data.metadata ? tests : [{ is: 'no_shapes', none: PLACED }]
}

/** Refuses what filters do not look at, as it would be found everywhere. */
function checkParts({ regions, frames, timeSegments, embeddings, colors, tracks }: Data): void {
  if (embeddings.length > 0) throw invalid('A filter cannot compare embeddings; put them into a rank.')
  if (colors.length > 0 || tracks.length > 0)
    throw invalid('A filter cannot look for colors or tracks; leave them out.')
  if ([...regions, ...frames, ...timeSegments].some(({ data }) => !isEmptyData(data))) {
    throw invalid('A filter looks for labels of parts in data, not in data of regions, frames or segments; move them.')
  }
}

function inputTests({ data, datasetIds, status, id }: Input): AnnotationTest[] {
  if (data) {
    const { image, video, audio, text, ...labels } = data
    if (!isEmptyData({ ...labels } as Data)) {
      throw invalid('A filter of an input looks for its medium, datasets and status; put labels into its annotation.')
    }
  }
  return [
    ...(id === '' ? [] : [{ is: 'input', id } as const]),
    ...(data ? [...kindTests(data), ...urlTests(data)] : []),
    ...(data?.text?.raw ? [{ is: 'words', of: 'input', query: readWords(data.text.raw) } as const] : []),
    ...datasetIds.map((dataset) => ({ is: 'dataset', id: dataset }) as const),
    ...(status?.code ? [{ is: 'input_status', code: status.code } as const] : []),
  ]
}

type Media = Pick<Data, 'image' | 'video' | 'audio' | 'text'>

/** A medium that says nothing asks for inputs of its kind. */
function kindTests({ image, video, audio, text }: Media): AnnotationTest[] {
  const kinds =
    (image && image.url === '' ? INPUT_KINDS.image : 0) |
    (video && video.url === '' ? INPUT_KINDS.video : 0) |
    (audio && audio.url === '' ? INPUT_KINDS.audio : 0) |
    (text && text.url === '' && text.raw === '' ? INPUT_KINDS.text : 0)
  return kinds === 0 ? [] : [{ is: 'media', any: kinds }]
}

/** A medium with a url asks for what came from there. */
const urlTests = ({ image, video, audio, text }: Media): AnnotationTest[] =>
  [image, video, audio, text].flatMap((medium) => (medium?.url ? { is: 'url', hash: urlHash(medium.url) } : []))

/** One condition for each key, as they are alternatives too. */
function containing(field: 'metadata' | 'annotation_info', value: JsonObject): AnnotationTest[] {
  checkJson(value)
  return Object.entries(value).map(([key, part]) => ({ is: 'contains', field, value: { [key]: part } }))
}

function checkJson(value: JsonValue): void {
  let values = 0
  const visit = (part: JsonValue, depth: number): void => {
    values++
    if (depth > JSON_DEPTH_MAX || values > JSON_VALUES_MAX) {
      throw invalid(
        `The JSON of a filter is too large; use at most ${JSON_VALUES_MAX} values, at most ${JSON_DEPTH_MAX} deep.`,
      )
    }
    if (typeof part === 'object' && part !== null) for (const item of Object.values(part)) visit(item, depth + 1)
  }
  visit(value, 1)
}

const EARTH_KM = 6_371
const KM_PER_MILE = 1.609_344
const RADIANS_PER: Readonly<Record<string, number>> = {
  withinradians: 1,
  withindegrees: Math.PI / 180,
  withinkilometers: 1 / EARTH_KM,
  withinmiles: KM_PER_MILE / EARTH_KM,
  radian: 1,
  degree: Math.PI / 180,
  kilometer: 1 / EARTH_KM,
  mile: KM_PER_MILE / EARTH_KM,
}

function geoTests({ geoPoint, geoLimit, geoBox }: Geo): AnnotationTest[] {
  if (geoBox.length > 0) {
    const corners = geoBox.flatMap(({ geoPoint }) => geoPoint ?? [])
    if (geoBox.length !== 2 || corners.length !== 2) {
      throw invalid(`A geo_box has ${corners.length} points; send exactly two, which are opposite corners.`)
    }
    const [rows, columns] = [corners.map(({ latitude }) => latitude), corners.map(({ longitude }) => longitude)]
    if (![...rows, ...columns].every(Number.isFinite)) throw invalid('A corner of a geo_box is not a number.')
    for (const { latitude, longitude } of corners) checkPlace(latitude, longitude)
    const box = {
      south: Math.min(...rows),
      north: Math.max(...rows),
      west: Math.min(...columns),
      east: Math.max(...columns),
    }
    return [{ is: 'within', box }]
  }
  if (!geoPoint) throw invalid('A geo filter says no place; give it a geo_point with a geo_limit, or a geo_box.')
  const { latitude, longitude } = geoPoint
  const per = RADIANS_PER[(geoLimit?.type || 'withinKilometers').toLowerCase()]
  if (per === undefined) {
    throw invalid(
      `There is no geo limit '${geoLimit?.type}'; use withinMiles, withinKilometers, withinDegrees or withinRadians.`,
    )
  }
  const radians = (geoLimit?.value ?? 0) * per
  if (![latitude, longitude, radians].every(Number.isFinite) || radians < 0) {
    throw invalid('A geo filter needs a geo_point and a geo_limit whose value is 0 or more.')
  }
  checkPlace(latitude, longitude)
  // Half around the sphere is everywhere.
  return [{ is: 'near', latitude, longitude, radians: Math.min(radians, Math.PI) }]
}

function checkPlace(latitude: number, longitude: number): void {
  if (Math.abs(latitude) > 90) throw invalid(`There is no latitude ${latitude}; use -90 to 90 degrees.`)
  if (Math.abs(longitude) > 180) throw invalid(`There is no longitude ${longitude}; use -180 to 180 degrees.`)
}
