import { sql } from 'kysely'
import { inParts } from '../parts.ts'
import type { Row } from '../schema/tables.ts'
import type { Reader } from '../session.ts'
import { isOne } from './annotations.ts'
import { annotationFits, type SearchScope } from './search-matches.ts'

/** Pks of concepts of some apps that a filter or rank names: by id, or else by name, in a language where one is given. */
export async function conceptPksNamed(
  db: Reader,
  homes: readonly number[],
  { id, name }: { readonly id: string; readonly name: string },
  language = '',
): Promise<number[]> {
  const query = db
    .selectFrom('concepts')
    .select('pk')
    .where('app_pk', 'in', [...homes])
  if (id !== '') return (await query.where('id', '=', id).execute()).map(({ pk }) => pk)
  const rows = await query.where('name', '=', name).execute()
  if (language === '') return rows.map(({ pk }) => pk)
  const translated = await db
    .selectFrom('concept_languages')
    .innerJoin('concepts', 'concepts.pk', 'concept_languages.concept_pk')
    .select('concepts.pk')
    .where('concepts.app_pk', 'in', [...homes])
    .where('concept_languages.id', '=', language)
    .where('concept_languages.name', '=', name)
    .execute()
  return [...new Set([...rows, ...translated].map(({ pk }) => pk))]
}

/** A label with a concept. */
export interface RankedLabel {
  readonly inputPk: number
  readonly annotationPk: number
  readonly value: number
}

/** Labels of equal value that are read to be sorted; of more the newest are sought. Smaller in tests. */
const EQUAL_LABELS_MAX = 2_000

/** Labels with one of some concepts by value, the highest (or the lowest) first; of equal ones that of the newest input. */
export async function labelsByValue(
  db: Reader,
  scope: SearchScope,
  at: { readonly conceptPk: number; readonly lowestFirst: boolean },
  limit: number,
  equalMax = EQUAL_LABELS_MAX,
): Promise<RankedLabel[]> {
  const direction = at.lowestFirst ? 'asc' : 'desc'
  const rows = await labelsOf(db, scope, [at.conceptPk])
    .orderBy('annotation_concepts.value', direction)
    .orderBy('annotation_concepts.annotation_pk', direction)
    .limit(limit)
    .execute()
  const labels = rows.map(toLabel)
  const edge = labels.at(-1)?.value
  // The index has equal ones by their annotations, so of those at the edge others may come first.
  if (edge === undefined || labels.length < limit) return labels.sort(byValue(at))
  const sure = labels.filter(({ value }) => value !== edge)
  return [
    ...sure,
    ...(await newestOfValue(db, scope, { conceptPk: at.conceptPk, value: edge }, limit - sure.length, equalMax)),
  ].sort(byValue(at))
}

/** The order of labels. */
export const byValue =
  ({ lowestFirst }: { readonly lowestFirst: boolean }) =>
  (a: RankedLabel, b: RankedLabel): number =>
    (lowestFirst ? a.value - b.value : b.value - a.value) || b.inputPk - a.inputPk || b.annotationPk - a.annotationPk

async function newestOfValue(
  db: Reader,
  scope: SearchScope,
  { conceptPk, value }: { readonly conceptPk: number; readonly value: number },
  limit: number,
  equalMax: number,
): Promise<RankedLabel[]> {
  const all = await labelsOf(db, scope, [conceptPk])
    .where('annotation_concepts.value', '=', value)
    .orderBy('annotation_concepts.annotation_pk', 'desc')
    .limit(equalMax)
    .execute()
  if (all.length < equalMax)
    return all
      .map(toLabel)
      .sort(byValue({ lowestFirst: false }))
      .slice(0, limit)
  const rows = await labelsOf(db, scope, [conceptPk])
    // The plus keeps databases from the index by value, where all rows would have to be sorted.
    .where(sql<number>`+annotation_concepts.value`, '=', value)
    .orderBy('annotation_concepts.input_pk', 'desc')
    .orderBy('annotation_concepts.annotation_pk', 'desc')
    .limit(limit)
    .execute()
  return rows.map(toLabel)
}

