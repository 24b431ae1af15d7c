import { type SqlBool, sql } from 'kysely'
import { inParts } from '../parts.ts'
import type { Row } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'

/** Which version of a model stands for it. */
export interface VersionChoice {
  /** Lowest visibility that the viewer sees; 0 for everything. */
  readonly minVisibility: number
  readonly status?: number
  readonly ids?: readonly string[]
}

/** The version that stands for each model, by model: its latest one if that meets the choice, else the newest that does. */
export async function standingVersions(
  db: Reader,
  models: readonly { readonly pk: number; readonly latest_version_pk: number | null }[],
  choice: VersionChoice,
): Promise<Map<number, Row<'model_versions'>>> {
  const found = new Map<number, Row<'model_versions'>>()
  const take = async (pks: readonly number[], column: 'pk' | 'newest'): Promise<void> => {
    for (const part of inParts(pks)) {
      let query = db.selectFrom('model_versions').selectAll().where('visibility', '>=', choice.minVisibility)
      if (choice.status !== undefined) query = query.where('status_code', '=', choice.status)
      if (choice.ids) query = query.where('id', 'in', choice.ids)
      if (column === 'pk') query = query.where('pk', 'in', part)
      else {
        let newest = db.selectFrom('model_versions').select(({ fn }) => fn.max('pk').as('pk'))
        newest = newest.where('model_pk', 'in', part).where('visibility', '>=', choice.minVisibility)
        if (choice.status !== undefined) newest = newest.where('status_code', '=', choice.status)
        if (choice.ids) newest = newest.where('id', 'in', choice.ids)
        query = query.where('pk', 'in', newest.groupBy('model_pk'))
      }
      for (const row of await query.execute()) found.set(row.model_pk, row)
    }
  }
  await take(
    models.flatMap((model) => model.latest_version_pk ?? []),
    'pk',
  )
  await take(
    models.filter(({ pk }) => !found.has(pk)).map(({ pk }) => pk),
    'newest',
  )
  return found
}

/** Where a model version is now, by ids. */
export interface VersionPlace {
  readonly userId: string
  readonly appId: string
  readonly modelId: string
}

/** Where versions are now, by version id: those are random and never change, while models and apps are renamed. */
export async function versionPlaces(db: Reader, versionIds: readonly string[]): Promise<Map<string, VersionPlace>> {
  const found = new Map<string, VersionPlace>()
  for (const part of inParts([...new Set(versionIds)])) {
    const rows = await db
      .selectFrom('model_versions')
      .innerJoin('models', 'models.pk', 'model_versions.model_pk')
      .innerJoin('apps', 'apps.pk', 'models.app_pk')
      .innerJoin('users', 'users.pk', 'apps.user_pk')
      .select(['model_versions.id', 'models.id as modelId', 'apps.id as appId', 'users.id as userId'])
      .where('model_versions.id', 'in', part)
      .execute()
    for (const { id, ...place } of rows) found.set(id, place)
  }
  return found
}

/** How many concepts each version has, by version; those without any are left out. */
export async function conceptCounts(db: Reader, versionPks: readonly number[]): Promise<Map<number, number>> {
  const found = new Map<number, number>()
  for (const part of inParts(versionPks)) {
    const rows = await db
      .selectFrom('model_version_concepts')
      .select(({ fn }) => ['version_pk', fn.countAll<number>().as('concepts')])
      .where('version_pk', 'in', part)
      .groupBy('version_pk')
      .execute()
    for (const row of rows) found.set(row.version_pk, Number(row.concepts))
  }
  return found
}

/** How many versions each model has that the viewer sees, by model. */
export async function versionCounts(
  db: Reader,
  modelPks: readonly number[],
  minVisibility: number,
): Promise<Map<number, number>> {
  const found = new Map<number, number>()
  for (const part of inParts(modelPks)) {
    const rows = await db
      .selectFrom('model_versions')
      .select(({ fn }) => ['model_pk', fn.countAll<number>().as('versions')])
      .where('model_pk', 'in', part)
      .where('visibility', '>=', minVisibility)
      .groupBy('model_pk')
      .execute()
    for (const row of rows) found.set(row.model_pk, Number(row.versions))
  }
  return found
}

export type VersionSort = 'created_at' | 'status_code' | 'description' | 'num_inputs'

/** One page of the versions of a model. */
export interface VersionPage {
  readonly minVisibility: number
  readonly status?: number
  /** Only versions that have all of these concepts. */
  readonly conceptIds?: readonly string[]
  readonly sort: VersionSort
  readonly descending: boolean
  readonly limit: number
  readonly offset: number
}

