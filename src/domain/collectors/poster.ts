import { AppError } from '../../base/errors.ts'
import { KeySchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import { methodInfo } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { findKeyAnywhere } from '../../store/repos/credentials.ts'
import type { Principal } from '../access/principal.ts'
import { missingFor, readScopes } from '../access/scopes.ts'
import { standing } from '../access/standing.ts'
import type { Call } from '../call.ts'

/**
 * The call by which a collector posts into its app: with the rights of the key that was named for it, which must be
 * good still. `call` is one of the app's owner. Throws AppError 11007 where the key may not post inputs there.
 */
export async function posterOf(call: Call, keyId: string): Promise<Call> {
  const { db, directory, clock } = call.services
  const row = await findKeyAnywhere(db.read, keyId)
  const user = row && (await directory.user(row.user_id))
  if (!user || (row.expires_at !== null && row.expires_at <= clock.now())) {
    throw new AppError(StatusCode.CONN_INSUFFICIENT_SCOPES, 'The key of the collector is gone; patch in another one.')
  }
  const app = row.app_id === null ? undefined : await directory.app(user.pk, row.app_id)
  const key = decodeDoc(KeySchema, row.doc)
  const scopes = readScopes(key.scopes, key.endpoints)
  const principal: Principal = { kind: row.kind, user, ...(app && { app }), credentialPk: row.pk, scopes }
  const target = await standing({ services: call.services, principal }, call.target.user!, call.target.app)
  const method = methodInfo('PostInputs')
  const missing = target && target.rights !== 'viewer' ? missingFor(target.scopes, method) : undefined
  if (!target || missing === undefined) {
    throw new AppError(StatusCode.CONN_INSUFFICIENT_SCOPES, 'The key of the collector may not change this app.')
  }
  if (missing.length > 0) {
    throw new AppError(
      StatusCode.CONN_INSUFFICIENT_SCOPES,
      `The key of the collector is missing these required scopes: ${missing.join(', ')}`,
    )
  }
  return { ...call, method, principal, target }
}
