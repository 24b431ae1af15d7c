import type { Expression, ExpressionBuilder, SqlBool } from 'kysely'
import type { Schema } from '../schema/tables.ts'
import type { Reader } from '../session.ts'

type OnInputs = ExpressionBuilder<Pick<Schema, 'inputs'>, 'inputs'>

/** Inputs that are not assigned to enough yet. */
export interface Unassigned {
  readonly taskPk: number
  /** Of whom the task may have this many less one for each input. */
  readonly fewerThan: number
  /** User id of somebody to whom they must not be assigned. */
  readonly notTo?: string
}

/** Which inputs of a source are asked for. */
export interface InputWish {
  /** Pks between which they lie, the second one included. */
  readonly after: number
  readonly until?: number | undefined
  readonly limit: number
  /** Of which they have one. */
  readonly statuses: readonly number[]
  readonly unassigned?: Unassigned | undefined
}

/** True of inputs that meet what a wish says beside their source. */
export const meetsWish =
  ({ statuses, after, until, unassigned }: Pick<InputWish, 'until' | 'unassigned'> & Partial<InputWish>) =>
  (eb: OnInputs): Expression<SqlBool> =>
    eb.and([
      ...(statuses ? [eb('inputs.status_code', 'in', statuses)] : []),
      ...(until === undefined ? [] : [eb('inputs.pk', '<=', until)]),
      ...(unassigned ? [isUnassigned(eb as never, unassigned, { after, until })] : []),
    ])

function isUnassigned(
  eb: ExpressionBuilder<Schema, 'inputs'>,
  { taskPk, fewerThan, notTo }: Unassigned,
  { after, until }: Partial<InputWish>,
): Expression<SqlBool> {
  let own = eb
    .selectFrom('task_assignments')
    .whereRef('task_assignments.input_pk', '=', 'inputs.pk')
    .where('task_assignments.task_pk', '=', taskPk)
  // Else PostgreSQL reads all that the task has assigned.
  if (after !== undefined) own = own.where('task_assignments.input_pk', '>', after)
  if (until !== undefined) own = own.where('task_assignments.input_pk', '<=', until)
  if (fewerThan === 1) return eb.not(eb.exists(own.select('task_assignments.pk')))
  const count = own.select(({ fn }) => fn.countAll<number>().as('rows'))
  const few = eb(count, '<', fewerThan)
  if (notTo === undefined) return few
  const his = own
    .where('task_assignments.worker_kind', '=', 'user')
    .where('task_assignments.worker_id', '=', notTo)
    .select('task_assignments.pk')
  return eb.and([eb.not(eb.exists(his)), few])
}

/** Pks of inputs of an app, of a dataset or of a list that a wish asks for, ascending. */
export async function inputsOfSourceAfter(
  db: Reader,
  appPk: number,
  among: { readonly datasetPk?: number; readonly inputPks?: readonly number[] },
  wish: InputWish,
): Promise<number[]> {
  const { datasetPk, inputPks } = among
  if (inputPks) return listedInputs(db, appPk, inputPks, wish)
  if (datasetPk !== undefined) return membersAfter(db, datasetPk, wish)
  // A status at a time, as an index has the pks of each in order.
  const found: number[] = []
  for (const status of wish.statuses) {
    const rows = await db
      .selectFrom('inputs')
      .select('pk')
      .where('app_pk', '=', appPk)
      .where('status_code', '=', status)
      .where('pk', '>', wish.after)
      .where((eb) => meetsWish({ ...wish, statuses: undefined })(eb))
      .orderBy('pk')
      .limit(wish.limit)
      .execute()
    for (const { pk } of rows) found.push(pk)
  }
  return found.sort((a, b) => a - b).slice(0, wish.limit)
}

/**
 * A pk after another one up to which an app has not many more inputs of each of some statuses than a number; undefined
 * where there are not so many at all.
 */
export async function partOfInputs(
  db: Reader,
  appPk: number,
  statuses: readonly number[],
  after: number,
  count: number,
): Promise<number | undefined> {
  let end: number | undefined
  // A status at a time, as an index has the pks of each in order.
  for (const status of statuses) {
    const row = await db
      .selectFrom('inputs')
      .select('pk')
      .where('app_pk', '=', appPk)
      .where('status_code', '=', status)
      .where('pk', '>', after)
      .orderBy('pk')
      .limit(1)
      .offset(count)
      .executeTakeFirst()
    if (row && (end === undefined || row.pk < end)) end = row.pk
  }
  return end
}

/** Those of some inputs of an app that meet a wish, ascending. */
export async function listedInputs(
  db: Reader,
  appPk: number,
  pks: readonly number[],
  wish: Pick<InputWish, 'unassigned'> & Partial<InputWish>,
): Promise<number[]> {
  if (pks.length === 0) return []
  const rows = await db
    .selectFrom('inputs')
    .select('pk')
    .where('pk', 'in', pks)
    .where('app_pk', '=', appPk)
    // Those that are being deleted have one below 0.
    .where('status_code', '>=', 0)
    .where((eb) => meetsWish(wish)(eb))
    .orderBy('pk')
    .execute()
  return rows.map(({ pk }) => pk)
}

async function membersAfter(db: Reader, datasetPk: number, wish: InputWish): Promise<number[]> {
  const rows = await db
    .selectFrom('dataset_inputs')
    .innerJoin('inputs', 'inputs.pk', 'dataset_inputs.input_pk')
    .select('dataset_inputs.input_pk')
    .where('dataset_inputs.dataset_pk', '=', datasetPk)
    .where('dataset_inputs.input_pk', '>', wish.after)
    .where((eb) => meetsWish(wish)(eb as never))
    .orderBy('dataset_inputs.input_pk')
    .limit(wish.limit)
    .execute()
  return rows.map(({ input_pk }) => input_pk)
}
