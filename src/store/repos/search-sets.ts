import { sql } from 'kysely'
import type { Reader } from '../session.ts'
import { positiveFrom } from './annotation-conditions.ts'
import { annotationFits, inputStands, type SearchScope } from './search-matches.ts'

/** The inputs of which an annotation says a concept, or those of which none does. */
export interface ConceptSet {
  readonly conceptPk: number
  /** As in a filter: 0 asks for what is said not to be there. */
  readonly value: number
  readonly negate: boolean
}

/**
 * The newest inputs older than `before` that stand and are in all of the sets, newest first. Each set is read from an
 * index in the order of the inputs, so that an engine which merges ordered sets (`mergesSets`) stops at the limit and
 * looks up no input.
 */
export async function nextInputsInSets(
  db: Reader,
  scope: SearchScope,
  sets: readonly ConceptSet[],
  before: number,
  limit: number,
): Promise<number[]> {
  let query = db
    .selectFrom('inputs')
    .select('inputs.pk')
    .where('inputs.app_pk', '=', scope.appPk)
    .where('inputs.pk', '<', before)
    .where((eb) => inputStands(eb, scope))
  for (const set of sets) {
    const having = inputsHaving(db, scope, set, before)
    query = set.negate ? query.except(having) : query.intersect(having)
  }
  const rows = await query.orderBy('pk', 'desc').limit(limit).execute()
  return rows.map(({ pk }) => pk)
}

const inputsHaving = (db: Reader, scope: SearchScope, { conceptPk, value }: ConceptSet, before: number) =>
  db
    .selectFrom('annotation_concepts')
    // The order of a cross join is kept: from the ordered labels to the annotation of each.
    .crossJoin('annotations')
    .select('annotation_concepts.input_pk as pk')
    .whereRef('annotations.pk', '=', 'annotation_concepts.annotation_pk')
    .where('annotation_concepts.app_pk', '=', scope.appPk)
    .where('annotation_concepts.concept_pk', '=', conceptPk)
    .where('annotation_concepts.input_pk', '<', before)
    // The plus keeps databases from the index by value, which has another order.
    .where(sql<number>`+annotation_concepts.value`, value === 0 ? '=' : '>=', value === 0 ? 0 : positiveFrom(value))
    .where((eb) => annotationFits(db, eb as never, scope, []))
