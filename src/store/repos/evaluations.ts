import { sql } from 'kysely'
import type { Micros } from '../../base/clock.ts'
import type { Row, RowChange } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'

/** An evaluation with the ids of what it is about. */
export type EvaluationRow = Row<'evaluations'> & {
  readonly user_id: string
  readonly own_app_id: string
  readonly version_id: string
  readonly model_id: string
  readonly model_type_id: string
  readonly model_app_id: string
  readonly model_user_id: string
  /** Empty when the dataset is gone or there is none. */
  readonly dataset_id: string | null
  readonly dataset_app_id: string | null
  readonly dataset_user_id: string | null
  readonly dataset_version_id: string | null
}

/** Who looks at evaluations. */
export interface EvaluationViewer {
  /** The app whose evaluations are meant; without one those of all apps of the user. */
  readonly appPk?: number
  readonly userPk?: number
  /** Lowest visibility of the app (without an app of its own), the model and its version that is seen. */
  readonly minVisibility: number
}

export type EvaluationSort =
  | 'app_id'
  | 'roc_auc'
  | 'f1'
  | 'created_at'
  | 'mean_average_precision'
  | 'macro_precision'
  | 'macro_recall'
  | 'model_id'
  | 'eval_dataset_id'
  | 'train_dataset_id'

/** One page of evaluations. */
export interface EvaluationPage {
  readonly sort: EvaluationSort
  readonly descending: boolean
  readonly limit: number
  readonly offset: number
  readonly versionPk?: number
  readonly modelTypeId?: string
  readonly evalDatasetIds?: readonly string[]
  readonly trainDatasetIds?: readonly string[]
  /** Concepts that the model version has all of. */
  readonly conceptIds?: readonly string[]
  /** Statuses below and above which nothing is shown. */
  readonly withoutStatuses?: { readonly from: number; readonly to: number }
}

const placed = (db: Reader) =>
  db
    .selectFrom('evaluations')
    .innerJoin('apps', 'apps.pk', 'evaluations.app_pk')
    .innerJoin('users', 'users.pk', 'apps.user_pk')
    .innerJoin('model_versions', 'model_versions.pk', 'evaluations.model_version_pk')
    .innerJoin('models', 'models.pk', 'model_versions.model_pk')
    .innerJoin('apps as model_apps', 'model_apps.pk', 'models.app_pk')
    .innerJoin('users as model_users', 'model_users.pk', 'model_apps.user_pk')
    .leftJoin('datasets', 'datasets.pk', 'evaluations.dataset_pk')
    .leftJoin('dataset_versions', 'dataset_versions.pk', 'evaluations.dataset_version_pk')
    .leftJoin('apps as dataset_apps', 'dataset_apps.pk', 'datasets.app_pk')
    .leftJoin('users as dataset_users', 'dataset_users.pk', 'dataset_apps.user_pk')
    .selectAll('evaluations')
    .select(['users.id as user_id', 'apps.id as own_app_id', 'model_versions.id as version_id'])
    .select(['models.id as model_id', 'models.model_type_id', 'model_apps.id as model_app_id'])
    .select(['model_users.id as model_user_id', 'datasets.id as dataset_id', 'dataset_apps.id as dataset_app_id'])
    .select(['dataset_users.id as dataset_user_id', 'dataset_versions.id as dataset_version_id'])

const seen = (db: Reader, { appPk, userPk, minVisibility }: EvaluationViewer) => {
  let query = placed(db)
    .where('models.visibility', '>=', minVisibility)
    .where('model_versions.visibility', '>=', minVisibility)
  if (appPk !== undefined) query = query.where('evaluations.app_pk', '=', appPk)
  else query = query.where('apps.visibility', '>=', minVisibility)
  if (userPk !== undefined) query = query.where('apps.user_pk', '=', userPk)
  return query
}

/** The evaluation with this id that the viewer sees. */
export function findEvaluation(db: Reader, viewer: EvaluationViewer, id: string): Promise<EvaluationRow | undefined> {
  return seen(db, viewer).where('evaluations.id', '=', id).orderBy('evaluations.pk', 'desc').executeTakeFirst()
}

/** Evaluations by pk, in no order. */
export async function evaluationsByPk(db: Reader, pks: readonly number[]): Promise<EvaluationRow[]> {
  return pks.length === 0 ? [] : placed(db).where('evaluations.pk', 'in', pks).execute()
}

const SORTED_BY = {
  app_id: 'apps.id',
  model_id: 'models.id',
  roc_auc: 'evaluations.roc_auc',
  f1: 'evaluations.f1',
  created_at: 'evaluations.created_at',
  mean_average_precision: 'evaluations.mean_average_precision',
  macro_precision: 'evaluations.macro_precision',
  macro_recall: 'evaluations.macro_recall',
  eval_dataset_id: 'evaluations.eval_dataset_id',
  train_dataset_id: 'evaluations.train_dataset_id',
} as const satisfies Record<EvaluationSort, string>

const FIGURES: ReadonlySet<EvaluationSort> = new Set([
  'roc_auc',
  'f1',
  'mean_average_precision',
  'macro_precision',
  'macro_recall',
])

