import { AppError } from '../../base/errors.ts'
import { checkId } from '../../base/ids.ts'
import { fromTimestamp, toTimestamp } from '../../base/timestamps.ts'
import { type Secret, SecretSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { secrets as rows } from '../../store/repos/families.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireOwner } from '../access/target.ts'
import type { Call } from '../call.ts'
import { checkTexts } from '../resource/checks.ts'
import { defineResource } from '../resource/define.ts'
import { applyPatch, readAction } from '../resource/patch.ts'
import { findRow, insertOne, present, rewrite, toStored } from '../resource/verbs.ts'
import { SECRET_BYTES_MAX, SECRETS_PER_USER_MAX } from './limits.ts'

const INVALID = StatusCode.CONN_INVALID_REQUEST
const invalid = (details: string): AppError => new AppError(INVALID, details)

/** Secrets of a user: values that are stored encrypted, handed to the user's own runners, and never answered. */
export const secrets = defineResource({
  kind: 'secret',
  desc: SecretSchema,
  rows,
  parentColumn: 'user_pk',
  codes: {
    missing: StatusCode.CONN_DOES_NOT_EXIST,
    duplicate: StatusCode.DATABASE_DUPLICATE_KEY,
    invalid: INVALID,
  },
  checkId: (id) => checkId(id, 'secret', INVALID),
  serverFields: ['user_id', 'version', 'created_at', 'modified_at', 'value'],
  patch: { actions: ['merge', 'overwrite'], fields: ['description', 'expires_at'] },
  defaultSort: { column: 'created_at', descending: true },
  hooks: {
    validate: (secret) => checkTexts(secret, INVALID),
    columns: ({ expiresAt }) => ({ expires_at: expiresAt ? fromTimestamp(expiresAt) : null }),
    present(items, call) {
      for (const { row, message } of items) {
        message.userId = call.target.user?.id ?? ''
        message.version = row.version
        message.createdAt = toTimestamp(row.created_at)
        message.modifiedAt = toTimestamp(row.modified_at)
      }
    },
  },
})

/** What a value is sealed for: it can be opened there alone. */
export const contextOf = (userPk: number, id: string): string => `secret ${userPk} ${id}`

function sealedOf(call: Call, userPk: number, { id, value }: Secret): string {
  if (Buffer.byteLength(value) > SECRET_BYTES_MAX) {
    throw invalid(`The value of the secret '${id}' is longer than ${SECRET_BYTES_MAX} bytes; shorten it.`)
  }
  return call.services.vault.seal(value, contextOf(userPk, id))
}

/** Stores new secrets, all or none. */
export async function createSecrets(call: Call, given: readonly Secret[]): Promise<Secret[]> {
  const user = requireOwner(call.target)
  const stored = await call.services.db.transact(async (tx) => {
    if ((await rows.count(tx, { parent: user.pk })) + given.length > SECRETS_PER_USER_MAX) {
      throw invalid(`A user has at most ${SECRETS_PER_USER_MAX} secrets; delete some first.`)
    }
    const made: Row<'secrets'>[] = []
    for (const secret of given) {
      if (secret.value === '') throw invalid(`The secret '${secret.id}' has no value; give it one.`)
      const sealed = sealedOf(call, user.pk, secret)
      made.push(await insertOne(secrets, call, user, secret, tx, { sealed, version: 1 }))
    }
    return made
  })
  return present(secrets, call, stored)
}

/** Patches secrets, all or none; a new value makes a new version, of which only the newest is kept. */
export async function patchSecrets(call: Call, patches: readonly Secret[], actionText: string): Promise<Secret[]> {
  const action = readAction(actionText, secrets.patch.actions, INVALID)
  const user = requireOwner(call.target)
  const stored = await call.services.db.transact(async (tx) => {
    const changed: Row<'secrets'>[] = []
    for (const patch of patches) {
      const row = await findRow(secrets, tx, user, patch.id)
      const result = applyPatch(SecretSchema, toStored(secrets, row).message, patch, action, secrets.patch.fields)
      const now = await rewrite(secrets, call, row, result, tx)
      const change = {
        sealed: patch.value === '' ? row.sealed : sealedOf(call, user.pk, patch),
        version: row.version + 1,
      }
      changed.push(patch.value === '' ? now : await rows.update(tx, now, change, call.services.clock.now()))
    }
    return changed
  })
  return present(secrets, call, stored)
}
