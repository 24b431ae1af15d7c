import { clone, create } from '@bufbuild/protobuf'
import type { Micros } from '../../base/clock.ts'
import { type Annotation, AnnotationSchema, type Data, DataSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { vectorsMaker } from '../../store/repos/annotation-lists.ts'
import { conceptsByName } from '../../store/repos/concept-pks.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { labelPlace, workerOf } from '../inputs/caller.ts'
import { type PatchAction, readAction } from '../resource/patch.ts'
import { taskGate } from '../tasks/labelling.ts'
import { demandAuthorship } from './authorship.ts'
import { checkAnnotationData, isEmptyData } from './check-data.ts'
import { ensureConcepts, type LabelPlace } from './concepts.ts'
import { placeRegions } from './detected-region.ts'
import { findAnnotation } from './find.ts'
import { type Answer, answerItems, type Refusable, refuseItem } from './items.ts'
import { checkMaskPictures } from './mask-picture.ts'
import { patchData } from './patch-data.ts'
import { checkInfo } from './post.ts'
import { presentAnnotations } from './present.ts'
import { invalidAnnotation } from './problem.ts'
import { wantedStatus } from './status.ts'
import { removeAnnotations, rewriteAnnotation } from './store.ts'
import { hasSpans, textLengths } from './text-length.ts'
import { walk } from './walk.ts'

const ACTIONS: readonly PatchAction[] = ['merge', 'overwrite', 'remove']

/** How annotations are patched. */
export interface PatchWish {
  readonly action: PatchAction
  /** Whether an annotation that says nothing after a removal goes. */
  readonly deleteIfEmpty: boolean
}

/** Changes annotations, each for itself; answers them as they are then, and those that went as they were left. */
export async function patchAnnotations(
  call: Call,
  patches: readonly Annotation[],
  actionText: string,
  deleteIfEmpty: boolean,
): Promise<Answer> {
  const action = readAction(actionText, ACTIONS, StatusCode.ANNOTATION_INVALID_ARGUMENT)
  const place = await labelPlace(call)
  const items = patches.map((given): Refusable => ({ given }))
  const gate = await taskGate(call, patches)
  for (const item of items) {
    await refuseItem(item, async () => {
      checkPatch(item.given)
      gate(item.given, workerOf(call))
      if (item.given.data && action !== 'remove') await checkMaskPictures(item.given.data)
    })
  }
  const before = items.map(({ refusal }) => refusal)
  const { db, clock } = call.services
  const messages = await db.transact(async (tx) => {
    const changed: Annotation[] = []
    for (const [at, item] of items.entries()) {
      item.refusal = before[at]
      await refuseItem(item, async () => {
        changed.push(await patchOne(call, tx, place, item.given, { action, deleteIfEmpty }, clock.now()))
      })
    }
    return changed
  })
  return answerItems(items, messages)
}

function checkPatch(patch: Annotation): void {
  if (patch.id === '' || patch.inputId === '') {
    throw invalidAnnotation('An annotation to patch is named by its id and its input_id; send both.')
  }
  wantedStatus(patch)
  checkInfo(patch)
}

async function patchOne(
  call: Call,
  tx: Writer,
  place: LabelPlace,
  patch: Annotation,
  { action, deleteIfEmpty }: PatchWish,
  now: Micros,
): Promise<Annotation> {
  const row = await findAnnotation(tx, requireApp(call.target).pk, patch.inputId, patch.id)
  demandAuthorship(call, row)
  const [current] = await presentAnnotations(tx, place, [row], { vectors: true })
  const change = patch.data && clone(DataSchema, patch.data)
  const data = change
    ? patchedData(current!.data, await withConceptIds(tx, place, change, action, now), action)
    : current!.data
  const message = clone(AnnotationSchema, { ...current!, data })
  if (patch.annotationInfo) message.annotationInfo = patch.annotationInfo
  if (patch.consensusInfo) message.consensusInfo = patch.consensusInfo
  if (patch.taskId !== '') message.taskId = patch.taskId
  if (deleteIfEmpty && action === 'remove' && isEmptyData(data) && row.input_level === 0) {
    await removeAnnotations(tx, place.appPk, [row.pk])
    return message
  }
  const changed = await store(tx, place, row, message, wantedStatus(patch), now)
  return (await presentAnnotations(tx, place, [changed], { vectors: true }))[0]!
}

const patchedData = (current: Data | undefined, change: Data, action: PatchAction): Data =>
  patchData(current ?? create(DataSchema), change, action)

async function store(
  tx: Writer,
  place: LabelPlace,
  row: Row<'annotations'>,
  message: Annotation,
  statusCode: StatusCode | undefined,
  now: Micros,
): Promise<Row<'annotations'>> {
  const data = message.data ?? create(DataSchema)
  const lengths = hasSpans(data) ? await textLengths(tx, [row.input_pk]) : undefined
  checkAnnotationData(data, { charCount: lengths?.get(row.input_pk) })
  await placeRegions(tx, row.input_pk, data)
  const conceptPk = await ensureConcepts(tx, place, [data], now)
  const vectorsBy = await vectorsMaker(tx, row.pk)
  // Who made it stands in columns, and is shown from there.
  delete message.worker
  return rewriteAnnotation(tx, row, { message, conceptPk, vectorsBy, ...(statusCode && { statusCode }) }, now)
}

/** A patch finds concepts by their ids, so those that it names otherwise get theirs; new ones are added. */
async function withConceptIds(
  tx: Writer,
  place: LabelPlace,
  change: Data,
  action: PatchAction,
  now: Micros,
): Promise<Data> {
  const named = [...walk(change)].flatMap(({ data }) => data.concepts.filter(({ id }) => id === ''))
  if (named.some(({ name }) => name === '')) {
    throw invalidAnnotation('A concept has neither id nor name; give it one of them.')
  }
  if (action === 'remove') {
    const known = await conceptsByName(tx, place.appPk, [...new Set(named.map(({ name }) => name))])
    for (const concept of named) concept.id = known.get(concept.name)?.id ?? ''
    return change
  }
  // In a wrapper of its own, as data hold what they are given: the concepts of the change themselves get the ids.
  await ensureConcepts(tx, place, [{ ...create(DataSchema), concepts: named }], now)
  return change
}
