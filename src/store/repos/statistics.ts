import { type Expression, type SqlBool, sql } from 'kysely'
import type { Micros } from '../../base/clock.ts'
import type { Reader, Writer } from '../session.ts'
import { insertRows } from './insert-rows.ts'

/** A tag in its two parts. */
export interface StatTag {
  readonly group: string
  readonly tag: string
}

export interface NewStatValue {
  readonly time: Micros
  readonly value: number
  readonly tags: readonly StatTag[]
}

/** Adds values of an app with their tags. */
export async function addStatValues(tx: Writer, appPk: number, values: readonly NewStatValue[]): Promise<void> {
  // One after the other, as what a batch insert returns need not be in the order of the rows.
  const tags: { value_pk: number; tag_group: string; tag: string; app_pk: number }[] = []
  for (const { time, value, tags: own } of values) {
    const { pk } = await tx
      .insertInto('stat_values')
      .values({ app_pk: appPk, time, value })
      .returning('pk')
      .executeTakeFirstOrThrow()
    for (const { group, tag } of own) tags.push({ value_pk: pk, tag_group: group, tag, app_pk: appPk })
  }
  await insertRows(tx, 'stat_value_tags', tags, [])
}

/** Which values are added up, and how they are grouped. */
export interface StatQuery {
  readonly appPk: number
  /** Values must have all of them. */
  readonly tags: readonly StatTag[]
  /** Groups by whose tags the values are told apart. */
  readonly groups: readonly string[]
  readonly from: Micros | undefined
  readonly to: Micros | undefined
}

/** The sum of the values of one minute (or of all time) with one combination of tags. */
export interface StatSum {
  /** Beginning of the minute; undefined without minutes. */
  readonly time: Micros | undefined
  readonly sum: number
  readonly count: number
  /** A tag for each group, in their order. */
  readonly tags: readonly string[]
}

const MINUTE = 60_000_000

/** Adds up values by minute and combination of tags; coarser times follow from minutes. */
export async function sumStatValues(
  db: Reader,
  { appPk, tags, groups, from, to }: StatQuery,
  byMinute: boolean,
  limit: number,
): Promise<StatSum[]> {
  const minute = sql<number>`stat_values.time - stat_values.time % ${sql.lit(MINUTE)}`
  const keys = groups.map((_, at) => sql.ref<string>(`g${at}.tag`))
  const conditions: Expression<SqlBool>[] = [
    sql<SqlBool>`stat_values.app_pk = ${appPk}`,
    ...(from === undefined ? [] : [sql<SqlBool>`stat_values.time >= ${from}`]),
    ...(to === undefined ? [] : [sql<SqlBool>`stat_values.time <= ${to}`]),
    ...tags.map(
      ({ group, tag }) => sql<SqlBool>`exists (select 1 from stat_value_tags t where t.value_pk = stat_values.pk
        and t.tag_group = ${group} and t.tag = ${tag})`,
    ),
  ]
  const joins = groups.map(
    (group, at) => sql`join stat_value_tags as ${sql.ref(`g${at}`)} on ${sql.ref(`g${at}.value_pk`)} = stat_values.pk
      and ${sql.ref(`g${at}.tag_group`)} = ${group}`,
  )
  const grouped = [...(byMinute ? [minute] : []), ...keys]
  const { rows } = await sql<Record<string, number | string>>`
    select sum(stat_values.value) as total, count(*) as entries
      ${byMinute ? sql`, ${minute} as minute` : sql``}
      ${sql.join(
        keys.map((key, at) => sql`, ${key} as ${sql.id(`k${at}`)}`),
        sql``,
      )}
    from stat_values ${sql.join(joins, sql` `)}
    where ${sql.join(conditions, sql` and `)}
    ${grouped.length > 0 ? sql`group by ${sql.join(grouped)} order by ${sql.join(grouped)}` : sql``}
    limit ${limit}`.execute(db)
  return rows
    .filter(({ entries }) => Number(entries) > 0)
    .map((row) => ({
      time: byMinute ? Number(row.minute) : undefined,
      sum: Number(row.total),
      count: Number(row.entries),
      tags: groups.map((_, at) => String(row[`k${at}`])),
    }))
}

/** Counts a view. */
export async function addView(tx: Writer, kind: string, appPk: number, objectId: string): Promise<void> {
  await tx
    .insertInto('views')
    .values({ kind, app_pk: appPk, object_id: objectId, views: 1 })
    .onConflict((conflict) =>
      conflict.columns(['kind', 'app_pk', 'object_id']).doUpdateSet({ views: sql`views.views + 1` }),
    )
    .execute()
}

/** What of a kind was viewed most, in all public apps or in one app, as far as it is visible itself. */
export async function mostViewed(
  db: Reader,
  kind: string,
  at: { readonly appPk: number | undefined; readonly publicFrom: number; readonly minVisibility: number },
  window: { readonly limit: number; readonly offset: number },
): Promise<{ userId: string; appId: string; objectId: string; views: number }[]> {
  let query = db
    .selectFrom('views')
    .innerJoin('apps', 'apps.pk', 'views.app_pk')
    .innerJoin('users', 'users.pk', 'apps.user_pk')
    .select(['users.id as userId', 'apps.id as appId', 'views.object_id as objectId', 'views.views'])
    .where('views.kind', '=', kind)
  query =
    at.appPk === undefined
      ? query.where('apps.visibility', '>=', at.publicFrom).where('users.visibility', '>=', at.publicFrom)
      : query.where('views.app_pk', '=', at.appPk)
  // Of apps it is asked beside this.
  if (kind !== 'apps') {
    query = query.where((row) =>
      row.exists(
        row
          .selectFrom(`${kind} as object` as 'models as object')
          .select('object.pk')
          .whereRef('object.app_pk', '=', 'views.app_pk')
          .whereRef('object.id', '=', 'views.object_id')
          .where('object.visibility', '>=', at.minVisibility),
      ),
    )
  }
  return query
    .orderBy('views.views', 'desc')
    .orderBy('views.app_pk')
    .orderBy('views.object_id')
    .limit(window.limit)
    .offset(window.offset)
    .execute()
}
