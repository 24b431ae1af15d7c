import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import { type DatasetInput, DatasetInputSchema, type Input, InputSchema, type Status } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { type Member, memberOf, membersOf, removeMembers } from '../../store/repos/dataset-inputs.ts'
import { addToDatasets } from '../../store/repos/inputs.ts'
import { noteChange } from '../../store/repos/tallies.ts'
import type { Row } from '../../store/schema/tables.ts'
import type { Call } from '../call.ts'
import { batchStatus } from '../inputs/answer.ts'
import { inputPlace } from '../inputs/caller.ts'
import { findInput, findInputs } from '../inputs/find.ts'
import { presentInputs } from '../inputs/present.ts'
import { itemStatus } from '../predict/answer.ts'
import type { PageWindow } from '../resource/paging.ts'
import { invalidDataset } from './problem.ts'

type DatasetRow = Row<'datasets'>

/** What a call that changes the inputs of a dataset answers. */
export interface MembersAnswer {
  readonly datasetInputs: DatasetInput[]
  readonly status?: Status | undefined
}

/** Puts inputs into a dataset, each for itself; those that are in stay, which is no error. */
export async function addMembers(
  call: Call,
  dataset: DatasetRow,
  given: readonly DatasetInput[],
): Promise<MembersAnswer> {
  const { db, clock } = call.services
  const now = clock.now()
  const ids = given.map(({ input }) => input?.id ?? '')
  const found = await db.transact(async (tx) => {
    const rows = await findInputs(
      tx,
      dataset.app_pk,
      ids.filter((id) => id !== ''),
    )
    const members = [...rows.values()].map(({ pk }) => ({ dataset_pk: dataset.pk, input_pk: pk, created_at: now }))
    await addToDatasets(tx, members)
    if (members.length > 0) await noteChange(tx, dataset.app_pk)
    return rows
  })
  const shown = new Map((await show(call, [...found.values()])).map((input) => [input.id, input]))
  const datasetInputs = ids.map((id) => {
    const input = shown.get(id) ?? create(InputSchema, { id })
    return create(DatasetInputSchema, {
      ...(shown.has(id) && { createdAt: toTimestamp(now) }),
      input: { ...input, status: shown.has(id) ? itemStatus(StatusCode.DATASET_INPUT_SUCCESS) : unknown(id) },
    })
  })
  return { datasetInputs, status: statusOf(datasetInputs) }
}

const unknown = (id: string): Status =>
  id === ''
    ? itemStatus(StatusCode.CONN_INVALID_REQUEST, 'A dataset input names no input; send input.id.')
    : itemStatus(StatusCode.CONN_DOES_NOT_EXIST, `There is no input '${id}' in this app.`)

const statusOf = (items: readonly DatasetInput[]): Status | undefined =>
  batchStatus(
    items.flatMap(({ input }) => input ?? []),
    StatusCode.DATASET_INPUT_SUCCESS,
  )

async function show(call: Call, rows: readonly Row<'inputs'>[]): Promise<Input[]> {
  return presentInputs(call.services.db.read, inputPlace(call), rows)
}

async function presentMembers(call: Call, members: readonly Member[]): Promise<DatasetInput[]> {
  const inputs = await show(call, members)
  return members.map(({ added_at }, at) =>
    create(DatasetInputSchema, { createdAt: toTimestamp(added_at), input: inputs[at]! }),
  )
}

/** One page of the inputs of a dataset, in the order in which they came in. */
export async function listMembers(call: Call, dataset: DatasetRow, window: PageWindow): Promise<DatasetInput[]> {
  return presentMembers(call, await membersOf(call.services.db.read, dataset.pk, window))
}

/** One input of a dataset; throws AppError 11101. */
export async function getMember(call: Call, dataset: DatasetRow, inputId: string): Promise<DatasetInput> {
  const { read } = call.services.db
  const input = await findInput(read, dataset.app_pk, inputId)
  const member = await memberOf(read, dataset.pk, input.pk)
  if (!member) throw notIn(dataset, inputId)
  return (await presentMembers(call, [member]))[0]!
}

const notIn = (dataset: DatasetRow, inputId: string): AppError =>
  new AppError(StatusCode.CONN_DOES_NOT_EXIST, `The dataset '${dataset.id}' has no input '${inputId}'.`)

/** Takes inputs out of a dataset, all or none; they stay in the app. Throws AppError 11101 for one that is not in. */
export async function deleteMembers(call: Call, dataset: DatasetRow, inputIds: readonly string[]): Promise<void> {
  if (inputIds.some((id) => id === '')) throw invalidDataset('One of the input_ids is empty; leave it out.')
  await call.services.db.transact(async (tx) => {
    const found = await findInputs(tx, dataset.app_pk, inputIds)
    const pks = [...found.values()].map(({ pk }) => pk)
    const removed = new Set(await removeMembers(tx, dataset.pk, pks))
    const absent = inputIds.find((id) => !removed.has(found.get(id)?.pk ?? 0))
    if (absent !== undefined) throw notIn(dataset, absent)
    await noteChange(tx, dataset.app_pk)
  })
}
