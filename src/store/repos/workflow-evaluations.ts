import type { Micros } from '../../base/clock.ts'
import type { Row, RowChange } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'

/** A dataset version with where it is. */
export interface PlacedDatasetVersion {
  readonly id: string
  readonly datasetId: string
  readonly appId: string
  readonly userId: string
}

/** Where dataset versions are, by pk; those that are gone are left out. */
export async function datasetVersionPlaces(
  db: Reader,
  pks: readonly number[],
): Promise<Map<number, PlacedDatasetVersion>> {
  if (pks.length === 0) return new Map()
  const rows = await db
    .selectFrom('dataset_versions')
    .innerJoin('datasets', 'datasets.pk', 'dataset_versions.dataset_pk')
    .innerJoin('apps', 'apps.pk', 'datasets.app_pk')
    .innerJoin('users', 'users.pk', 'apps.user_pk')
    .select(['dataset_versions.pk', 'dataset_versions.id', 'datasets.id as datasetId'])
    .select(['apps.id as appId', 'users.id as userId'])
    .where('dataset_versions.pk', 'in', pks)
    .execute()
  return new Map(rows.map(({ pk, ...place }) => [pk, place]))
}

/** Changes an evaluation of a workflow where it is still there; says whether it was. */
export async function changeWorkflowEvaluation(
  tx: Writer,
  pk: number,
  change: Omit<RowChange<'workflow_evaluations'>, 'pk' | 'created_at'>,
  now: Micros,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('workflow_evaluations')
    .set({ ...change, modified_at: now })
    .where('pk', '=', pk)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

/** Adds examples; those that were added before a crash are left as they are. */
export async function addEvaluationData(tx: Writer, rows: readonly Row<'workflow_evaluation_data'>[]): Promise<void> {
  for (const row of rows) {
    await tx
      .insertInto('workflow_evaluation_data')
      .values(row)
      .onConflict((conflict) => conflict.columns(['evaluation_pk', 'id']).doNothing())
      .execute()
  }
}

/** One page of the examples of an evaluation, in their order. */
export function evaluationData(
  db: Reader,
  evaluationPk: number,
  window: { readonly limit: number; readonly offset: number },
): Promise<Row<'workflow_evaluation_data'>[]> {
  return db
    .selectFrom('workflow_evaluation_data')
    .selectAll()
    .where('evaluation_pk', '=', evaluationPk)
    .orderBy('position')
    .limit(window.limit)
    .offset(window.offset)
    .execute()
}

/** The example of an evaluation with this id. */
export function oneEvaluationDatum(
  db: Reader,
  evaluationPk: number,
  id: string,
): Promise<Row<'workflow_evaluation_data'> | undefined> {
  return db
    .selectFrom('workflow_evaluation_data')
    .selectAll()
    .where('evaluation_pk', '=', evaluationPk)
    .where('id', '=', id)
    .executeTakeFirst()
}

/** Writes an example anew. */
export async function changeEvaluationDatum(tx: Writer, evaluationPk: number, id: string, doc: string): Promise<void> {
  await tx
    .updateTable('workflow_evaluation_data')
    .set({ doc })
    .where('evaluation_pk', '=', evaluationPk)
    .where('id', '=', id)
    .execute()
}
