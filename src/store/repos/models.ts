import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely'
import type { ModelTagKind, Row, Schema } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'
import { meetsSearch, type SearchWords, searchPoints } from './search.ts'

/** A model with the names of where it lives. */
export type PlacedModel = Row<'models'> & {
  readonly app_id: string
  readonly user_id: string
  readonly user_pk: number
}

/** Who asks: sees everything of his own and of one app in which he works, elsewhere what is public. */
export interface ModelViewer {
  readonly userPk?: number
  readonly appPk?: number
  /** Lowest visibility that strangers see. */
  readonly publicFrom: number
}

/** What a list of models may be narrowed by; absent means any. */
export interface ModelFilter {
  /** Only models of these apps; without it, and without a user, those of everybody. */
  readonly appPks?: readonly number[]
  readonly userPk?: number
  readonly typeIds?: readonly string[]
  readonly tags?: readonly { readonly kind: ModelTagKind; readonly anyOf: readonly string[] }[]
  /** Status of a version that the viewer sees. */
  readonly versionStatus?: number
  readonly versionIds?: readonly string[]
  /** License of the latest version. */
  readonly license?: string
  /** Scalars of the document, by field name of the contract. */
  readonly doc?: Readonly<Record<string, string>>
  readonly featured?: boolean
  readonly bookmark?: boolean
  readonly starredBy?: number
  readonly visibility?: number
  /** A text with `*` for any text, compared with the whole id, name or description. */
  readonly pattern?: string
  /** The same, compared with the name alone. */
  readonly namePattern?: string
  /** Alternatives; all words of one must be found in id, name, description or notes. */
  readonly words?: SearchWords | undefined
  /** Search and pattern look at the owner's id too. */
  readonly searchOwner?: boolean
}

export type ModelSort = 'name' | 'modified_at' | 'created_at' | 'num_inputs' | 'star_count' | 'relevance'

/** One page of a list. */
export interface ModelPage {
  readonly sort: ModelSort
  readonly descending: boolean
  /** Models of this app come before those of others. */
  readonly firstAppPk?: number
  readonly limit: number
  readonly offset: number
}

type Joined = 'models' | 'apps' | 'users'
type Builder = ExpressionBuilder<Schema, Joined>

function joined(db: Reader) {
  return db
    .selectFrom('models')
    .innerJoin('apps', 'apps.pk', 'models.app_pk')
    .innerJoin('users', 'users.pk', 'apps.user_pk')
}

/** Whether the viewer has rights of his own on a model. */
function ownedBy(eb: Builder, viewer: ModelViewer): Expression<SqlBool> {
  const rules: Expression<SqlBool>[] = []
  if (viewer.userPk !== undefined) rules.push(eb('apps.user_pk', '=', viewer.userPk))
  if (viewer.appPk !== undefined) rules.push(eb('models.app_pk', '=', viewer.appPk))
  return eb.or(rules)
}

function visible(eb: Builder, viewer: ModelViewer): Expression<SqlBool> {
  return eb.or([
    ownedBy(eb, viewer),
    eb.and([
      eb('models.visibility', '>=', viewer.publicFrom),
      eb('apps.visibility', '>=', viewer.publicFrom),
      eb('users.visibility', '>=', viewer.publicFrom),
    ]),
  ])
}

/** One page of the models that the viewer sees and that meet the filter, in a total order. */
export async function findModels(
  db: Reader,
  viewer: ModelViewer,
  filter: ModelFilter,
  page: ModelPage,
): Promise<PlacedModel[]> {
  const direction = page.descending ? 'desc' : 'asc'
  let query = joined(db)
    .selectAll('models')
    .select(['apps.id as app_id', 'users.id as user_id', 'apps.user_pk as user_pk'])
    .where((eb) => eb.and([visible(eb, viewer), ...conditions(eb, db, viewer, filter)]))
  if (page.firstAppPk !== undefined) {
    const own = page.firstAppPk
    query = query.orderBy((eb) => eb.case().when('models.app_pk', '=', own).then(0).else(1).end())
  }
  query = query.orderBy((eb) => sortKey(eb, db, filter, page.sort), direction).orderBy('models.pk', direction)
  return query.limit(page.limit).offset(page.offset).execute()
}

