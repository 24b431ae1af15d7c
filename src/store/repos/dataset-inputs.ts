import type { Micros } from '../../base/clock.ts'
import { inParts } from '../parts.ts'
import type { Row } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'
import { type AnnotationClause, meetsClauses } from './annotation-conditions.ts'
import { isOne } from './annotations.ts'

/** An input of a dataset, with when it came in. */
export type Member = Row<'inputs'> & { readonly added_at: Micros }

/** One page of the inputs of a dataset, in the order in which they came in. */
export async function membersOf(
  db: Reader,
  datasetPk: number,
  window: { readonly limit: number; readonly offset: number },
): Promise<Member[]> {
  return members(db, datasetPk)
    .orderBy('dataset_inputs.created_at')
    .orderBy('dataset_inputs.input_pk')
    .limit(window.limit)
    .offset(window.offset)
    .execute()
}

const members = (db: Reader, datasetPk: number) =>
  db
    .selectFrom('dataset_inputs')
    .innerJoin('inputs', 'inputs.pk', 'dataset_inputs.input_pk')
    .selectAll('inputs')
    .select('dataset_inputs.created_at as added_at')
    .where('dataset_inputs.dataset_pk', '=', datasetPk)
    .where('inputs.status_code', '>=', 0)

/** One input of a dataset, by its pk. */
export function memberOf(db: Reader, datasetPk: number, inputPk: number): Promise<Member | undefined> {
  return members(db, datasetPk).where('dataset_inputs.input_pk', '=', inputPk).executeTakeFirst()
}

/** Inputs of a dataset after a given one by their pks, for walks through all of them; not those in a status. */
export function membersAfter(
  db: Reader,
  datasetPk: number,
  afterPk: number,
  limit: number,
  withoutStatus: number,
): Promise<Member[]> {
  return members(db, datasetPk)
    .where('dataset_inputs.input_pk', '>', afterPk)
    .where('inputs.status_code', '<>', withoutStatus)
    .orderBy('dataset_inputs.input_pk')
    .limit(limit)
    .execute()
}

/** An input of a dataset, with the dataset's id. */
export type MemberPlace = Row<'dataset_inputs'> & { readonly id: string }

/** What is in the datasets of an app that are visible from `minVisibility` on, after a place in the order of pks. */
export function membersOfApp(
  db: Reader,
  { appPk, minVisibility }: { readonly appPk: number; readonly minVisibility: number },
  { datasetPk, inputPk }: { readonly datasetPk: number; readonly inputPk: number },
  limit: number,
): Promise<MemberPlace[]> {
  return db
    .selectFrom('dataset_inputs')
    .innerJoin('datasets', 'datasets.pk', 'dataset_inputs.dataset_pk')
    .selectAll('dataset_inputs')
    .select('datasets.id')
    .where('datasets.app_pk', '=', appPk)
    .where('datasets.visibility', '>=', minVisibility)
    .where('dataset_inputs.dataset_pk', '>=', datasetPk)
    .where((row) =>
      row.or([row('dataset_inputs.dataset_pk', '>', datasetPk), row('dataset_inputs.input_pk', '>', inputPk)]),
    )
    .orderBy('dataset_inputs.dataset_pk')
    .orderBy('dataset_inputs.input_pk')
    .limit(limit)
    .execute()
}

/** How many inputs a dataset has. */
export async function countMembers(db: Reader, datasetPk: number): Promise<number> {
  const { rows } = await db
    .selectFrom('dataset_inputs')
    .select(({ fn }) => fn.countAll<number | string>().as('rows'))
    .where('dataset_pk', '=', datasetPk)
    .executeTakeFirstOrThrow()
  return Number(rows)
}

/** Takes inputs out of a dataset and says which were in. */
export async function removeMembers(tx: Writer, datasetPk: number, inputPks: readonly number[]): Promise<number[]> {
  const removed: number[] = []
  for (const part of inParts(inputPks)) {
    const rows = await tx
      .deleteFrom('dataset_inputs')
      .where('dataset_pk', '=', datasetPk)
      .where('input_pk', 'in', part)
      .returning('input_pk')
      .execute()
    for (const { input_pk } of rows) removed.push(input_pk)
  }
  return removed
}

/** What annotations a walk takes. */
export interface AnnotationWish {
  readonly appPk: number
  readonly clauses: readonly AnnotationClause[]
  /** A status that they must have. */
  readonly statusCode?: number | undefined
  readonly trustedOnly: boolean
}

/** The annotations of inputs that meet a wish, by the input's pk, each list from the oldest on. */
export async function annotationsOf(
  db: Reader,
  inputPks: readonly number[],
  wish: AnnotationWish,
): Promise<Map<number, Row<'annotations'>[]>> {
  const found = new Map<number, Row<'annotations'>[]>()
  for (const part of inParts(inputPks)) {
    let query = db
      .selectFrom('annotations')
      .selectAll()
      .where('input_pk', 'in', part)
      .where((eb) => meetsClauses(db, eb, wish, wish.clauses))
    if (wish.statusCode !== undefined) query = query.where('status_code', '=', wish.statusCode)
    if (wish.trustedOnly) query = query.where(isOne('trusted'))
    for (const row of await query.orderBy('pk').execute()) {
      const own = found.get(row.input_pk)
      if (own) own.push(row)
      else found.set(row.input_pk, [row])
    }
  }
  return found
}
