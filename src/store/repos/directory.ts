import type { Row } from '../schema/tables.ts'
import type { Reader } from '../session.ts'

/** A credential with the ids of its user and, for an app key, of its app. */
export type CredentialRow = Row<'credentials'> & { readonly user_id: string; readonly app_id: string | null }

/** The credential whose secret has this hash, or undefined. */
export async function findCredential(db: Reader, secretHash: string): Promise<CredentialRow | undefined> {
  return db
    .selectFrom('credentials')
    .innerJoin('users', 'users.pk', 'credentials.user_pk')
    .leftJoin('apps', 'apps.pk', 'credentials.app_pk')
    .selectAll('credentials')
    .select(['users.id as user_id', 'apps.id as app_id'])
    .where('credentials.secret_hash', '=', secretHash)
    .executeTakeFirst()
}

/** Document of the invitation of a user to an app, or undefined without one that is still good. */
export async function findInvitation(db: Reader, appPk: number, userPk: number): Promise<string | undefined> {
  const row = await db
    .selectFrom('collaborators')
    .select('doc')
    .where('app_pk', '=', appPk)
    .where('user_pk', '=', userPk)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  return row?.doc
}
