import type { Reader } from '../session.ts'

/** Public ids of an app and of its user. */
export interface Owner {
  readonly userId: string
  readonly appId: string
}

/** The ids behind app pks, all in one look-up. */
export async function ownersOf(db: Reader, appPks: readonly number[]): Promise<Map<number, Owner>> {
  const distinct = [...new Set(appPks)]
  if (distinct.length === 0) return new Map()
  const rows = await db
    .selectFrom('apps')
    .innerJoin('users', 'users.pk', 'apps.user_pk')
    .select(['apps.pk', 'apps.id as appId', 'users.id as userId'])
    .where('apps.pk', 'in', distinct)
    .execute()
  return new Map(rows.map(({ pk, appId, userId }) => [pk, { appId, userId }]))
}