/** Inputs by the highest value that some concepts have in them, the lowest first; of equal ones the newest. */
export async function inputsByLowest(
  db: Reader,
  scope: SearchScope,
  conceptPks: readonly number[],
  limit: number,
): Promise<number[]> {
  const rows = await labelsOf(db, scope, conceptPks)
    .clearSelect()
    .select('annotation_concepts.input_pk')
    .groupBy('annotation_concepts.input_pk')
    .orderBy(({ fn }) => fn.max('annotation_concepts.value'))
    .orderBy('annotation_concepts.input_pk', 'desc')
    .limit(limit)
    .execute()
  return rows.map(({ input_pk }) => input_pk)
}

/** The label of the highest value with one of some concepts in each input that has one. */
export async function highestLabels(
  db: Reader,
  scope: SearchScope,
  conceptPks: readonly number[],
  inputPks: readonly number[],
): Promise<Map<number, RankedLabel>> {
  const highest = new Map<number, RankedLabel>()
  const order = byValue({ lowestFirst: false })
  for (const part of inParts(inputPks)) {
    const rows = await labelsOf(db, scope, conceptPks).where('annotation_concepts.input_pk', 'in', part).execute()
    for (const label of rows.map(toLabel)) {
      const known = highest.get(label.inputPk)
      if (!known || order(label, known) < 0) highest.set(label.inputPk, label)
    }
  }
  return highest
}

/** Labels with some concepts that a search may look at, whoever made them. */
const labelsOf = (db: Reader, scope: SearchScope, conceptPks: readonly number[]) =>
  db
    .selectFrom('annotation_concepts')
    .innerJoin('annotations', 'annotations.pk', 'annotation_concepts.annotation_pk')
    .select(['annotation_concepts.input_pk', 'annotation_concepts.annotation_pk', 'annotation_concepts.value'])
    .where('annotation_concepts.app_pk', '=', scope.appPk)
    .where('annotation_concepts.concept_pk', 'in', [...conceptPks])
    .where((eb) => annotationFits(db, eb as never, { ...scope, trustedOnly: false }, []))

const toLabel = (row: Pick<Row<'annotation_concepts'>, 'input_pk' | 'annotation_pk' | 'value'>): RankedLabel => ({
  inputPk: row.input_pk,
  annotationPk: row.annotation_pk,
  value: row.value,
})

/** What people say of some concepts of an app, by id, in each input: the highest value of each. */
export async function conceptValuesOfInputs(
  db: Reader,
  appPk: number,
  conceptIds: readonly string[],
  inputPks: readonly number[],
): Promise<Map<number, { readonly id: string; readonly value: number }[]>> {
  const found = new Map<number, { id: string; value: number }[]>()
  if (conceptIds.length === 0) return found
  for (const part of inParts(inputPks)) {
    const rows = await db
      .selectFrom('annotations')
      .innerJoin('annotation_concepts', 'annotation_concepts.annotation_pk', 'annotations.pk')
      .innerJoin('concepts', 'concepts.pk', 'annotation_concepts.concept_pk')
      .select(({ fn }) => ['annotations.input_pk', 'concepts.id', fn.max('annotation_concepts.value').as('value')])
      .where('annotations.input_pk', 'in', part)
      .where(isOne('trusted'))
      .where('concepts.app_pk', '=', appPk)
      .where('concepts.id', 'in', [...conceptIds])
      .groupBy(['annotations.input_pk', 'concepts.id'])
      .execute()
    for (const { input_pk, id, value } of rows) {
      const values = found.get(input_pk)
      if (values) values.push({ id, value })
      else found.set(input_pk, [{ id, value }])
    }
  }
  return found
}
