import { type RawBuilder, sql } from 'kysely'
import type { Micros } from '../../base/clock.ts'
import { inParts } from '../parts.ts'
import type { NewRow, Row } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'
import { insertRows } from './insert-rows.ts'

/** Status of an input that is being deleted in the background: nobody sees it any more. */
export const GONE = -1

/** Ids of inputs by pk. */
export async function inputIds(db: Reader, pks: readonly number[]): Promise<Map<number, string>> {
  const found = new Map<number, string>()
  for (const part of inParts([...new Set(pks)])) {
    const rows = await db.selectFrom('inputs').select(['pk', 'id']).where('pk', 'in', part).execute()
    for (const { pk, id } of rows) found.set(pk, id)
  }
  return found
}

/** Pks of an app's inputs by id; ids without an input are left out. */
export async function inputPks(db: Reader, appPk: number, ids: readonly string[]): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for (const part of inParts(ids)) {
    const rows = await db
      .selectFrom('inputs')
      .select(['pk', 'id'])
      .where('app_pk', '=', appPk)
      .where('id', 'in', part)
      .execute()
    for (const { pk, id } of rows) found.set(id, pk)
  }
  return found
}

/** Those of some addresses, by their hashes, that inputs of the app already have. */
export async function knownUrls(db: Reader, appPk: number, hashes: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>()
  for (const part of inParts(hashes)) {
    const rows = await db
      .selectFrom('input_urls')
      .select('url_hash')
      .where('app_pk', '=', appPk)
      .where('url_hash', 'in', part)
      .execute()
    for (const { url_hash } of rows) found.add(url_hash)
  }
  return found
}

/** Adds inputs and returns their pks by id. */
export async function addInputs(tx: Writer, rows: readonly NewRow<'inputs'>[]): Promise<Map<string, number>> {
  const stored = await insertRows(tx, 'inputs', rows, ['pk', 'id'])
  return new Map(stored.map(({ pk, id }) => [id, pk]))
}

/** Puts inputs into datasets; those that are in stay as they are. */
export async function addToDatasets(tx: Writer, rows: readonly NewRow<'dataset_inputs'>[]): Promise<void> {
  for (const part of inParts(rows)) {
    await tx
      .insertInto('dataset_inputs')
      .values(part)
      .onConflict((conflict) => conflict.columns(['dataset_pk', 'input_pk']).doNothing())
      .execute()
  }
}

/** Sets the status of an input that still has one of `from`; false when it has not (it was deleted, or is done). */
export async function moveStatus(
  tx: Writer,
  pk: number,
  from: readonly number[],
  to: { readonly code: number; readonly details: string },
  now: Micros,
): Promise<Pick<Row<'inputs'>, 'app_pk'> | undefined> {
  return tx
    .updateTable('inputs')
    .set({ status_code: to.code, status_details: to.details, modified_at: now })
    .where('pk', '=', pk)
    .where('status_code', 'in', from)
    .returning('app_pk')
    .executeTakeFirst()
}

/**
 * True of inputs that are not hidden. As a sum, which no index answers: else SQLite reads all inputs by the index of their
 * status and sorts them, where that of their time has them in order.
 */
const isThere = sql<boolean>`${sql.ref('status_code')} + 0 >= 0`

/** Which inputs of an app a list is about. */
export interface InputFilter {
  readonly statusCode?: number
  readonly ids?: readonly string[]
}

/**
 * One page of an app's inputs, the newest first, of `total` in all. What lies in the second half is counted from the
 * end, so that the last page costs no more than the first.
 */
export async function pageOfInputs(
  db: Reader,
  appPk: number,
  filter: InputFilter,
  window: { readonly limit: number; readonly offset: number },
  total: number,
): Promise<Row<'inputs'>[]> {
  const fromEnd = filter.ids === undefined && window.offset > total / 2
  // Only the index is read to find the page; whole rows are read for the page alone.
  let page = db.selectFrom('inputs').select('pk').where('app_pk', '=', appPk)
  if (filter.statusCode !== undefined) page = page.where('status_code', '=', filter.statusCode)
  else page = page.where(isThere)
  if (filter.ids !== undefined) page = page.where('id', 'in', filter.ids)
  const order = fromEnd ? 'asc' : 'desc'
  const rest = total - window.offset
  if (fromEnd && rest <= 0) return []
  const span = fromEnd ? { limit: Math.min(window.limit, rest), offset: Math.max(0, rest - window.limit) } : window
  const rows = await db
    .selectFrom('inputs')
    .selectAll()
    .where('pk', 'in', page.orderBy('created_at', order).orderBy('pk', order).limit(span.limit).offset(span.offset))
    .execute()
  return rows.sort((a, b) => b.created_at - a.created_at || b.pk - a.pk)
}

/** How inputs follow one another in a stream. */
export interface StreamOrder {
  readonly by: 'created_at' | 'id'
  readonly descending: boolean
}

/** The inputs of an app after a given one. */
export async function inputsAfter(
  db: Reader,
  appPk: number,
  last: Pick<Row<'inputs'>, 'pk' | 'id' | 'created_at'> | undefined,
  { by, descending }: StreamOrder,
  limit: number,
): Promise<Row<'inputs'>[]> {
  const order = descending ? 'desc' : 'asc'
  let query = db.selectFrom('inputs').selectAll().where('app_pk', '=', appPk).where(isThere)
  if (last) query = query.where(beyond(last, by, descending))
  query = query.orderBy(by, order)
  if (by === 'created_at') query = query.orderBy('pk', order)
  return query.limit(limit).execute()
}

function beyond(
  last: Pick<Row<'inputs'>, 'pk' | 'id' | 'created_at'>,
  by: StreamOrder['by'],
  descending: boolean,
): RawBuilder<boolean> {
  const than = descending ? sql`<` : sql`>`
  if (by === 'id') return sql<boolean>`${sql.ref('id')} ${than} ${last.id}`
  return sql<boolean>`(${sql.ref('created_at')}, ${sql.ref('pk')}) ${than} (${last.created_at}, ${last.pk})`
}
