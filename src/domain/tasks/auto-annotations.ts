import { create } from '@bufbuild/protobuf'
import {
  type Annotation,
  AnnotationSchema,
  type Concept,
  ConceptSchema,
  type Data,
  DataSchema,
  AnnotationDataType as DataType,
  type Region,
  TaskReview_TaskReviewStrategy as Review,
  type Task,
  type TaskConcept,
} from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'

/** An annotation that is to be stored, with its status. */
export interface AutoAnnotation {
  readonly message: Annotation
  readonly statusCode: StatusCode
}

/**
 * The annotations that a task makes of what its model or workflow says: one for each concept at each place that one of
 * the task's configurations wants. Where several want it the first decides; a task without concepts wants all.
 */
export function autoAnnotations(task: Task, said: readonly Data[]): AutoAnnotation[] {
  return said.flatMap((data) =>
    [...found(data)].flatMap(({ concept, types, wrap }): AutoAnnotation[] => {
      const wanted = wish(task, concept, types)
      if (!wanted) return []
      const label = create(ConceptSchema, { id: wanted.id, name: wanted.name, value: concept.value })
      const message = create(AnnotationSchema, { data: wrap(label), taskId: task.id })
      return [{ message, statusCode: wanted.statusCode }]
    }),
  )
}

interface Found {
  readonly concept: Concept
  readonly types: number
  /** The concept alone, at its place. */
  wrap(concept: Concept): Data
}

function* found(data: Data): Generator<Found> {
  for (const concept of data.concepts) {
    yield { concept, types: DataType.TAG, wrap: (one) => create(DataSchema, { concepts: [one] }) }
  }
  for (const region of data.regions) {
    for (const concept of region.data?.concepts ?? []) {
      yield { concept, types: typeOf(region), wrap: (one) => inRegion(region, one) }
    }
  }
  for (const { frameInfo, data: part } of data.frames) {
    if (!part) continue
    for (const { wrap, ...rest } of found(part)) {
      yield { ...rest, wrap: (one) => create(DataSchema, { frames: [{ frameInfo, data: wrap(one) }] }) }
    }
  }
  for (const { timeInfo, data: part } of data.timeSegments) {
    if (!part) continue
    for (const { wrap, ...rest } of found(part)) {
      yield { ...rest, wrap: (one) => create(DataSchema, { timeSegments: [{ timeInfo, data: wrap(one) }] }) }
    }
  }
}

const inRegion = ({ regionInfo }: Region, concept: Concept): Data =>
  create(DataSchema, { regions: [{ regionInfo, value: concept.value, data: { concepts: [concept] } }] })

function typeOf({ regionInfo }: Region): number {
  if (regionInfo?.mask) return DataType.MASK
  if (regionInfo?.polygon) return DataType.POLYGON
  if (regionInfo?.boundingBox) return DataType.BOUNDING_BOX
  if (regionInfo?.point) return DataType.POINT
  return regionInfo?.span ? DataType.SPAN : 0
}

function wish(task: Task, said: Concept, types: number) {
  const fallback =
    task.review?.strategy === Review.MANUAL ? StatusCode.ANNOTATION_AWAITING_REVIEW : StatusCode.ANNOTATION_SUCCESS
  if (task.concepts.length === 0) return { id: said.id, name: said.name, statusCode: fallback }
  const entry = task.concepts.find((one) => isMeant(one, said) && wants(one, said.value, types))
  if (!entry) return undefined
  const { id, name } = entry.concept!
  const statusCode = entry.autoAnnotationConfig?.statusCode || fallback
  return { id: id || said.id, name: name || said.name, statusCode }
}

const isMeant = ({ concept }: TaskConcept, said: Concept): boolean =>
  concept !== undefined && (concept.id === '' ? concept.name === said.name : concept.id === said.id)

function wants({ autoAnnotationConfig: config }: TaskConcept, value: number, types: number): boolean {
  if (!config) return true
  const { annotationDataTypes, thresholdRange } = config
  if (annotationDataTypes !== 0 && (annotationDataTypes & types) === 0) return false
  if (!thresholdRange) return true
  // Bounds come as 32-bit numbers, values may not.
  const [number, lower, upper] = [value, thresholdRange.lower, thresholdRange.upper].map(Math.fround) as [
    number,
    number,
    number,
  ]
  const above = thresholdRange.isLowerInclusive ? number >= lower : number > lower
  const below = thresholdRange.isUpperInclusive ? number <= upper : number < upper
  return above && below
}
