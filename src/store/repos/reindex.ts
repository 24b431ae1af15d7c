import { sql } from 'kysely'
import type { Micros } from '../../base/clock.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Row } from '../schema/tables.ts'
import type { Reader } from '../session.ts'

/** A place in the order in which inputs were made. */
export interface Place {
  readonly createdAt: Micros
  readonly pk: number
}

/** The next processed inputs of an app that were made after a place and before a time, the oldest first. */
export function processedInputs(
  db: Reader,
  appPk: number,
  after: Place,
  before: Micros,
  limit: number,
): Promise<Row<'inputs'>[]> {
  return db
    .selectFrom('inputs')
    .selectAll()
    .where('app_pk', '=', appPk)
    .where('status_code', '=', StatusCode.INPUT_SUCCESS)
    .where(sql<boolean>`(${sql.ref('created_at')}, ${sql.ref('pk')}) > (${after.createdAt}, ${after.pk})`)
    .where('created_at', '<', before)
    .orderBy('created_at')
    .orderBy('pk')
    .limit(limit)
    .execute()
}

/** Those of some inputs that are there and processed. */
export async function stillProcessed(db: Reader, pks: readonly number[]): Promise<Set<number>> {
  if (pks.length === 0) return new Set()
  const rows = await db
    .selectFrom('inputs')
    .select('pk')
    .where('pk', 'in', pks)
    .where('status_code', '=', StatusCode.INPUT_SUCCESS)
    .execute()
  return new Set(rows.map(({ pk }) => pk))
}

/** Annotations of inputs that models made, and that nobody has made his own. */
export async function workflowAnnotations(db: Reader, inputPks: readonly number[]): Promise<number[]> {
  if (inputPks.length === 0) return []
  const rows = await db
    .selectFrom('annotations')
    .select('pk')
    .where('input_pk', 'in', inputPks)
    .where('worker_kind', '=', 'model_version')
    .where('trusted', '=', 0)
    .execute()
  return rows.map(({ pk }) => pk)
}
