import { type Annotation, AnnotationDataType, type Data, type Worker } from '../../contract/index.ts'
import { SHAPES } from '../../store/data-bits.ts'
import { type FramePlace, frameAnnotations } from '../../store/repos/annotation-frames.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import { namedWorker } from '../annotations/authorship.ts'
import { findInput } from '../annotations/find.ts'
import { presentAnnotations } from '../annotations/present.ts'
import { invalidAnnotation } from '../annotations/problem.ts'
import { shapesOfRegion } from '../annotations/shapes.ts'
import type { Call } from '../call.ts'
import { FRAMES_PER_READ } from './limits.ts'

/** Which annotations in the frames of a film are wanted. */
export interface TrackSearch {
  readonly inputId: string
  /** Empty for any. */
  readonly trackId: string
  readonly frameNumberStart: number
  /** Milliseconds. */
  readonly frameTimeStart: number
  readonly annotationType: AnnotationDataType
  readonly worker?: Worker
  /** Frames with such annotations; 0 for all. */
  readonly maxFrames: number
  /** Milliseconds from the start on; 0 for all. */
  readonly maxDuration: number
}

const TYPES: Readonly<Partial<Record<AnnotationDataType, number>>> = {
  [AnnotationDataType.TAG]: SHAPES.tags,
  [AnnotationDataType.BOUNDING_BOX]: SHAPES.bounding_box,
  [AnnotationDataType.POLYGON]: SHAPES.polygon,
  [AnnotationDataType.POINT]: SHAPES.point,
  [AnnotationDataType.SPAN]: SHAPES.span,
  [AnnotationDataType.MASK]: SHAPES.mask,
}

/**
 * The annotations in the frames of an input from a place on, in the order of the film. Of a frame in which there are
 * several regions those are left that belong to the track and are of the type. Throws AppError 11101 and 24155.
 */
export async function* trackAnnotations(call: Call, search: TrackSearch): AsyncGenerator<Annotation> {
  const { read } = call.services.db
  const app = requireApp(call.target)
  const shape = readType(search)
  const worker = search.worker && namedWorker({ worker: search.worker } as Annotation)
  const input = await findInput(read, app.pk, search.inputId)
  const place = { appPk: app.pk, appId: app.id, userId: app.user.id }
  const frames = new Set<string>()
  let end = search.maxDuration > 0 && startsAtTime(search) ? search.frameTimeStart + search.maxDuration : undefined
  let after: FramePlace = { ms: search.frameTimeStart, pk: 0 }
  const narrowed = { number: search.frameNumberStart, shape, worker }
  for (;;) {
    call.signal.throwIfAborted()
    const rows = await frameAnnotations(read, input.pk, { ...narrowed, end }, after, FRAMES_PER_READ)
    const messages = await presentAnnotations(read, place, rows, { vectors: false })
    for (const [at, message] of messages.entries()) {
      const row = rows[at]!
      if (end !== undefined && row.frame_ms! >= end) return
      if (message.data && !keepOnly(message.data, search.trackId, shape)) continue
      if (search.maxDuration > 0) end ??= row.frame_ms! + search.maxDuration
      frames.add(frameOf(row))
      if (search.maxFrames > 0 && frames.size > search.maxFrames) return
      yield message
    }
    const last = rows.at(-1)
    if (!last || rows.length < FRAMES_PER_READ) return
    after = { ms: last.frame_ms!, pk: last.pk }
  }
}

/** A duration goes from the time that is asked for; where only a frame's number is, from the first that is found. */
const startsAtTime = ({ frameTimeStart, frameNumberStart }: TrackSearch): boolean =>
  frameTimeStart > 0 || frameNumberStart === 0

const frameOf = ({ frame_ms, frame_number }: Row<'annotations'>): string => `${frame_ms} ${frame_number}`

function readType({ annotationType, worker }: TrackSearch): number {
  if (annotationType === AnnotationDataType.ANNOTATION_DATA_TYPE_NOT_SET) return 0
  const shape = TYPES[annotationType]
  if (shape === undefined) {
    const names = Object.keys(TYPES).map((type) => AnnotationDataType[Number(type)])
    throw invalidAnnotation(`There is no annotation_type ${annotationType}; use one of ${names.join(', ')}.`)
  }
  if (shape !== SHAPES.point && worker?.worker.case === undefined) {
    throw invalidAnnotation(
      `For ${AnnotationDataType[annotationType]} name whose annotations are wanted, in worker.model.model_version.id.`,
    )
  }
  return shape
}

/** Leaves in data the regions of a track and of a type; false where nothing is left. Tags stand in no region. */
function keepOnly(data: Data, trackId: string, shape: number): boolean {
  if (trackId === '' && shape === 0) return true
  const parts = [data, ...data.frames.flatMap((frame) => frame.data ?? [])]
  if (shape === SHAPES.tags) return trackId === '' && parts.some(({ concepts }) => concepts.length > 0)
  for (const part of parts) {
    part.regions = part.regions.filter(
      (region) =>
        (trackId === '' || region.trackId === trackId) && (shape === 0 || (shapesOfRegion(region) & shape) !== 0),
    )
  }
  return parts.some(({ regions }) => regions.length > 0)
}
