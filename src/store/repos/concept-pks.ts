import type { Micros } from '../../base/clock.ts'
import { inParts } from '../parts.ts'
import type { Row } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'

/** A concept as annotations name it. */
export type NamedConcept = Pick<Row<'concepts'>, 'pk' | 'id' | 'name'>

/** Concepts of an app with these ids, by id. */
export async function conceptsById(
  db: Reader,
  appPk: number,
  ids: readonly string[],
): Promise<Map<string, NamedConcept>> {
  const rows = await conceptsWith(db, appPk, 'id', ids)
  return new Map(rows.map((row) => [row.id, row]))
}

/** Concepts of an app with these names, by name; of several with one name the oldest. */
export async function conceptsByName(
  db: Reader,
  appPk: number,
  names: readonly string[],
): Promise<Map<string, NamedConcept>> {
  const rows = await conceptsWith(db, appPk, 'name', names)
  return new Map(rows.reverse().map((row) => [row.name, row]))
}

async function conceptsWith(
  db: Reader,
  appPk: number,
  column: 'id' | 'name',
  values: readonly string[],
): Promise<NamedConcept[]> {
  const found: NamedConcept[] = []
  for (const part of inParts(values)) {
    const rows = await db
      .selectFrom('concepts')
      .select(['pk', 'id', 'name'])
      .where('app_pk', '=', appPk)
      .where(column, 'in', part)
      .orderBy('pk')
      .execute()
    found.push(...rows)
  }
  return found
}

/** Adds concepts to an app; of those that somebody else has just added nothing is changed. */
export async function addConcepts(
  tx: Writer,
  appPk: number,
  concepts: readonly { readonly id: string; readonly name: string }[],
  now: Micros,
): Promise<void> {
  const rows = concepts.map(({ id, name }) => ({
    app_pk: appPk,
    id,
    name,
    language: '',
    doc: JSON.stringify({ name }),
    created_at: now,
    modified_at: now,
  }))
  await tx
    .insertInto('concepts')
    .values(rows)
    .onConflict((conflict) => conflict.columns(['app_pk', 'id']).doNothing())
    .execute()
}
