import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { toTimestamp } from '../../base/timestamps.ts'
import { AppSchema, type Key, KeySchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { KeyKind, KeyRow } from '../../store/repos/credentials.ts'
import type { UserRef } from '../access/principal.ts'

const TYPES = { app_key: 'app_specific_key', pat: 'personal_access_token' } as const

/** The kind of credential behind a key type of the contract; no type means an app key. */
export function keyKind(type: string): KeyKind {
  if (type === '' || type === TYPES.app_key) return 'app_key'
  if (type === TYPES.pat) return 'pat'
  throw new AppError(
    StatusCode.CONN_INVALID_REQUEST,
    `There is no key type '${type}'; use ${TYPES.app_key} or ${TYPES.pat}.`,
  )
}

/** A stored key as it may be shown: under its public id, since nobody has its secret any more. */
export function presentKey(row: KeyRow, user: UserRef): Key {
  const key = decodeDoc(KeySchema, row.doc)
  key.id = row.public_id
  key.type = TYPES[row.kind as KeyKind]
  key.createdAt = toTimestamp(row.created_at)
  if (row.expires_at !== null) key.expiresAt = toTimestamp(row.expires_at)
  if (row.app_id !== null) key.apps = [create(AppSchema, { id: row.app_id, userId: user.id })]
  return key
}
