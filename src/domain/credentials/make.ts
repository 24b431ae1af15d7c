import { create } from '@bufbuild/protobuf'
import type { Micros } from '../../base/clock.ts'
import { newId } from '../../base/ids.ts'
import { type Key, KeySchema } from '../../contract/index.ts'
import { encodeDoc } from '../../contract/json/index.ts'
import type { Writer } from '../../store/database.ts'
import { insertCredentialRow } from '../../store/repos/credentials.ts'
import type { CredentialKind } from '../access/principal.ts'
import { hashSecret, publicIdOf } from '../access/secrets.ts'

/** What a new credential is for. */
export interface NewCredential {
  readonly userPk: number
  readonly appPk?: number
  readonly kind: CredentialKind
  readonly description?: string
  readonly scopes: readonly string[]
  readonly endpoints?: readonly string[]
  readonly expiresAt?: Micros
  /** The installed module version that it is for. */
  readonly installPk?: number
  /** A secret chosen by the operator; made at random otherwise. */
  readonly secret?: string
}

/** Stores a new credential and returns its secret, which nobody can read again afterwards. */
export async function insertCredential(
  tx: Writer,
  wanted: NewCredential,
  now: Micros,
): Promise<{ pk: number; secret: string; publicId: string }> {
  const secret = wanted.secret ?? newId()
  const hash = hashSecret(secret)
  const key: Key = create(KeySchema, {
    description: wanted.description ?? '',
    scopes: [...wanted.scopes],
    endpoints: [...(wanted.endpoints ?? [])],
  })
  const pk = await insertCredentialRow(tx, {
    user_pk: wanted.userPk,
    app_pk: wanted.appPk ?? null,
    kind: wanted.kind,
    secret_hash: hash,
    public_id: publicIdOf(hash),
    doc: encodeDoc(key),
    expires_at: wanted.expiresAt ?? null,
    install_pk: wanted.installPk ?? null,
    created_at: now,
    modified_at: now,
  })
  return { pk, secret, publicId: publicIdOf(hash) }
}
