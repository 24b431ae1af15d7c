import { AppError } from '../../base/errors.ts'
import { BATCH_ITEMS_MAX } from '../../base/limits.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { deleteInputRows, heavyInputs, hideInputs } from '../../store/repos/delete-inputs.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { deleteInputsJob } from './delete-job.ts'
import { findInput, findInputs } from './find.ts'
import { DELETED_AT_ONCE_MAX } from './limits.ts'

/** Deletes one input with all that belongs to it. Throws 11101 where it is not there. */
export async function deleteInput(call: Call, id: string): Promise<void> {
  await call.services.db.transact(async (tx) => {
    await removeInputs(tx, call, [await findInput(tx, requireApp(call.target).pk, id)])
  })
}

/** Deletes inputs; ids without one, and no ids at all, are nothing to complain of. */
export async function deleteInputs(call: Call, ids: readonly string[]): Promise<void> {
  if (ids.length > BATCH_ITEMS_MAX) {
    throw new AppError(
      StatusCode.INPUT_INVALID_ARGUMENT,
      `The request names ${ids.length} inputs; delete at most ${BATCH_ITEMS_MAX} at a time.`,
    )
  }
  if (ids.length === 0) return
  await call.services.db.transact(async (tx) => {
    const found = await findInputs(tx, requireApp(call.target).pk, ids)
    await removeInputs(tx, call, [...found.values()])
  })
}

/**
 * Deletes inputs of one app in the caller's transaction: nobody sees them once it is durable. Those with very many
 * annotations are only hidden then and go in parts, so that no other write waits for them.
 */
export async function removeInputs(tx: Writer, call: Call, inputs: readonly Row<'inputs'>[]): Promise<void> {
  if (inputs.length === 0) return
  const { clock, jobs } = call.services
  const now = clock.now()
  const heavy = await heavyInputs(
    tx,
    inputs.map(({ pk }) => pk),
    Math.floor(DELETED_AT_ONCE_MAX / inputs.length),
  )
  await deleteInputRows(
    tx,
    inputs.filter(({ pk }) => !heavy.has(pk)),
    now,
  )
  if (heavy.size === 0) return
  await hideInputs(
    tx,
    inputs.filter(({ pk }) => heavy.has(pk)),
    now,
  )
  const appPk = inputs[0]!.app_pk
  await jobs.enqueue(tx, deleteInputsJob, {}, { appPk, dedupeKey: `delete-inputs:${appPk}` })
}
