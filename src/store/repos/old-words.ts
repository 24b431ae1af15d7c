import { type SqlBool, sql } from 'kysely'
import { INPUT_KINDS, SHAPES } from '../data-bits.ts'
import type { Row } from '../schema/tables.ts'
import type { Reader } from '../session.ts'

/** Inputs that are texts, have been processed and have no words yet, in the order of their pks. */
export function inputsWithoutWords(
  db: Reader,
  appPk: number,
  statusCode: number,
  after: number,
  limit: number,
): Promise<Row<'inputs'>[]> {
  return db
    .selectFrom('inputs')
    .selectAll()
    .where('app_pk', '=', appPk)
    .where('status_code', '=', statusCode)
    .where('pk', '>', after)
    .where(sql<SqlBool>`inputs.kinds & ${sql.lit(INPUT_KINDS.text)} <> 0`)
    .where(hasNoWords('input'))
    .orderBy('pk')
    .limit(limit)
    .execute()
}

/** Those of some inputs that are still there without words. */
export async function stillWithoutWords(db: Reader, pks: readonly number[]): Promise<Set<number>> {
  if (pks.length === 0) return new Set()
  const rows = await db.selectFrom('inputs').select('pk').where('pk', 'in', pks).where(hasNoWords('input')).execute()
  return new Set(rows.map(({ pk }) => pk))
}

/** Annotations with texts whose words are not kept yet, in the order of their pks. */
export function annotationsWithoutWords(
  db: Reader,
  appPk: number,
  after: number,
  limit: number,
): Promise<Row<'annotations'>[]> {
  return db
    .selectFrom('annotations')
    .selectAll()
    .where('app_pk', '=', appPk)
    .where('pk', '>', after)
    .where(sql<SqlBool>`annotations.shapes & ${sql.lit(SHAPES.text)} <> 0`)
    .where(hasNoWords('annotation'))
    .orderBy('pk')
    .limit(limit)
    .execute()
}

const hasNoWords = (of: 'input' | 'annotation') =>
  of === 'input'
    ? sql<SqlBool>`not exists (select 1 from texts where texts.input_pk = inputs.pk and texts.annotation_pk is null)`
    : sql<SqlBool>`not exists (select 1 from texts where texts.annotation_pk = annotations.pk)`
