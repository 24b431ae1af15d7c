import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { ROWS_PER_DELETE_MAX } from '../limits.ts'
import { inParts } from '../parts.ts'
import type { NewRow, Row } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'
import { insertRows } from './insert-rows.ts'
import type { TextWords } from './texts.ts'

/** True where a truth column is 1, said so that an index over such rows alone is used. */
export const isOne = (column: 'input_level' | 'trusted'): RawBuilder<SqlBool> =>
  sql<SqlBool>`${sql.ref(`annotations.${column}`)} = ${sql.lit(1)}`

/** What searches need of one annotation, beside its own row. */
export interface DerivedRows {
  readonly concepts: readonly { readonly concept_pk: number; readonly place: number; readonly value: number }[]
  readonly geo?: { readonly longitude: number; readonly latitude: number }
  readonly embeddings: readonly Pick<NewRow<'embeddings'>, 'model_version_pk' | 'region_id' | 'dimension' | 'vector'>[]
  /** The words of all texts in it. */
  readonly text?: TextWords
  /** What its metadata and clusters are found by. */
  readonly terms: readonly string[]
}

/** The row that derived rows belong to. */
export type AnnotationRef = Pick<Row<'annotations'>, 'pk' | 'app_pk' | 'input_pk'>

/** Adds derived rows of annotations that have none. */
export async function insertDerived(
  tx: Writer,
  items: readonly { readonly of: AnnotationRef; readonly derived: DerivedRows }[],
): Promise<void> {
  const at = ({ pk, app_pk, input_pk }: AnnotationRef) => ({ annotation_pk: pk, app_pk, input_pk })
  const concepts = items.flatMap(({ of, derived }) => derived.concepts.map((row) => ({ ...at(of), ...row })))
  await insertRows(tx, 'annotation_concepts', concepts, [])
  const geos = items.flatMap(({ of, derived }) => (derived.geo ? [{ ...at(of), ...derived.geo }] : []))
  await insertRows(tx, 'annotation_geos', geos, [])
  const embeddings = items.flatMap(({ of, derived }) => derived.embeddings.map((row) => ({ ...at(of), ...row })))
  await insertRows(tx, 'embeddings', embeddings, [])
  const texts = items.flatMap(({ of, derived }) => (derived.text ? [{ ...at(of), ...derived.text }] : []))
  await insertRows(tx, 'texts', texts, [])
  const terms = items.flatMap(({ of, derived }) => derived.terms.map((term) => ({ ...at(of), term })))
  await insertRows(tx, 'annotation_terms', terms, [])
}

/** Forgets derived rows of an annotation whose data change. */
export async function deleteDerived(tx: Writer, annotationPk: number): Promise<void> {
  for (const table of ['annotation_concepts', 'annotation_geos', 'embeddings', 'texts', 'annotation_terms'] as const) {
    await tx.deleteFrom(table).where('annotation_pk', '=', annotationPk).execute()
  }
}

/** Deletes annotations with what is derived from them, and says how many there were. */
export async function deleteAnnotationRows(tx: Writer, pks: readonly number[]): Promise<number> {
  let deleted = 0
  for (let start = 0; start < pks.length; start += ROWS_PER_DELETE_MAX) {
    const part = pks.slice(start, start + ROWS_PER_DELETE_MAX)
    const { numDeletedRows } = await tx.deleteFrom('annotations').where('pk', 'in', part).executeTakeFirst()
    deleted += Number(numDeletedRows)
  }
  return deleted
}

/** The input-level annotation of each input, by the input's pk. */
export async function inputLevelRows(
  db: Reader,
  inputPks: readonly number[],
): Promise<Map<number, Row<'annotations'>>> {
  const found = new Map<number, Row<'annotations'>>()
  for (const part of inParts(inputPks)) {
    const rows = await db
      .selectFrom('annotations')
      .selectAll()
      .where('input_pk', 'in', part)
      .where(isOne('input_level'))
      .execute()
    for (const row of rows) found.set(row.input_pk, row)
  }
  return found
}

/** The vectors of annotations in the order of their storing, by the annotation's pk. */
export async function vectorsOf(db: Reader, annotationPks: readonly number[]): Promise<Map<number, Uint8Array[]>> {
  const found = new Map<number, Uint8Array[]>()
  for (const part of inParts(annotationPks)) {
    const rows = await db
      .selectFrom('embeddings')
      .select(['annotation_pk', 'vector'])
      .where('annotation_pk', 'in', part)
      .orderBy('pk')
      .execute()
    for (const { annotation_pk, vector } of rows) {
      const vectors = found.get(annotation_pk)
      if (vectors) vectors.push(vector)
      else found.set(annotation_pk, [vector])
    }
  }
  return found
}
