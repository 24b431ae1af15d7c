import type { Micros } from '../../base/clock.ts'
import { ROWS_PER_DELETE_MAX } from '../limits.ts'
import { inParts } from '../parts.ts'
import type { Row } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'
import { GONE } from './inputs.ts'
import { releaseMediaOfInputs } from './media.ts'
import { addTallies, noteChange, type Tally } from './tallies.ts'

type InputRef = Pick<Row<'inputs'>, 'pk' | 'app_pk' | 'status_code'>

/** Which of some inputs have so many annotations that deleting them is work for the background. */
export async function heavyInputs(db: Reader, pks: readonly number[], annotationsMax: number): Promise<Set<number>> {
  const heavy = new Set<number>()
  for (const pk of pks) {
    const beyond = await db
      .selectFrom('annotations')
      .select('pk')
      .where('input_pk', '=', pk)
      .orderBy('id')
      .limit(1)
      .offset(annotationsMax)
      .executeTakeFirst()
    if (beyond) heavy.add(pk)
  }
  return heavy
}

/** Deletes inputs of one app with all that belongs to them, and counts them out. */
export async function deleteInputRows(tx: Writer, inputs: readonly InputRef[], now: Micros): Promise<void> {
  const appPk = inputs[0]?.app_pk
  if (appPk === undefined) return
  const pks = inputs.map(({ pk }) => pk)
  await releaseMediaOfInputs(tx, pks, now)
  for (const part of inParts(pks)) await tx.deleteFrom('inputs').where('pk', 'in', part).execute()
  await addTallies(tx, appPk, countOut(inputs))
  await noteChange(tx, appPk)
}

/** Hides inputs from everybody, their ids and addresses free for others, until their rows are deleted in parts. */
export async function hideInputs(tx: Writer, inputs: readonly InputRef[], now: Micros): Promise<void> {
  const appPk = inputs[0]?.app_pk
  if (appPk === undefined) return
  for (const { pk } of inputs) {
    // No caller can choose such an id.
    const hidden = { id: `gone:${pk}`, status_code: GONE, add_job_pk: null, modified_at: now }
    await tx.updateTable('inputs').set(hidden).where('pk', '=', pk).execute()
    await tx.deleteFrom('input_urls').where('input_pk', '=', pk).execute()
    await tx.deleteFrom('dataset_inputs').where('input_pk', '=', pk).execute()
  }
  await addTallies(tx, appPk, countOut(inputs))
  await noteChange(tx, appPk)
}

const countOut = (inputs: readonly InputRef[]): Tally[] =>
  inputs.flatMap(({ status_code }) => (status_code === GONE ? [] : [{ kind: 'inputs', key: status_code, by: -1 }]))

/** Deletes a part of the annotations of a hidden input; says whether there was nothing left. */
export async function deletePartOfInput(tx: Writer, inputPk: number): Promise<boolean> {
  const part = tx.selectFrom('annotations').select('pk').where('input_pk', '=', inputPk).limit(ROWS_PER_DELETE_MAX)
  const { numDeletedRows } = await tx.deleteFrom('annotations').where('pk', 'in', part).executeTakeFirst()
  return numDeletedRows < BigInt(ROWS_PER_DELETE_MAX)
}

/** Hidden inputs of an app, which are still to be deleted. */
export function hiddenInputs(db: Reader, appPk: number, limit: number): Promise<InputRef[]> {
  return db
    .selectFrom('inputs')
    .select(['pk', 'app_pk', 'status_code'])
    .where('app_pk', '=', appPk)
    .where('status_code', '=', GONE)
    .limit(limit)
    .execute()
}
