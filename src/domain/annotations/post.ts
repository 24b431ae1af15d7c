import { clone } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { checkId } from '../../base/ids.ts'
import { METADATA_BYTES_MAX } from '../../base/limits.ts'
import { type Annotation, AnnotationSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { DuplicateKey } from '../../store/errors.ts'
import { takenAnnotationIds } from '../../store/repos/annotation-lists.ts'
import { inputs, annotations as rows } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { labelPlace } from '../inputs/caller.ts'
import { taskGate } from '../tasks/labelling.ts'
import { authorOf } from './authorship.ts'
import { checkAnnotationData, isEmptyData } from './check-data.ts'
import { ensureConcepts, type LabelPlace } from './concepts.ts'
import { placeRegions } from './detected-region.ts'
import { noInput } from './find.ts'
import { type Answer, answerItems, type Refusable, refuseItem } from './items.ts'
import { checkMaskPictures } from './mask-picture.ts'
import { presentAnnotations } from './present.ts'
import { invalidAnnotation } from './problem.ts'
import { wantedStatus } from './status.ts'
import { type AnnotationDraft, type AnnotationWorker, storeAnnotations } from './store.ts'
import { hasSpans, textLengths } from './text-length.ts'

/** An annotation on its way into the store. */
interface Posted extends Refusable {
  /** A copy of what was sent, which gets its ids. */
  readonly message: Annotation
  readonly statusCode: StatusCode
  worker?: AnnotationWorker
  input?: Row<'inputs'>
}

/** Stores new annotations, each for itself: what is wrong with one is said of it alone. */
export async function postAnnotations(call: Call, given: readonly Annotation[]): Promise<Answer> {
  const items = given.map(readOrRefuse)
  refuseRepeated(items)
  await findPlaces(call, items)
  const place = await labelPlace(call)
  const stored = await storeItems(call, place, items)
  const { read } = call.services.db
  const messages = await presentAnnotations(read, place, stored, { vectors: true })
  return answerItems(items, messages)
}

function readOrRefuse(given: Annotation): Posted {
  const message = clone(AnnotationSchema, given)
  const item: Posted = { given, message, statusCode: given.status?.code || StatusCode.ANNOTATION_SUCCESS }
  refuseItem(item, () => checkPosted(message))
  return item
}

function checkPosted(message: Annotation): void {
  if (message.inputId === '') throw invalidAnnotation('An annotation has no input_id; name the input that it is about.')
  if (message.id !== '') checkId(message.id, 'annotation', StatusCode.ANNOTATION_INVALID_ARGUMENT)
  if (message.inputLevel) {
    throw invalidAnnotation('An input has its input-level annotation from the start; change that one, by PatchInputs.')
  }
  if (isEmptyData(message.data)) {
    throw invalidAnnotation('An annotation has no data; send concepts, a region, a frame, a text or other data.')
  }
  wantedStatus(message)
  checkInfo(message)
}

/** Refuses free JSON about an annotation that is too large. */
export function checkInfo({ annotationInfo, consensusInfo }: Annotation): void {
  for (const info of [annotationInfo, consensusInfo]) {
    if (info && Buffer.byteLength(JSON.stringify(info)) > METADATA_BYTES_MAX) {
      throw invalidAnnotation(`The annotation_info is too large; use at most ${METADATA_BYTES_MAX} bytes of JSON.`)
    }
  }
}

function refuseRepeated(items: readonly Posted[]): void {
  const seen = new Set<string>()
  for (const item of items) {
    const { id, inputId } = item.message
    if (item.refusal || id === '') continue
    if (seen.has(`${inputId} ${id}`)) item.refusal = taken(item.message)
    seen.add(`${inputId} ${id}`)
  }
}

const taken = ({ id, inputId }: Annotation): AppError =>
  new AppError(
    StatusCode.DATABASE_DUPLICATE_KEY,
    `The input '${inputId}' already has an annotation '${id}' (duplicate); choose another id.`,
  )

/** Finds the inputs and the workers, and checks the data against what is known of the inputs. */
async function findPlaces(call: Call, items: readonly Posted[]): Promise<void> {
  const { read } = call.services.db
  const ids = items.map(({ message }) => message.inputId)
  const found = await inputs.getMany(read, requireApp(call.target).pk, ids)
  const spanned = items.filter(({ message }) => message.data && hasSpans(message.data))
  const lengths = await textLengths(
    read,
    spanned.flatMap(({ message }) => found.get(message.inputId)?.pk ?? []),
  )
  const gate = await taskGate(
    call,
    items.map(({ message }) => message),
  )
  for (const item of items) {
    await refuseItem(item, async () => {
      const input = found.get(item.message.inputId)
      if (!input) throw noInput(item.message.inputId)
      item.input = input
      item.worker = await authorOf(call, item.message)
      gate(item.message, item.worker)
      const data = item.message.data!
      checkAnnotationData(data, { charCount: lengths.get(input.pk) })
      await checkMaskPictures(data)
      await placeRegions(read, input.pk, data)
    })
  }
}

const ATTEMPTS = 3

/** Stores what is not refused, all together; an id that somebody takes meanwhile is seen at the next attempt. */
async function storeItems(call: Call, place: LabelPlace, items: readonly Posted[]): Promise<Row<'annotations'>[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await storeOnce(call, place, items)
    } catch (error) {
      if (!(error instanceof DuplicateKey) || attempt === ATTEMPTS) throw error
    }
  }
}

async function storeOnce(call: Call, place: LabelPlace, items: readonly Posted[]): Promise<Row<'annotations'>[]> {
  const { db, clock } = call.services
  const before = items.map(({ refusal }) => refusal)
  return db.transact(async (tx) => {
    // The transaction may be repeated, so what an earlier attempt has found is forgotten.
    for (const [at, item] of items.entries()) item.refusal = before[at]
    const now = clock.now()
    const pks = items.flatMap(({ input, refusal }) => (input && !refusal ? [input.pk] : []))
    const there = await inputs.getManyByPk(tx, pks)
    const ids = items.flatMap(({ message }) => message.id || [])
    const takenIds = await takenAnnotationIds(tx, pks, ids)
    for (const item of items) {
      if (item.refusal || !item.input) continue
      if (!there.has(item.input.pk)) item.refusal = noInput(item.message.inputId)
      else if (takenIds.has(`${item.input.pk} ${item.message.id}`)) item.refusal = taken(item.message)
    }
    const fresh = items.filter(({ refusal }) => !refusal)
    if (fresh.length === 0) return []
    const conceptPk = await ensureConcepts(
      tx,
      place,
      fresh.flatMap(({ message }) => message.data ?? []),
      now,
    )
    const drafts = fresh.map(
      ({ message, worker, input, statusCode }): AnnotationDraft => ({
        appPk: place.appPk,
        inputPk: input!.pk,
        message: withoutWorker(message),
        worker: worker!,
        statusCode,
        trusted: worker!.kind === 'user',
        conceptPk,
        vectorsBy: worker!.kind === 'model_version' ? (worker!.pk ?? 0) : 0,
      }),
    )
    const stored = await storeAnnotations(tx, drafts, now)
    const byPk = await rows.getManyByPk(
      tx,
      stored.map(({ pk }) => pk),
    )
    return stored.map(({ pk }) => byPk.get(pk)!)
  })
}

// Who made it stands in columns, and is shown from there.
function withoutWorker(message: Annotation): Annotation {
  delete message.worker
  return message
}
