import type { Micros } from '../../base/clock.ts'
import type { NewRow, Row } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'

/** The user with this address, in the form that addresses are compared in. */
export async function findUserByEmail(db: Reader, email: string): Promise<Row<'users'> | undefined> {
  return db.selectFrom('users').selectAll().where('email', '=', email).executeTakeFirst()
}

/** The user with this id. */
export async function findUserById(db: Reader, id: string): Promise<Row<'users'> | undefined> {
  return db.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst()
}

/** Adds a user and returns its pk; throws DuplicateKey for an id or address that is taken. */
export async function insertUserRow(
  tx: Writer,
  user: Pick<NewRow<'users'>, 'id' | 'doc' | 'visibility' | 'email' | 'password_hash'>,
  now: Micros,
): Promise<number> {
  const { pk } = await tx
    .insertInto('users')
    .values({ ...user, created_at: now, modified_at: now })
    .returning('pk')
    .executeTakeFirstOrThrow()
  return pk
}

/** Changes how a user logs in. */
export async function updateLogin(
  tx: Writer,
  userPk: number,
  change: { readonly email?: string; readonly password_hash?: string },
  now: Micros,
): Promise<void> {
  await tx
    .updateTable('users')
    .set((row) => ({ ...change, modified_at: now, revision: row('revision', '+', 1) }))
    .where('pk', '=', userPk)
    .execute()
}

/** How many users have starred a user, and whether one of them is `byPk`. */
export async function userStars(
  db: Reader,
  userPk: number,
  byPk: number | undefined,
): Promise<{ count: number; starred: boolean }> {
  const stars = db.selectFrom('stars').where('kind', '=', 'user').where('resource_pk', '=', userPk)
  const { count } = await stars.select(({ fn }) => fn.countAll<number>().as('count')).executeTakeFirstOrThrow()
  const own = byPk !== undefined && (await stars.select('user_pk').where('user_pk', '=', byPk).executeTakeFirst())
  return { count, starred: own !== undefined && own !== false }
}
