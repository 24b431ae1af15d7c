import { IDS_PER_STATEMENT_MAX } from '../limits.ts'
import type { Reader } from '../session.ts'

/** Ids of inputs by pk. */
export async function inputIds(db: Reader, pks: readonly number[]): Promise<Map<number, string>> {
  const distinct = [...new Set(pks)]
  const found = new Map<number, string>()
  for (let start = 0; start < distinct.length; start += IDS_PER_STATEMENT_MAX) {
    const rows = await db
      .selectFrom('inputs')
      .select(['pk', 'id'])
      .where('pk', 'in', distinct.slice(start, start + IDS_PER_STATEMENT_MAX))
      .execute()
    for (const { pk, id } of rows) found.set(pk, id)
  }
  return found
}
