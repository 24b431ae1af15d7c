import type { Kysely } from 'kysely'
import type { Micros } from '../../base/clock.ts'
import { ROWS_PER_APP_PART_MAX } from '../limits.ts'
import type { Schema } from '../schema/tables.ts'
import type { Writer } from '../session.ts'
import { releaseVersions, versionPksOfDatasets } from './dataset-versions.ts'
import { releaseArchives } from './extraction-jobs.ts'
import { releaseFilesOfMedia } from './media.ts'
import { dropTraces } from './traces.ts'
import { releaseUploads } from './uploads.ts'
import { releaseFilesOfModels } from './version-files.ts'

/** The user whom deleted apps belong to; nobody can choose such an id. */
const NOBODY = '~deleted'
const PRIVATE = 10

/**
 * Takes an app away from everybody, at once and whatever it holds: it has no owner, no keys, no collaborators and no id
 * any more, nothing in it can be found, and no work for it goes on. Its rows are deleted later, part by part.
 */
export async function hideApp(tx: Writer, appPk: number, now: Micros): Promise<void> {
  await tx.deleteFrom('credentials').where('app_pk', '=', appPk).execute()
  await tx.deleteFrom('collaborators').where('app_pk', '=', appPk).execute()
  // The keys of installs go with them, also of installs elsewhere of what was made here.
  await tx.deleteFrom('installed_module_versions').where('app_pk', '=', appPk).execute()
  await tx.deleteFrom('modules').where('app_pk', '=', appPk).execute()
  await tx.deleteFrom('jobs').where('app_pk', '=', appPk).where('finished_at', 'is', null).execute()
  await dropTraces(tx, 'app', [appPk])
  await tx
    .updateTable('apps')
    .set({
      user_pk: await nobody(tx, now),
      id: `gone:${appPk}`,
      visibility: PRIVATE,
      is_template: 0,
      is_featured: 0,
      default_workflow_pk: null,
      modified_at: now,
    })
    .where('pk', '=', appPk)
    .execute()
}

async function nobody(tx: Writer, now: Micros): Promise<number> {
  const row = { id: NOBODY, doc: '{}', visibility: PRIVATE, email: null, password_hash: null }
  await tx
    .insertInto('users')
    .values({ ...row, created_at: now, modified_at: now })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute()
  const { pk } = await tx.selectFrom('users').select('pk').where('id', '=', NOBODY).executeTakeFirstOrThrow()
  return pk
}

/** Pks of hidden apps, whose rows are still there. */
export async function hiddenApps(tx: Writer): Promise<number[]> {
  const rows = await tx
    .selectFrom('apps')
    .innerJoin('users', 'users.pk', 'apps.user_pk')
    .select('apps.pk')
    .where('users.id', '=', NOBODY)
    .execute()
  return rows.map(({ pk }) => pk)
}

/** Tables with rows of an app that go by a column alone, in this order: first what there may be most of. */
const PLAIN = [
  'jobs',
  'stat_values',
  'evaluations',
  'workflow_evaluations',
  'collected_inputs',
  'collectors',
  'label_orders',
  'tasks',
  'annotations',
  'annotation_filters',
  'annotation_search_metrics',
  'searches',
  'inputs',
  'inputs_add_jobs',
  'concept_relations',
  'knowledge_graphs',
] as const satisfies readonly (keyof Schema)[]

/** Tables whose rows name something else that has to hear of it, or that have no pk. */
const OTHERS: readonly (keyof Schema)[] = [
  'media',
  'datasets',
  'uploads',
  'inputs_extraction_jobs',
  'models',
  'workflows',
  'concepts',
  'workflow_states',
  'app_tallies',
  'views',
]

/** Tables of few rows, which are gone since the app was hidden. */
const AT_ONCE: readonly (keyof Schema)[] = ['credentials', 'collaborators', 'installed_module_versions', 'modules']

/** Every table whose rows belong to an app by themselves. */
export const TABLES_OF_APPS: readonly string[] = [...PLAIN, ...OTHERS, ...AT_ONCE]

/**
 * Deletes a part of what a hidden app holds, and at last the app; answers how many rows it was beside those that go
 * with them, 0 once the app is gone.
 */
export async function deletePartOfApp(tx: Writer, appPk: number, now: Micros): Promise<number> {
  const media = await pksOf(tx, 'media', appPk)
  if (media.length > 0) {
    await releaseFilesOfMedia(tx, media, now)
    return deleteRows(tx, 'media', media)
  }
  for (const table of PLAIN) {
    const pks = await pksOf(tx, table, appPk)
    if (pks.length > 0) return deleteRows(tx, table, pks)
  }
  // Members of datasets have gone with the inputs.
  const datasets = await pksOf(tx, 'datasets', appPk)
  if (datasets.length > 0) {
    await releaseVersions(tx, await versionPksOfDatasets(tx, datasets), now)
    return deleteRows(tx, 'datasets', datasets)
  }
  const uploads = await pksOf(tx, 'uploads', appPk)
  if (uploads.length > 0) {
    await releaseUploads(tx, uploads, now)
    return deleteRows(tx, 'uploads', uploads)
  }
  const extractions = await pksOf(tx, 'inputs_extraction_jobs', appPk)
  if (extractions.length > 0) {
    await releaseArchives(tx, extractions, now)
    return deleteRows(tx, 'inputs_extraction_jobs', extractions)
  }
  const models = await pksOf(tx, 'models', appPk)
  if (models.length > 0) {
    await releaseFilesOfModels(tx, models, now)
    await dropTraces(tx, 'model', models)
    return deleteRows(tx, 'models', models)
  }
  const workflows = await pksOf(tx, 'workflows', appPk)
  if (workflows.length > 0) {
    await dropTraces(tx, 'workflow', workflows)
    return deleteRows(tx, 'workflows', workflows)
  }
  // Only now, as versions of models name them.
  const concepts = await pksOf(tx, 'concepts', appPk)
  if (concepts.length > 0) return deleteRows(tx, 'concepts', concepts)
  return deleteRows(tx, 'apps', [appPk])
}

type PkTable =
  | (typeof PLAIN)[number]
  | 'media'
  | 'datasets'
  | 'uploads'
  | 'inputs_extraction_jobs'
  | 'models'
  | 'workflows'
  | 'concepts'
  | 'apps'
/** Kysely cannot follow a table name that is one of several, so in here each goes under one name. */
type Loose = { rows: { pk: number; app_pk: number } }

const loose = (tx: Writer): Kysely<Loose> => tx as unknown as Kysely<Loose>

async function pksOf(tx: Writer, table: PkTable, appPk: number): Promise<number[]> {
  const rows = await loose(tx)
    .selectFrom(table as 'rows')
    .select('pk')
    .where('app_pk', '=', appPk)
    .limit(ROWS_PER_APP_PART_MAX)
    .execute()
  return rows.map(({ pk }) => pk)
}

async function deleteRows(tx: Writer, table: PkTable, pks: readonly number[]): Promise<number> {
  const { numDeletedRows } = await loose(tx)
    .deleteFrom(table as 'rows')
    .where('pk', 'in', pks)
    .executeTakeFirst()
  return Number(numDeletedRows)
}
