import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely'
import { inParts } from '../parts.ts'
import type { Row, Schema } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'

type WorkflowRow = ExpressionBuilder<Schema, 'workflows'>

/** Visibility from which a stranger sees a row, its app and its user. */
const PUBLIC = 50

/** Workflows of all apps of one user that a caller may see: all of them for the user himself, else the public ones. */
export function ofUser(userPk: number, own: boolean): (row: WorkflowRow) => Expression<SqlBool> {
  return (row) => {
    const apps = row.selectFrom('apps').select('apps.pk').where('apps.user_pk', '=', userPk)
    const inApps = row('workflows.app_pk', 'in', own ? apps : apps.where('apps.visibility', '>=', PUBLIC))
    return own ? inApps : row.and([inApps, row('workflows.visibility', '>=', PUBLIC)])
  }
}

/** Workflows that a user may see anywhere: his own and the public ones of public apps of public users. */
export function visibleTo(userPk: number): (row: WorkflowRow) => Expression<SqlBool> {
  return (row) => {
    const own = row.selectFrom('apps').select('apps.pk').where('apps.user_pk', '=', userPk)
    const open = row
      .selectFrom('apps')
      .innerJoin('users', 'users.pk', 'apps.user_pk')
      .select('apps.pk')
      .where('apps.visibility', '>=', PUBLIC)
      .where('users.visibility', '>=', PUBLIC)
    return row.or([
      row('workflows.app_pk', 'in', own),
      row.and([row('workflows.visibility', '>=', PUBLIC), row('workflows.app_pk', 'in', open)]),
    ])
  }
}

/** Id of the user whose workflow a row is, for conditions on it. */
export const ownerId: Expression<string> = sql<string>`(
  select users.id from apps inner join users on users.pk = apps.user_pk where apps.pk = workflows.app_pk
)`

/**
 * The version that stands for each workflow, by workflow: its latest one if that is visible from `minVisibility` on,
 * else the newest that is; workflows without any are left out.
 */
export async function standingVersions(
  db: Reader,
  workflows: readonly Pick<Row<'workflows'>, 'pk' | 'latest_version_pk'>[],
  minVisibility: number,
): Promise<Map<number, Row<'workflow_versions'>>> {
  const found = new Map<number, Row<'workflow_versions'>>()
  const visible = db.selectFrom('workflow_versions').selectAll().where('visibility', '>=', minVisibility)
  for (const pks of inParts(workflows.flatMap((workflow) => workflow.latest_version_pk ?? []))) {
    for (const row of await visible.where('pk', 'in', pks).execute()) found.set(row.workflow_pk, row)
  }
  for (const pks of inParts(workflows.map(({ pk }) => pk).filter((pk) => !found.has(pk)))) {
    const newest = db
      .selectFrom('workflow_versions')
      .select(({ fn }) => fn.max('pk').as('pk'))
      .where('workflow_pk', 'in', pks)
      .where('visibility', '>=', minVisibility)
      .groupBy('workflow_pk')
    for (const row of await visible.where('pk', 'in', newest).execute()) found.set(row.workflow_pk, row)
  }
  return found
}

/** Makes a version the latest of its workflow; without one the newest that is left. */
export async function setLatestVersion(tx: Writer, workflowPk: number, versionPk?: number): Promise<void> {
  const pk = versionPk ?? (await newestVersionPk(tx, workflowPk)) ?? null
  await tx.updateTable('workflows').set({ latest_version_pk: pk }).where('pk', '=', workflowPk).execute()
}

async function newestVersionPk(db: Reader, workflowPk: number): Promise<number | undefined> {
  const row = await db
    .selectFrom('workflow_versions')
    .select('pk')
    .where('workflow_pk', '=', workflowPk)
    .orderBy('pk', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.pk
}

/** The workflow that an app uses by default, or undefined. */
export async function defaultWorkflow(db: Reader, appPk: number): Promise<Row<'workflows'> | undefined> {
  return db
    .selectFrom('workflows')
    .selectAll('workflows')
    .innerJoin('apps', 'apps.default_workflow_pk', 'workflows.pk')
    .where('apps.pk', '=', appPk)
    .executeTakeFirst()
}

/** Whether an app uses one of these workflows by default. */
export async function isDefaultOf(db: Reader, appPk: number, workflowPks: readonly number[]): Promise<boolean> {
  const row = await db.selectFrom('apps').select('default_workflow_pk').where('pk', '=', appPk).executeTakeFirst()
  return row?.default_workflow_pk != null && workflowPks.includes(row.default_workflow_pk)
}

/** Makes a workflow the one that an app uses by default. */
export async function setDefaultWorkflow(tx: Writer, appPk: number, workflowPk: number): Promise<void> {
  await tx.updateTable('apps').set({ default_workflow_pk: workflowPk }).where('pk', '=', appPk).execute()
}

/** Pks of all workflows of an app. */
export async function workflowPksOfApp(db: Reader, appPk: number): Promise<number[]> {
  const rows = await db.selectFrom('workflows').select('pk').where('app_pk', '=', appPk).execute()
  return rows.map(({ pk }) => pk)
}
