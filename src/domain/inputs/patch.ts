import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { BATCH_ITEMS_MAX } from '../../base/limits.ts'
import { type Data, DataSchema, type Input } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { inputLevelRows } from '../../store/repos/annotations.ts'
import { inputs as rows } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import { ensureConcepts, type LabelPlace, showConcepts } from '../annotations/concepts.ts'
import { toMessage } from '../annotations/present.ts'
import { rewriteAnnotation } from '../annotations/store.ts'
import type { Call } from '../call.ts'
import { itemStatus } from '../predict/answer.ts'
import { type PatchAction, readAction } from '../resource/patch.ts'
import { inputPlace, labelPlace } from './caller.ts'
import { findInputs } from './find.ts'
import { checkLabels, wholeData } from './given-labels.ts'
import { patchLabels } from './patch-labels.ts'
import { presentInputs } from './present.ts'
import { invalidInput, missingInput } from './problem.ts'

/** Changes labels, metadata and place of inputs, all or none; their media never change. */
export async function patchInputs(call: Call, patches: readonly Input[], actionText: string): Promise<Input[]> {
  const action = readAction(actionText, ['merge', 'overwrite', 'remove'], StatusCode.INPUT_INVALID_ARGUMENT)
  if (patches.length === 0) throw invalidInput('The request has no inputs; send at least one.')
  if (patches.length > BATCH_ITEMS_MAX) {
    throw new AppError(
      StatusCode.INPUT_OVER_LIMIT,
      `The request has ${patches.length} inputs; send at most ${BATCH_ITEMS_MAX} at a time.`,
    )
  }
  for (const { data } of patches) checkPatch(data, action)
  const place = await labelPlace(call)
  const { db, clock } = call.services
  const changed = await db.transact(async (tx) => {
    const found = await findInputs(
      tx,
      requireApp(call.target).pk,
      patches.map(({ id }) => id),
    )
    for (const { id } of patches) if (!found.has(id)) throw missingInput(id)
    const labels = await inputLevelRows(
      tx,
      [...found.values()].map(({ pk }) => pk),
    )
    const now = clock.now()
    for (const { id, data } of patches) {
      if (!data) continue
      const input = found.get(id)!
      labels.set(input.pk, await patchOne(tx, place, labels.get(input.pk)!, data, action, now))
      found.set(id, await rows.update(tx, input, {}, now))
    }
    return patches.map(({ id }) => found.get(id)!)
  })
  const inputs = await presentInputs(db.read, inputPlace(call), changed)
  for (const input of inputs) input.status = itemStatus(StatusCode.INPUT_MODIFY_SUCCESS)
  return inputs
}

const ELSEWHERE = ['regions', 'frames', 'timeSegments', 'tracks', 'embeddings', 'clusters'] as const

function checkPatch(data: Data | undefined, action: PatchAction): void {
  if (!data) return
  for (const kind of ['image', 'video', 'audio'] as const) {
    if (data[kind] && data[kind].base64.length > 0) throw mediaPatch(kind)
  }
  if (data.text?.raw) throw mediaPatch('text')
  const elsewhere = ELSEWHERE.find((field) => data[field].length > 0)
  if (elsewhere) {
    throw invalidInput(`The data of an input cannot hold ${elsewhere}; change annotations with PatchAnnotations.`)
  }
  // What is taken away is only named.
  if (action !== 'remove') checkLabels(wholeData(data))
}

const mediaPatch = (kind: string): AppError =>
  invalidInput(`The ${kind} of an input cannot be changed; delete the input and post it anew.`)

async function patchOne(
  tx: Writer,
  place: LabelPlace,
  row: Row<'annotations'>,
  patch: Data,
  action: PatchAction,
  now: number,
): Promise<Row<'annotations'>> {
  const message = toMessage(row, '')
  const current = message.data ?? create(DataSchema)
  const given = wholeData(patch)
  await showConcepts(tx, place, [current])
  // Those that are named without an id get it here, so that they are found among those of the input.
  if (action !== 'remove') await ensureConcepts(tx, place, [given], now)
  const result = patchLabels(current, given, action)
  checkLabels(result)
  const conceptPk = await ensureConcepts(tx, place, [result], now)
  return rewriteAnnotation(tx, row, { message: { ...message, data: result }, conceptPk }, now)
}
