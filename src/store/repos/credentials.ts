import type { Micros } from '../../base/clock.ts'
import { rowChanged } from '../errors.ts'
import type { CredentialsTable, NewRow, Row, RowChange } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'

/** Kinds of credentials that are listed and changed by calls; sessions come from logging in alone. */
export type KeyKind = Exclude<CredentialsTable['kind'], 'session'>

const KEY_KINDS: readonly KeyKind[] = ['app_key', 'pat']

/** A key with the id of the app that it is bound to. */
export type KeyRow = Row<'credentials'> & { readonly app_id: string | null }

/** Which keys of a user a list shows. */
export interface KeyFilter {
  readonly userPk: number
  readonly appPk?: number
  readonly kind?: KeyKind
  /** Only those that are still good at this time. */
  readonly goodAt?: Micros
  /** Only those whose document names all of these scopes. */
  readonly scopes?: readonly string[]
  readonly endpoints?: readonly string[]
}

function keys(db: Reader, userPk: number) {
  return db
    .selectFrom('credentials')
    .leftJoin('apps', 'apps.pk', 'credentials.app_pk')
    .selectAll('credentials')
    .select('apps.id as app_id')
    .where('credentials.user_pk', '=', userPk)
    .where('credentials.kind', 'in', KEY_KINDS)
}

/** Whether a credential is still there and good at a time. */
export async function credentialIsGood(db: Reader, pk: number, at: Micros): Promise<boolean> {
  const row = await db
    .selectFrom('credentials')
    .select('pk')
    .where('pk', '=', pk)
    .where((row) => row.or([row('expires_at', 'is', null), row('expires_at', '>', at)]))
    .executeTakeFirst()
  return row !== undefined
}

/** Adds a credential. */
export async function insertCredentialRow(tx: Writer, row: NewRow<'credentials'>): Promise<number> {
  const { pk } = await tx.insertInto('credentials').values(row).returning('pk').executeTakeFirstOrThrow()
  return pk
}

/** The key of a user by its public id or by the hash of its secret, or undefined. */
export async function findKey(
  db: Reader,
  userPk: number,
  by: { readonly publicId: string; readonly secretHash: string },
): Promise<KeyRow | undefined> {
  return keys(db, userPk)
    .where((row) => row.or([row('public_id', '=', by.publicId), row('secret_hash', '=', by.secretHash)]))
    .executeTakeFirst()
}

/** The key with a public id, whoever has it, with the ids of its user and of its app; undefined when it is gone. */
export async function findKeyAnywhere(
  db: Reader,
  publicId: string,
): Promise<(KeyRow & { readonly user_id: string }) | undefined> {
  return db
    .selectFrom('credentials')
    .innerJoin('users', 'users.pk', 'credentials.user_pk')
    .leftJoin('apps', 'apps.pk', 'credentials.app_pk')
    .selectAll('credentials')
    .select(['apps.id as app_id', 'users.id as user_id'])
    .where('credentials.public_id', '=', publicId)
    .where('credentials.kind', 'in', KEY_KINDS)
    .executeTakeFirst()
}

/** The keys of a user with these pks, by pk. */
export async function keysByPk(db: Reader, userPk: number, pks: readonly number[]): Promise<Map<number, KeyRow>> {
  if (pks.length === 0) return new Map()
  const rows = await keys(db, userPk).where('credentials.pk', 'in', pks).execute()
  return new Map(rows.map((row) => [row.pk, row]))
}

/** One page of a user's keys, newest first. */
export async function listKeys(
  db: Reader,
  filter: KeyFilter,
  page: { readonly limit: number; readonly offset: number },
): Promise<KeyRow[]> {
  let query = keys(db, filter.userPk)
    .orderBy('credentials.created_at', 'desc')
    .orderBy('credentials.pk', 'desc')
    .limit(page.limit)
    .offset(page.offset)
  const { appPk, kind, goodAt } = filter
  if (appPk !== undefined) query = query.where('credentials.app_pk', '=', appPk)
  if (kind !== undefined) query = query.where('credentials.kind', '=', kind)
  if (goodAt !== undefined) {
    query = query.where((row) => row.or([row('expires_at', 'is', null), row('expires_at', '>', goodAt)]))
  }
  for (const [field, names] of [
    ['scopes', filter.scopes ?? []],
    ['endpoints', filter.endpoints ?? []],
  ] as const) {
    for (const name of names) {
      // The list as JSON text has each name in quotes of its own.
      query = query.where((row) =>
        db.ops.contains(db.ops.jsonText(row.ref('credentials.doc'), [field]), JSON.stringify(name)),
      )
    }
  }
  return query.execute()
}

/** Changes a key that the caller has read; throws DATABASE_INVALID_ROWS_AFFECTED when somebody else did since. */
export async function updateKey(
  tx: Writer,
  read: { readonly pk: number; readonly revision: number },
  change: Pick<RowChange<'credentials'>, 'doc' | 'app_pk' | 'expires_at'>,
  now: Micros,
): Promise<void> {
  const row = await tx
    .updateTable('credentials')
    .set({ ...change, modified_at: now, revision: read.revision + 1 })
    .where('pk', '=', read.pk)
    .where('revision', '=', read.revision)
    .returning('pk')
    .executeTakeFirst()
  if (!row) throw rowChanged('The key')
}

/** Deletes a credential. */
export async function deleteCredential(tx: Writer, pk: number): Promise<void> {
  await tx.deleteFrom('credentials').where('pk', '=', pk).execute()
}

/** Ends the sessions of a user that have run out by `now`, and all but the newest `keep` of the others. */
export async function endSessions(tx: Writer, userPk: number, now: Micros, keep: number): Promise<void> {
  const sessions = tx.deleteFrom('credentials').where('user_pk', '=', userPk).where('kind', '=', 'session')
  await sessions.where('expires_at', '<=', now).execute()
  const kept = await tx
    .selectFrom('credentials')
    .select('pk')
    .where('user_pk', '=', userPk)
    .where('kind', '=', 'session')
    .orderBy('pk', 'desc')
    .limit(1)
    .offset(keep)
    .executeTakeFirst()
  if (kept) await sessions.where('pk', '<=', kept.pk).execute()
}

/** Whether there is a credential whose secret has this hash. */
export async function hasCredential(db: Reader, secretHash: string): Promise<boolean> {
  const row = await db.selectFrom('credentials').select('pk').where('secret_hash', '=', secretHash).executeTakeFirst()
  return row !== undefined
}
