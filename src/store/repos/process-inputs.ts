import type { Micros } from '../../base/clock.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Row } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'
import { addTallies } from './tallies.ts'

/** A status that inputs get. */
export interface InputStatus {
  readonly code: StatusCode
  readonly details: string
}

/** Pks of an app's inputs that wait to be processed, the oldest first. */
export async function waitingInputs(db: Reader, appPk: number, limit: number): Promise<number[]> {
  const rows = await db
    .selectFrom('inputs')
    .select('pk')
    .where('app_pk', '=', appPk)
    .where('status_code', '=', StatusCode.INPUT_PENDING)
    .orderBy('created_at')
    .orderBy('pk')
    .limit(limit)
    .execute()
  return rows.map(({ pk }) => pk)
}

/** Marks those of some inputs that still wait as being processed, and returns them. */
export async function takeInputs(
  tx: Writer,
  appPk: number,
  pks: readonly number[],
  now: Micros,
): Promise<Row<'inputs'>[]> {
  const rows = await tx
    .updateTable('inputs')
    .set({ status_code: StatusCode.INPUT_IN_PROGRESS, modified_at: now })
    .where('pk', 'in', pks)
    .where('status_code', '=', StatusCode.INPUT_PENDING)
    .returningAll()
    .execute()
  await countMove(tx, appPk, StatusCode.INPUT_PENDING, StatusCode.INPUT_IN_PROGRESS, rows.length)
  return rows
}

/** Gives all inputs of an app that are being processed another status; for when nobody processes them any more. */
export async function moveTaken(tx: Writer, appPk: number, to: InputStatus, now: Micros): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable('inputs')
    .set({ status_code: to.code, status_details: to.details, modified_at: now })
    .where('app_pk', '=', appPk)
    .where('status_code', '=', StatusCode.INPUT_IN_PROGRESS)
    .executeTakeFirst()
  await countMove(tx, appPk, StatusCode.INPUT_IN_PROGRESS, to.code, Number(numUpdatedRows))
}

/** Ends the processing of an input; false when it was deleted meanwhile. The counters are left to `countMove`. */
export async function endInput(tx: Writer, pk: number, to: InputStatus, now: Micros): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('inputs')
    .set({ status_code: to.code, status_details: to.details, modified_at: now })
    .where('pk', '=', pk)
    .where('status_code', '=', StatusCode.INPUT_IN_PROGRESS)
    .executeTakeFirst()
  return numUpdatedRows === 1n
}

/** Counts inputs from one status into another. */
export function countMove(tx: Writer, appPk: number, from: number, to: number, inputs: number): Promise<void> {
  return addTallies(tx, appPk, [
    { kind: 'inputs', key: from, by: -inputs },
    { kind: 'inputs', key: to, by: inputs },
  ])
}
