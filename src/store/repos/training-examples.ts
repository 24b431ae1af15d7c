import { StatusCode } from '../../contract/status-code.ts'
import { IDS_PER_STATEMENT_MAX } from '../limits.ts'
import { inParts } from '../parts.ts'
import type { Row } from '../schema/tables.ts'
import type { Reader } from '../session.ts'
import { isOne } from './annotations.ts'

/** One label of a person: how far a concept applies to an input or something in it. */
export interface LabelRow {
  readonly input_pk: number
  readonly annotation_pk: number
  readonly concept_pk: number
  readonly value: number
}

/**
 * What people have said about concepts at one of CONCEPT_PLACES: labels of done annotations of inputs that are
 * processed, in the order of inputs and annotations.
 */
export async function trustedLabels(
  db: Reader,
  appPk: number,
  conceptPks: readonly number[],
  place: number,
): Promise<LabelRow[]> {
  const found: LabelRow[] = []
  for (const part of inParts(conceptPks)) {
    const rows = await db
      .selectFrom('annotation_concepts as label')
      .innerJoin('annotations', 'annotations.pk', 'label.annotation_pk')
      .innerJoin('inputs', 'inputs.pk', 'label.input_pk')
      .select(['label.input_pk', 'label.annotation_pk', 'label.concept_pk', 'label.value'])
      .where('label.app_pk', '=', appPk)
      .where('label.concept_pk', 'in', part)
      .where('label.place', '=', place)
      .where('annotations.status_code', '=', StatusCode.ANNOTATION_SUCCESS)
      .where(isOne('trusted'))
      .where('inputs.status_code', '=', StatusCode.INPUT_SUCCESS)
      .execute()
    for (const row of rows) found.push(row)
  }
  return found.sort(
    (a, b) => a.input_pk - b.input_pk || a.annotation_pk - b.annotation_pk || a.concept_pk - b.concept_pk,
  )
}

/** Pks of the inputs that people have labelled with one of several concepts, as present or absent, whole or in part. */
export async function labelledByPeople(db: Reader, appPk: number, conceptPks: readonly number[]): Promise<Set<number>> {
  const found = new Set<number>()
  for (const part of inParts(conceptPks)) {
    const rows = await db
      .selectFrom('annotation_concepts as label')
      .innerJoin('annotations', 'annotations.pk', 'label.annotation_pk')
      .select('label.input_pk')
      .distinct()
      .where('label.app_pk', '=', appPk)
      .where('label.concept_pk', 'in', part)
      .where('annotations.status_code', '=', StatusCode.ANNOTATION_SUCCESS)
      .where(isOne('trusted'))
      .execute()
    for (const { input_pk } of rows) found.add(input_pk)
  }
  return found
}

/** Documents of annotations, by pk. */
export async function annotationDocs(db: Reader, pks: readonly number[]): Promise<Map<number, string>> {
  const found = new Map<number, string>()
  for (const part of inParts(pks)) {
    const rows = await db.selectFrom('annotations').select(['pk', 'doc']).where('pk', 'in', part).execute()
    for (const { pk, doc } of rows) found.set(pk, doc)
  }
  return found
}

/** Processed inputs of an app, in the order of their pks. */
export async function processedInputs(db: Reader, appPk: number, limit: number): Promise<number[]> {
  const rows = await db
    .selectFrom('inputs')
    .select('pk')
    .where('app_pk', '=', appPk)
    .where('status_code', '=', StatusCode.INPUT_SUCCESS)
    .orderBy('pk')
    .limit(limit)
    .execute()
  return rows.map(({ pk }) => pk)
}

/** Ids and pks of the inputs of an app that are there and processed, by id. */
export async function processedByIds(db: Reader, appPk: number, ids: readonly string[]): Promise<Map<string, number>> {
  const found = new Map<string, number>()
  for (const part of inParts(ids)) {
    const rows = await db
      .selectFrom('inputs')
      .select(['pk', 'id'])
      .where('app_pk', '=', appPk)
      .where('id', 'in', part)
      .where('status_code', '=', StatusCode.INPUT_SUCCESS)
      .execute()
    for (const { pk, id } of rows) found.set(id, pk)
  }
  return found
}

/** Where a stored vector belongs; rows of embeddings are never changed, and their numbers never given again. */
export type VectorPlace = Pick<Row<'embeddings'>, 'pk' | 'input_pk' | 'region_id' | 'dimension'>

/** Vectors that one statement reads: a few megabytes, so that the event loop is not held for long. */
const VECTORS_PER_PART = 256

/** Which vectors a model version has made of inputs, in the order of inputs and of storing. */
export async function vectorPlaces(
  db: Reader,
  modelVersionPk: number,
  inputPks: readonly number[],
): Promise<VectorPlace[]> {
  const found: VectorPlace[] = []
  for (const part of evenParts(inputPks, IDS_PER_STATEMENT_MAX)) {
    const rows = await db
      .selectFrom('embeddings')
      .select(['pk', 'input_pk', 'region_id', 'dimension'])
      .where('input_pk', 'in', part)
      .where('model_version_pk', '=', modelVersionPk)
      .execute()
    for (const row of rows) found.push(row)
  }
  return found.sort((a, b) => a.input_pk - b.input_pk || a.pk - b.pk)
}

/** Stored vectors by their numbers, part by part; those that are gone are left out. */
export async function* vectorsAt(
  db: Reader,
  pks: readonly number[],
): AsyncGenerator<Pick<Row<'embeddings'>, 'pk' | 'vector'>[]> {
  for (const part of evenParts(pks, VECTORS_PER_PART)) {
    yield await db.selectFrom('embeddings').select(['pk', 'vector']).where('pk', 'in', part).execute()
  }
}

/** Parts of one length, so that one prepared statement reads all: the last has its first number several times. */
function* evenParts(pks: readonly number[], length: number): Generator<number[]> {
  for (let start = 0; start < pks.length; start += length) {
    const part = pks.slice(start, start + length)
    // A short list is a short statement.
    while (start > 0 && part.length < length) part.push(part[0]!)
    yield part
  }
}
