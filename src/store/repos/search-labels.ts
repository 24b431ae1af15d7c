import { inParts } from '../parts.ts'
import type { Reader } from '../session.ts'
import { isOne } from './annotations.ts'

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

/** Labels with one of some concepts by value, the highest (or the lowest) first; of equal ones the newest. */
export async function labelsByValue(
  db: Reader,
  at: { readonly appPk: number; readonly conceptPk: number; readonly lowestFirst: boolean },
  limit: number,
): Promise<{ inputPk: number; annotationPk: number; value: number }[]> {
  const direction = at.lowestFirst ? 'asc' : 'desc'
  const rows = await db
    .selectFrom('annotation_concepts')
    .select(['input_pk', 'annotation_pk', 'value'])
    .where('app_pk', '=', at.appPk)
    .where('concept_pk', '=', at.conceptPk)
    .orderBy('value', direction)
    .orderBy('annotation_pk', direction)
    .limit(limit)
    .execute()
  return rows.map(({ input_pk, annotation_pk, value }) => ({
    inputPk: input_pk,
    annotationPk: annotation_pk,
    value,
  }))
}

/** The highest value of some concepts in each input that has one of them. */
export async function conceptValues(
  db: Reader,
  conceptPks: readonly number[],
  inputPks: readonly number[],
): Promise<Map<number, number>> {
  const values = new Map<number, number>()
  if (conceptPks.length === 0) return values
  for (const part of inParts(inputPks)) {
    const rows = await db
      .selectFrom('annotation_concepts')
      .innerJoin('annotations', 'annotations.pk', 'annotation_concepts.annotation_pk')
      .select(({ fn }) => ['annotation_concepts.input_pk', fn.max('annotation_concepts.value').as('value')])
      .where('annotations.input_pk', 'in', part)
      .where('annotation_concepts.concept_pk', 'in', [...conceptPks])
      .groupBy('annotation_concepts.input_pk')
      .execute()
    for (const { input_pk, value } of rows) values.set(input_pk, value)
  }
  return values
}

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
