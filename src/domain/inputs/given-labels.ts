import { create, type JsonValue } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type Annotation, AnnotationSchema, type Data, DataSchema } from '../../contract/index.ts'
import { checkAnnotationData } from '../annotations/check-data.ts'
import { REGIONS_PER_INPUT_MAX } from './limits.ts'
import { invalidInput } from './problem.ts'

/** What is said about a posted input: one annotation of the whole, and one for each region. */
export interface GivenLabels {
  readonly whole: Annotation
  readonly regions: readonly Annotation[]
}

const ELSEWHERE = [
  'frames',
  'timeSegments',
  'tracks',
  'embeddings',
  'clusters',
  'colors',
  'hits',
  'heatmaps',
  'parts',
] as const

/** Concepts, metadata, place and regions of an input as it was sent; throws AppError 30104 for what cannot be. */
export function readLabels(data: Data | undefined): GivenLabels {
  for (const field of ELSEWHERE) {
    if ((data?.[field].length ?? 0) > 0) {
      throw invalidInput(`The data of an input cannot hold ${field}; send them as annotations with PostAnnotations.`)
    }
  }
  const regions = data?.regions ?? []
  if (regions.length > REGIONS_PER_INPUT_MAX) {
    throw invalidInput(
      `The input has ${regions.length} regions; send at most ${REGIONS_PER_INPUT_MAX}, the others with PostAnnotations.`,
    )
  }
  const charCount = data?.text?.raw ? [...data.text.raw].length : undefined
  return {
    whole: labels(wholeData(data), charCount),
    regions: regions.map((region) => labels(create(DataSchema, { regions: [region] }), charCount)),
  }
}

/** The part of an input's data that its input-level annotation holds. */
export function wholeData(data: Data | undefined): Data {
  const { concepts = [], metadata, geo } = data ?? {}
  return create(DataSchema, { concepts, metadata, geo })
}

function labels(data: Data, charCount: number | undefined): Annotation {
  checkLabels(data, charCount)
  return create(AnnotationSchema, { data })
}

/** Refuses labels of an input that must not be stored, as AppError 30104. */
export function checkLabels(data: Data, charCount?: number): void {
  try {
    checkAnnotationData(data, { charCount })
  } catch (error) {
    throw error instanceof AppError ? invalidInput(error.details) : error
  }
  if (data.metadata) checkNumbers(data.metadata)
}

// Only the binary form can carry such numbers; JSON has no words for them.
function checkNumbers(value: JsonValue): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw invalidInput(`The metadata hold the number ${value}; leave it out or write it as a text.`)
  }
  if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) checkNumbers(item)
}
