import type { Micros } from '../../base/clock.ts'
import type { Reader, Writer } from '../session.ts'

/** Remembers that a row had another id before; the last rename to leave an id wins it. */
export async function addRedirect(
  tx: Writer,
  redirect: { readonly kind: string; readonly parentPk: number; readonly oldId: string; readonly resourcePk: number },
  now: Micros,
): Promise<void> {
  const resource_pk = redirect.resourcePk
  await tx
    .insertInto('redirects')
    .values({ kind: redirect.kind, parent_pk: redirect.parentPk, old_id: redirect.oldId, resource_pk, created_at: now })
    .onConflict((c) => c.columns(['kind', 'parent_pk', 'old_id']).doUpdateSet({ resource_pk, created_at: now }))
    .execute()
}

/** The pk of the row that had this id before a rename, or undefined. */
export async function findRedirect(
  db: Reader,
  kind: string,
  parentPk: number,
  oldId: string,
): Promise<number | undefined> {
  const row = await db
    .selectFrom('redirects')
    .select('resource_pk')
    .where('kind', '=', kind)
    .where('parent_pk', '=', parentPk)
    .where('old_id', '=', oldId)
    .executeTakeFirst()
  return row?.resource_pk
}
