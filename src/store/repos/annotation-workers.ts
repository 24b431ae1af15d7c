import type { Row, WorkerKind } from '../schema/tables.ts'
import type { Reader } from '../session.ts'
import { isOne } from './annotations.ts'

/** Pk of the version of a model or workflow with this id in one of the apps, or undefined. */
export async function findVersionPk(
  db: Reader,
  kind: Exclude<WorkerKind, 'user'>,
  id: string,
  appPks: readonly number[],
): Promise<number | undefined> {
  const row =
    kind === 'model_version'
      ? await db
          .selectFrom('model_versions')
          .innerJoin('models', 'models.pk', 'model_versions.model_pk')
          .select('model_versions.pk')
          .where('model_versions.id', '=', id)
          .where('models.app_pk', 'in', appPks)
          .executeTakeFirst()
      : await db
          .selectFrom('workflow_versions')
          .innerJoin('workflows', 'workflows.pk', 'workflow_versions.workflow_pk')
          .select('workflow_versions.pk')
          .where('workflow_versions.id', '=', id)
          .where('workflows.app_pk', 'in', appPks)
          .executeTakeFirst()
  return row?.pk
}

/** One who has annotated inputs of an app. */
export type WorkerRow = Pick<Row<'annotations'>, 'worker_kind' | 'worker_id' | 'worker_pk'>

/** Everybody who has annotated inputs of an app, one page, in a fixed order. */
export async function distinctWorkers(
  db: Reader,
  appPk: number,
  trustedOnly: boolean,
  window: { readonly limit: number; readonly offset: number },
): Promise<WorkerRow[]> {
  let query = db
    .selectFrom('annotations')
    .select(['worker_kind', 'worker_id'])
    .select(({ fn }) => fn.max('worker_pk').as('worker_pk'))
    .where('app_pk', '=', appPk)
    .groupBy(['worker_kind', 'worker_id'])
    .orderBy('worker_kind')
    .orderBy('worker_id')
    .limit(window.limit)
    .offset(window.offset)
  if (trustedOnly) query = query.where(isOne('trusted'))
  return query.execute()
}

/** Where a version that has annotated lives. */
export interface VersionHome {
  readonly pk: number
  /** Of the model or workflow. */
  readonly id: string
  readonly name: string
  readonly appId: string
  readonly userId: string
}

/** Homes of versions of models or workflows, by the version's pk. */
export async function versionHomes(
  db: Reader,
  kind: Exclude<WorkerKind, 'user'>,
  pks: readonly number[],
): Promise<Map<number, VersionHome>> {
  if (pks.length === 0) return new Map()
  const rows =
    kind === 'model_version'
      ? await db
          .selectFrom('model_versions')
          .innerJoin('models', 'models.pk', 'model_versions.model_pk')
          .innerJoin('apps', 'apps.pk', 'models.app_pk')
          .innerJoin('users', 'users.pk', 'apps.user_pk')
          .select(['model_versions.pk', 'models.id', 'models.name', 'apps.id as appId', 'users.id as userId'])
          .where('model_versions.pk', 'in', pks)
          .execute()
      : await db
          .selectFrom('workflow_versions')
          .innerJoin('workflows', 'workflows.pk', 'workflow_versions.workflow_pk')
          .innerJoin('apps', 'apps.pk', 'workflows.app_pk')
          .innerJoin('users', 'users.pk', 'apps.user_pk')
          .select(['workflow_versions.pk', 'workflows.id', 'workflows.name', 'apps.id as appId', 'users.id as userId'])
          .where('workflow_versions.pk', 'in', pks)
          .execute()
  return new Map(rows.map((row) => [row.pk, row]))
}