function conditions(eb: Builder, db: Reader, viewer: ModelViewer, filter: ModelFilter): Expression<SqlBool>[] {
  const all: Expression<SqlBool>[] = []
  const { ops } = db
  if (filter.appPks) all.push(anyOf(eb, 'models.app_pk', filter.appPks))
  if (filter.userPk !== undefined) all.push(eb('apps.user_pk', '=', filter.userPk))
  if (filter.typeIds) all.push(anyOf(eb, 'models.model_type_id', filter.typeIds))
  for (const { kind, anyOf: tags } of filter.tags ?? []) {
    const tagged = eb.selectFrom('model_tags').select('tag').whereRef('model_tags.model_pk', '=', 'models.pk')
    all.push(eb.exists(tagged.where('kind', '=', kind).where('tag', 'in', tags)))
  }
  const versions = eb.selectFrom('model_versions').select('model_versions.pk')
  const seen = versions
    .whereRef('model_versions.model_pk', '=', 'models.pk')
    .where((v) => v.or([ownedBy(eb, viewer), v('model_versions.visibility', '>=', viewer.publicFrom)]))
  if (filter.versionStatus !== undefined) all.push(eb.exists(seen.where('status_code', '=', filter.versionStatus)))
  if (filter.versionIds) all.push(eb.exists(seen.where('model_versions.id', 'in', filter.versionIds)))
  if (filter.license !== undefined) {
    const latest = versions.whereRef('model_versions.pk', '=', 'models.latest_version_pk')
    const license = ops.jsonText(sql.ref('model_versions.doc'), ['license'])
    all.push(eb.exists(latest.where(sql<SqlBool>`${license} = ${filter.license}`)))
  }
  for (const [field, value] of Object.entries(filter.doc ?? {})) {
    all.push(sql<SqlBool>`${ops.jsonText(sql.ref('models.doc'), [field])} = ${value}`)
  }
  if (filter.featured !== undefined) all.push(eb('models.is_featured', '=', filter.featured ? 1 : 0))
  if (filter.bookmark !== undefined) all.push(eb('models.is_bookmark', '=', filter.bookmark ? 1 : 0))
  if (filter.visibility !== undefined) all.push(eb('models.visibility', '=', filter.visibility))
  if (filter.starredBy !== undefined) {
    const stars = eb.selectFrom('stars').select('resource_pk').whereRef('stars.resource_pk', '=', 'models.pk')
    all.push(eb.exists(stars.where('stars.kind', '=', 'model').where('stars.user_pk', '=', filter.starredBy)))
  }
  if (filter.namePattern !== undefined) all.push(ops.matches(sql.ref('models.name'), filter.namePattern))
  if (filter.pattern !== undefined) {
    const pattern = filter.pattern
    const texts = ['models.id', 'models.name', 'models.description', ...(filter.searchOwner ? ['users.id'] : [])]
    all.push(eb.or(texts.map((column) => ops.matches(sql.ref(column), pattern))))
  }
  if (filter.words) all.push(meetsSearch(ops, searched(db, filter), filter.words))
  return all
}

function searched(db: Reader, { searchOwner }: ModelFilter): Expression<string | null>[] {
  const columns = ['models.id', 'models.name', 'models.description', ...(searchOwner ? ['users.id'] : [])]
  return [...columns.map((column) => sql.ref<string>(column)), db.ops.jsonText(sql.ref('models.doc'), ['notes'])]
}

function anyOf(
  eb: Builder,
  column: 'models.app_pk' | 'models.model_type_id',
  values: readonly (string | number)[],
): Expression<SqlBool> {
  return values.length === 0 ? sql<SqlBool>`1 = 0` : eb(column, 'in', values as never)
}

function sortKey(eb: Builder, db: Reader, filter: ModelFilter, sort: ModelSort): Expression<unknown> {
  switch (sort) {
    case 'num_inputs': {
      const count = db.ops.jsonNumber(sql.ref('model_versions.doc'), ['total_input_count'])
      return eb.fn.coalesce(
        eb
          .selectFrom('model_versions')
          .select(count.as('inputs'))
          .whereRef('model_versions.pk', '=', 'models.latest_version_pk'),
        eb.lit(0),
      )
    }
    case 'star_count':
      return eb
        .selectFrom('stars')
        .select(({ fn }) => fn.countAll<number>().as('stars'))
        .whereRef('stars.resource_pk', '=', 'models.pk')
        .where('stars.kind', '=', 'model')
    case 'relevance':
      return searchPoints(db.ops, [sql.ref('models.id'), sql.ref('models.name')], filter.words ?? [])
    default:
      return sql.ref(`models.${sort}`)
  }
}

/** How many stars each of the models has, and whether the user gave one. */
export async function modelStars(
  db: Reader,
  pks: readonly number[],
  userPk: number | undefined,
): Promise<Map<number, { count: number; own: boolean }>> {
  const found = new Map<number, { count: number; own: boolean }>()
  if (pks.length === 0) return found
  const rows = await db
    .selectFrom('stars')
    .select(({ fn, eb }) => [
      'resource_pk',
      fn.countAll<number>().as('stars'),
      fn
        .max<number>(
          eb
            .case()
            .when('user_pk', '=', userPk ?? 0)
            .then(1)
            .else(0)
            .end(),
        )
        .as('own'),
    ])
    .where('kind', '=', 'model')
    .where('resource_pk', 'in', pks)
    .groupBy('resource_pk')
    .execute()
  for (const row of rows) found.set(row.resource_pk, { count: Number(row.stars), own: Number(row.own) === 1 })
  return found
}

/** Replaces the tags of a model. */
export async function setModelTags(
  tx: Writer,
  modelPk: number,
  tags: Readonly<Record<ModelTagKind, readonly string[]>>,
): Promise<void> {
  await tx.deleteFrom('model_tags').where('model_pk', '=', modelPk).execute()
  const rows = (Object.entries(tags) as [ModelTagKind, readonly string[]][]).flatMap(([kind, names]) =>
    [...new Set(names)].map((tag) => ({ model_pk: modelPk, kind, tag })),
  )
  if (rows.length > 0) await tx.insertInto('model_tags').values(rows).execute()
}

/** Pks of all models of an app. */
export async function modelPksOfApp(db: Reader, appPk: number): Promise<number[]> {
  const rows = await db.selectFrom('models').select('pk').where('app_pk', '=', appPk).execute()
  return rows.map(({ pk }) => pk)
}
