import type { Micros } from '../../base/clock.ts'
import { AppError } from '../../base/errors.ts'
import { TEXT_BYTES_MAX } from '../../base/limits.ts'
import { fromTimestamp, LAST_TIME } from '../../base/timestamps.ts'
import { type Key, KeySchema } from '../../contract/index.ts'
import { decodeDoc, encodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Reader } from '../../store/database.ts'
import {
  deleteCredential,
  findKey,
  type KeyKind,
  type KeyRow,
  keysByPk,
  updateKey,
} from '../../store/repos/credentials.ts'
import { checkGrant } from '../access/grants.ts'
import type { UserRef } from '../access/principal.ts'
import { hashSecret } from '../access/secrets.ts'
import type { Call } from '../call.ts'
import { applyPatch, readAction } from '../resource/patch.ts'
import { insertCredential } from './make.ts'
import { keyKind, presentKey } from './present.ts'

const PATCHABLE = ['description', 'scopes', 'endpoints', 'apps']

const refuse = (details: string): AppError => new AppError(StatusCode.CONN_INVALID_REQUEST, details)

/** Longest key id that is looked up, in characters: secrets that the operator chose are longer than made ones. */
const KEY_ID_LENGTH_MAX = 128

/**
 * The key of a user by an id: its public id or its secret. Only the secret is known to who has just made the key, and
 * only the public id to who has listed it.
 */
export async function requireKey(reader: Reader, user: UserRef, id: string): Promise<KeyRow> {
  const usable = id !== '' && id.length <= KEY_ID_LENGTH_MAX
  const row = usable ? await findKey(reader, user.pk, { publicId: id, secretHash: hashSecret(id) }) : undefined
  // The id is not repeated: it may be a secret, and details are logged.
  if (!row)
    throw new AppError(
      StatusCode.CONN_DOES_NOT_EXIST,
      'You have no key with this id; GET /v2/users/me/keys lists them.',
    )
  return row
}

/** Makes keys for a user, all or none; only these answers ever show the secrets, as ids. */
export async function createKeys(call: Call, user: UserRef, keys: readonly Key[]): Promise<Key[]> {
  const now = call.services.clock.now()
  const wanted = await Promise.all(
    keys.map(async (key) => {
      const kind = keyKind(key.type)
      checkDescription(key)
      const expiresAt = expiryOf(key, now)
      const appPk = await boundApp(call, user, kind, key)
      const { description } = key
      return { userPk: user.pk, appPk, kind, description, expiresAt, ...checkGrant(key, call.target.scopes) }
    }),
  )
  const { made, rows } = await call.services.db.transact(async (tx) => {
    const made: { pk: number; secret: string }[] = []
    for (const key of wanted) made.push(await insertCredential(tx, key, now))
    return {
      made,
      rows: await keysByPk(
        tx,
        user.pk,
        made.map(({ pk }) => pk),
      ),
    }
  })
  call.services.directory.invalidate()
  return made.map(({ pk, secret }) => Object.assign(presentKey(rows.get(pk)!, user), { id: secret }))
}

/** Overwrites what the patches name of keys, all or none. Kind and expiry stay; so does the secret. */
export async function patchKeys(call: Call, user: UserRef, patches: readonly Key[], action: string): Promise<Key[]> {
  readAction(action, ['overwrite'])
  const rows = await call.services.db.transact(async (tx) => {
    const pks: number[] = []
    for (const patch of patches) {
      const row = await requireKey(tx, user, patch.id)
      const key = applyPatch(KeySchema, presentKey(row, user), patch, 'overwrite', PATCHABLE)
      checkDescription(key)
      const grant = checkGrant(key, call.target.scopes)
      const appPk =
        patch.apps.length === 0 ? row.app_pk : ((await boundApp(call, user, row.kind as KeyKind, key)) ?? null)
      const document = Object.assign(decodeDoc(KeySchema, row.doc), grant, { description: key.description })
      await updateKey(tx, row, { doc: encodeDoc(document), app_pk: appPk }, call.services.clock.now())
      pks.push(row.pk)
    }
    const changed = await keysByPk(tx, user.pk, pks)
    return pks.map((pk) => changed.get(pk)!)
  })
  call.services.directory.invalidate()
  return rows.map((row) => presentKey(row, user))
}

/** Deletes a key; calls with it are refused from then on. */
export async function deleteKey(call: Call, user: UserRef, id: string): Promise<void> {
  await call.services.db.transact(async (tx) => {
    const row = await requireKey(tx, user, id)
    await deleteCredential(tx, row.pk)
  })
  call.services.directory.invalidate()
}

function expiryOf(key: Key, now: Micros): Micros | undefined {
  if (!key.expiresAt) return undefined
  const at = fromTimestamp(key.expiresAt)
  if (at <= now) throw refuse('expires_at has passed already; choose a later time.')
  if (at < LAST_TIME) return at
  throw refuse('expires_at is centuries away; leave it out for a key that never expires.')
}

function checkDescription(key: Key): void {
  if (Buffer.byteLength(key.description) > TEXT_BYTES_MAX) {
    throw refuse(`The description is longer than ${TEXT_BYTES_MAX} bytes; shorten it.`)
  }
}

/** Pk of the app that a key is to be bound to; a token is bound to none. */
async function boundApp(call: Call, user: UserRef, kind: KeyKind, key: Key): Promise<number | undefined> {
  if (kind === 'pat') {
    if (key.apps.length === 0) return undefined
    throw refuse('A personal_access_token is good for all your apps; leave apps empty.')
  }
  const [app] = key.apps
  if (!app || key.apps.length > 1) {
    throw refuse(`An app_specific_key belongs to one app; name exactly one in apps, not ${key.apps.length}.`)
  }
  const own = app.userId === '' || app.userId === 'me' || app.userId === user.id
  const found = own ? await call.services.directory.app(user.pk, app.id) : undefined
  if (!found)
    throw new AppError(StatusCode.CONN_DOES_NOT_EXIST, `You have no app '${app.id}' that the key could be for.`)
  return found.pk
}
