import { StatusCode } from '../../contract/status-code.ts'
import type { Reader } from '../session.ts'

/** Inputs of one state that have a concept, as something that is there or is not. */
export interface ConceptCount {
  readonly conceptPk: number
  readonly inputStatus: number
  readonly positive: boolean
  readonly inputs: number
}

/**
 * How many inputs have each of the concepts, by what people have said and finished saying: with the value 1 as
 * positive, with 0 as negative.
 */
export async function countConcepts(db: Reader, appPk: number, conceptPks: readonly number[]): Promise<ConceptCount[]> {
  if (conceptPks.length === 0) return []
  const rows = await db
    .selectFrom('annotation_concepts as label')
    .innerJoin('annotations', 'annotations.pk', 'label.annotation_pk')
    .innerJoin('inputs', 'inputs.pk', 'label.input_pk')
    .select(['label.concept_pk', 'label.value', 'inputs.status_code'])
    .select(({ fn }) => fn.count<number | string>('label.input_pk').distinct().as('inputs'))
    .where('label.app_pk', '=', appPk)
    .where('label.concept_pk', 'in', conceptPks)
    .where('label.value', 'in', [0, 1])
    .where('annotations.trusted', '=', 1)
    // Not those that are being deleted.
    .where('inputs.status_code', '>=', 0)
    .where('annotations.status_code', '=', StatusCode.ANNOTATION_SUCCESS)
    .groupBy(['label.concept_pk', 'label.value', 'inputs.status_code'])
    .execute()
  return rows.map((row) => ({
    conceptPk: row.concept_pk,
    inputStatus: row.status_code,
    positive: row.value === 1,
    inputs: Number(row.inputs),
  }))
}