/** Versions of a model in a total order. */
export async function listVersions(db: Reader, modelPk: number, page: VersionPage): Promise<Row<'model_versions'>[]> {
  const direction = page.descending ? 'desc' : 'asc'
  let query = db
    .selectFrom('model_versions')
    .selectAll()
    .where('model_pk', '=', modelPk)
    .where('visibility', '>=', page.minVisibility)
  if (page.status !== undefined) query = query.where('status_code', '=', page.status)
  for (const id of page.conceptIds ?? []) {
    query = query.where((eb) =>
      eb.exists(
        eb
          .selectFrom('model_version_concepts')
          .innerJoin('concepts', 'concepts.pk', 'model_version_concepts.concept_pk')
          .select('concepts.pk')
          .whereRef('model_version_concepts.version_pk', '=', 'model_versions.pk')
          .where('concepts.id', '=', id),
      ),
    )
  }
  const inputs = sql<number>`coalesce(${db.ops.jsonNumber(sql.ref('doc'), ['total_input_count'])}, 0)`
  return query
    .orderBy(page.sort === 'num_inputs' ? inputs : sql.ref(page.sort), direction)
    .orderBy('pk', direction)
    .limit(page.limit)
    .offset(page.offset)
    .execute()
}

/** A concept of a model version: its row, and what the version says about it. */
export type VersionConcept = Pick<Row<'concepts'>, 'pk' | 'id' | 'name' | 'doc' | 'created_at' | 'app_pk'> & {
  readonly link: string
}

/** The concepts of a version in the order of its outputs; a page of them, or those whose id or name contains a text. */
export async function versionConcepts(
  db: Reader,
  versionPk: number,
  part: { readonly search?: string; readonly limit?: number; readonly offset?: number } = {},
): Promise<VersionConcept[]> {
  let query = db
    .selectFrom('model_version_concepts as link')
    .innerJoin('concepts', 'concepts.pk', 'link.concept_pk')
    .select(['concepts.pk', 'concepts.id', 'concepts.name', 'concepts.doc', 'concepts.created_at', 'concepts.app_pk'])
    .select('link.doc as link')
    .where('link.version_pk', '=', versionPk)
    .orderBy('link.position')
  const { search, limit, offset } = part
  if (search) {
    const has = (column: string) => db.ops.contains(sql.ref(column), search)
    query = query.where(sql<SqlBool>`(${has('concepts.id')} or ${has('concepts.name')})`)
  }
  if (limit !== undefined) query = query.limit(limit).offset(offset ?? 0)
  return query.execute()
}

/** Sets which concepts a version answers, in the order of its outputs. */
export async function setVersionConcepts(
  tx: Writer,
  versionPk: number,
  links: readonly { readonly conceptPk: number; readonly doc: string }[],
): Promise<void> {
  await tx.deleteFrom('model_version_concepts').where('version_pk', '=', versionPk).execute()
  const rows = links.map(({ conceptPk, doc }, position) => ({
    version_pk: versionPk,
    position,
    concept_pk: conceptPk,
    doc,
  }))
  for (const part of inParts(rows)) await tx.insertInto('model_version_concepts').values(part).execute()
}

/** JSON of a version's linear head, or undefined when it has none. */
export async function readHead(db: Reader, versionPk: number): Promise<string | undefined> {
  const row = await db
    .selectFrom('model_version_heads')
    .select('doc')
    .where('version_pk', '=', versionPk)
    .executeTakeFirst()
  return row?.doc
}

/** Stores a version's linear head. */
export async function putHead(tx: Writer, versionPk: number, doc: string): Promise<void> {
  await tx
    .insertInto('model_version_heads')
    .values({ version_pk: versionPk, doc })
    .onConflict((c) => c.column('version_pk').doUpdateSet({ doc }))
    .execute()
}

/** The version with this id of a model of an app, where both are at least this visible. */
export function versionOfApp(
  db: Reader,
  appPk: number,
  versionId: string,
  minVisibility: number,
): Promise<Pick<Row<'model_versions'>, 'doc'> | undefined> {
  return db
    .selectFrom('model_versions')
    .innerJoin('models', 'models.pk', 'model_versions.model_pk')
    .select('model_versions.doc')
    .where('model_versions.id', '=', versionId)
    .where('models.app_pk', '=', appPk)
    .where('model_versions.visibility', '>=', minVisibility)
    .where('models.visibility', '>=', minVisibility)
    .executeTakeFirst()
}

/** Whether a model has a version of at least this visibility. */
export async function publicVersionExists(db: Reader, modelPk: number, visibility: number): Promise<boolean> {
  const row = await db
    .selectFrom('model_versions')
    .select('pk')
    .where('model_pk', '=', modelPk)
    .where('visibility', '>=', visibility)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

/** Makes the newest version that is left the latest of each model, or none. */
export async function renewLatestVersion(tx: Writer, modelPk: number): Promise<void> {
  const newest = tx
    .selectFrom('model_versions')
    .select(({ fn }) => fn.max('pk').as('pk'))
    .where('model_pk', '=', modelPk)
  await tx.updateTable('models').set({ latest_version_pk: newest }).where('pk', '=', modelPk).execute()
}

/** Ids of all versions of the models. */
export async function versionIdsOf(db: Reader, modelPks: readonly number[]): Promise<string[]> {
  const ids: string[] = []
  for (const part of inParts(modelPks)) {
    const rows = await db.selectFrom('model_versions').select('id').where('model_pk', 'in', part).execute()
    for (const { id } of rows) ids.push(id)
  }
  return ids
}