/** One page of the evaluations that a viewer sees, in a total order; those without the figure come as the lowest. */
export async function listEvaluations(
  db: Reader,
  viewer: EvaluationViewer,
  page: EvaluationPage,
): Promise<EvaluationRow[]> {
  const direction = page.descending ? 'desc' : 'asc'
  let query = seen(db, viewer)
  if (page.versionPk !== undefined) query = query.where('evaluations.model_version_pk', '=', page.versionPk)
  if (page.modelTypeId) query = query.where('models.model_type_id', '=', page.modelTypeId)
  if (page.evalDatasetIds?.length) query = query.where('evaluations.eval_dataset_id', 'in', page.evalDatasetIds)
  if (page.trainDatasetIds?.length) query = query.where('evaluations.train_dataset_id', 'in', page.trainDatasetIds)
  if (page.withoutStatuses) {
    const { from, to } = page.withoutStatuses
    query = query.where((row) =>
      row.or([row('evaluations.status_code', '<', from), row('evaluations.status_code', '>', to)]),
    )
  }
  for (const id of page.conceptIds ?? []) {
    query = query.where((row) =>
      row.exists(
        row
          .selectFrom('model_version_concepts')
          .innerJoin('concepts', 'concepts.pk', 'model_version_concepts.concept_pk')
          .select('concepts.pk')
          .whereRef('model_version_concepts.version_pk', '=', 'model_versions.pk')
          .where('concepts.id', '=', id),
      ),
    )
  }
  const column = sql.ref(SORTED_BY[page.sort])
  return query
    .orderBy(FIGURES.has(page.sort) ? sql`coalesce(${column}, -1)` : column, direction)
    .orderBy('evaluations.pk', direction)
    .limit(page.limit)
    .offset(page.offset)
    .execute()
}

/** Deletes the evaluation of an app with this id, with all that belongs to it; returns its job's id if there was one. */
export async function dropEvaluation(tx: Writer, appPk: number, id: string): Promise<string | undefined> {
  const row = await tx
    .deleteFrom('evaluations')
    .where('app_pk', '=', appPk)
    .where('id', '=', id)
    .returning('job_id')
    .executeTakeFirst()
  return row?.job_id
}

/** Changes an evaluation where it is still there; says whether it was. */
export async function changeEvaluation(
  tx: Writer,
  pk: number,
  change: Omit<RowChange<'evaluations'>, 'pk' | 'created_at'>,
  now: Micros,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('evaluations')
    .set({ ...change, modified_at: now })
    .where('pk', '=', pk)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

/** Adds predictions; one that was added before a crash is left as it is. */
export async function addEvaluationChunk(tx: Writer, chunk: Row<'evaluation_chunks'>): Promise<void> {
  await tx
    .insertInto('evaluation_chunks')
    .values(chunk)
    .onConflict((conflict) => conflict.columns(['evaluation_pk', 'position']).doNothing())
    .execute()
}

/** The next part of an evaluation's predictions from a position on. */
export function nextEvaluationChunk(
  db: Reader,
  evaluationPk: number,
  from: number,
): Promise<Row<'evaluation_chunks'> | undefined> {
  return db
    .selectFrom('evaluation_chunks')
    .selectAll()
    .where('evaluation_pk', '=', evaluationPk)
    .where('position', '>=', from)
    .orderBy('position')
    .limit(1)
    .executeTakeFirst()
}

/** Stores the large fields of an evaluation's figures. */
export async function putEvaluationResults(
  tx: Writer,
  evaluationPk: number,
  fields: Readonly<Record<string, string>>,
): Promise<void> {
  await tx.deleteFrom('evaluation_results').where('evaluation_pk', '=', evaluationPk).execute()
  for (const [field, doc] of Object.entries(fields)) {
    await tx.insertInto('evaluation_results').values({ evaluation_pk: evaluationPk, field, doc }).execute()
  }
}

/** Large fields of an evaluation's figures, those that are named and there. */
export async function evaluationResults(
  db: Reader,
  evaluationPk: number,
  fields: readonly string[],
): Promise<string[]> {
  if (fields.length === 0) return []
  const rows = await db
    .selectFrom('evaluation_results')
    .select('doc')
    .where('evaluation_pk', '=', evaluationPk)
    .where('field', 'in', fields)
    .orderBy('field')
    .execute()
  return rows.map(({ doc }) => doc)
}

/** Pks of an app's inputs that annotations name one of some concepts of, after a given one by their pks. */
export async function inputsLabelledWith(
  db: Reader,
  appPk: number,
  conceptPks: readonly number[],
  afterPk: number,
  limit: number,
): Promise<number[]> {
  // Label by label in the order of the index, so that a page costs the same wherever it begins.
  for (let from = afterPk; ; ) {
    const found = new Set<number>()
    for (const conceptPk of conceptPks) {
      const rows = await db
        .selectFrom('annotation_concepts')
        .select('input_pk')
        .distinct()
        .where('app_pk', '=', appPk)
        .where('concept_pk', '=', conceptPk)
        .where('input_pk', '>', from)
        .orderBy('input_pk')
        .limit(limit)
        .execute()
      for (const { input_pk } of rows) found.add(input_pk)
    }
    const pks = [...found].sort((one, other) => one - other).slice(0, limit)
    const last = pks.at(-1)
    if (last === undefined) return []
    const there = await db
      .selectFrom('inputs')
      .select('pk')
      .where('pk', 'in', pks)
      .where('status_code', '>=', 0)
      .orderBy('pk')
      .execute()
    if (there.length > 0) return there.map(({ pk }) => pk)
    from = last
  }
}
