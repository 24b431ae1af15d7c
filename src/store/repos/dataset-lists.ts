import { type ExpressionBuilder, sql } from 'kysely'
import { inParts } from '../parts.ts'
import type { Row, Schema } from '../schema/tables.ts'
import type { Reader } from '../session.ts'

/** Ids of an app's datasets that take annotations by this filter unless a version says otherwise. */
export async function datasetsWithFilter(db: Reader, appPk: number, filterId: string): Promise<string[]> {
  const used = db.ops.jsonText(sql.ref('doc'), ['default_annotation_filter', 'id'])
  const rows = await db
    .selectFrom('datasets')
    .select('id')
    .where('app_pk', '=', appPk)
    .where(used, '=', filterId)
    .orderBy('id')
    .execute()
  return rows.map(({ id }) => id)
}

type Builder = ExpressionBuilder<Schema, 'datasets'>

/** How many stars a dataset has, for sorting. */
export const datasetStars = (row: Builder) =>
  row
    .selectFrom('stars')
    .select(({ fn }) => fn.countAll<number>().as('stars'))
    .whereRef('stars.resource_pk', '=', 'datasets.pk')
    .where('stars.kind', '=', 'dataset')
    .$asScalar()

/** The star that a user gave a dataset. */
export const starsOf = (row: Builder, userPk: number) =>
  row
    .selectFrom('stars')
    .select('stars.resource_pk')
    .whereRef('stars.resource_pk', '=', 'datasets.pk')
    .where('stars.kind', '=', 'dataset')
    .where('stars.user_pk', '=', userPk)

/** How many stars each of the datasets has, and whether the user gave one. */
export async function countStars(
  db: Reader,
  pks: readonly number[],
  userPk: number | undefined,
): Promise<Map<number, { count: number; own: boolean }>> {
  const found = new Map<number, { count: number; own: boolean }>()
  for (const part of inParts(pks)) {
    const rows = await db
      .selectFrom('stars')
      .select(['resource_pk', 'user_pk'])
      .where('kind', '=', 'dataset')
      .where('resource_pk', 'in', part)
      .execute()
    for (const { resource_pk, user_pk } of rows) {
      const { count, own } = found.get(resource_pk) ?? { count: 0, own: false }
      found.set(resource_pk, { count: count + 1, own: own || user_pk === userPk })
    }
  }
  return found
}

/** The newest version of each dataset that has one, by the dataset's pk. */
export async function newestVersions(
  db: Reader,
  datasetPks: readonly number[],
): Promise<Map<number, Row<'dataset_versions'>>> {
  if (datasetPks.length === 0) return new Map()
  const rows = await db
    .selectFrom('dataset_versions')
    .selectAll()
    .where('dataset_pk', 'in', datasetPks)
    .where('pk', 'in', (eb) =>
      eb
        .selectFrom('dataset_versions as newest')
        .select(({ fn }) => fn.max('newest.pk').as('pk'))
        .where('newest.dataset_pk', 'in', datasetPks)
        .groupBy('newest.dataset_pk'),
    )
    .execute()
  return new Map(rows.map((row) => [row.dataset_pk, row]))
}
