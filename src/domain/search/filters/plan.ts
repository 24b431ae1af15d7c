import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { AppError } from '../../../base/errors.ts'
import { fromTimestamp } from '../../../base/timestamps.ts'
import type { Annotation, Data, Filter, Geo, Input } from '../../../contract/index.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import { INPUT_KINDS, SHAPES } from '../../../store/data-bits.ts'
import type { AnnotationClause, AnnotationTest } from '../../../store/repos/annotation-conditions.ts'
import { namedWorker } from '../../annotations/authorship.ts'
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
  const tests: AnnotationTest[] = data.concepts.map(({ id, name, value }) => {
    if (id === '' && name === '') throw invalid('A concept in a filter has neither id nor name; give it one of them.')
    return { is: 'concept', id, name, value }
  })
  const shapes = data.regions.reduce((bits, region) => bits | shapesOfRegion(region), 0)
  const other =
    (data.frames.length > 0 ? SHAPES.frame : 0) |
    (data.timeSegments.length > 0 ? SHAPES.time_segment : 0) |
    (data.text && data.text.raw === '' ? SHAPES.text : 0)
  if ((shapes | other) !== 0) tests.push({ is: 'shapes', any: shapes | other })
  for (const { trackId } of data.regions) if (trackId !== '') tests.push({ is: 'track', id: trackId })
  for (const { id } of data.clusters) tests.push({ is: 'cluster', id })
  if (data.text?.raw) tests.push({ is: 'words', of: 'annotation', query: readWords(data.text.raw) })
  if (data.image?.url) tests.push({ is: 'url', hash: urlHash(data.image.url) })
  if (data.geo) tests.push(...geoTests(data.geo))
  if (data.metadata) tests.push(...containing('metadata', data.metadata))
  // Data that are there but say nothing ask for labels of the whole.
  return tests.length > 0 || data.regions.length > 0 ? tests : [{ is: 'no_shapes', none: PLACED }]
}

/** A medium that says nothing asks for its kind, one with a url for what came from there, a text for its words. */
function inputTests({ data, datasetIds, status, id }: Input): AnnotationTest[] {
  const { image, video, audio, text } = data ?? {}
  const urls = [image, video, audio, text].flatMap((medium) => medium?.url || [])
  const kinds =
    (image && image.url === '' ? INPUT_KINDS.image : 0) |
    (video && video.url === '' ? INPUT_KINDS.video : 0) |
    (audio && audio.url === '' ? INPUT_KINDS.audio : 0) |
    (text && text.url === '' && text.raw === '' ? INPUT_KINDS.text : 0)
  return [
    ...(id === '' ? [] : [{ is: 'input', id } as const]),
    ...(kinds === 0 ? [] : [{ is: 'media', any: kinds } as const]),
    ...urls.map((url) => ({ is: 'url', hash: urlHash(url) }) as const),
    ...(text?.raw ? [{ is: 'words', of: 'input', query: readWords(text.raw) } as const] : []),
    ...datasetIds.map((dataset) => ({ is: 'dataset', id: dataset }) as const),
    ...(status?.code ? [{ is: 'input_status', code: status.code } as const] : []),
  ]
}

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
  if (!geoPoint) return []
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
  return [{ is: 'near', latitude, longitude, radians }]
}

function checkPlace(latitude: number, longitude: number): void {
  if (Math.abs(latitude) > 90) throw invalid(`There is no latitude ${latitude}; use -90 to 90 degrees.`)
  if (Math.abs(longitude) > 180) throw invalid(`There is no longitude ${longitude}; use -180 to 180 degrees.`)
}
