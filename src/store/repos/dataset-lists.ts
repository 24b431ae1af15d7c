import { sql } from 'kysely'
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
