import { create } from '@bufbuild/protobuf'
import type { Clock } from '../base/clock.ts'
import { checkId } from '../base/ids.ts'
import type { Config } from '../config/config.ts'
import { ConfigError } from '../config/config.ts'
import { EmailAddressSchema, UserDetailSchema, UserSchema } from '../contract/index.ts'
import { encodeDoc } from '../contract/json/index.ts'
import { StatusCode } from '../contract/status-code.ts'
import { hashPassword } from '../domain/access/passwords.ts'
import { hashSecret } from '../domain/access/secrets.ts'
import { Visible } from '../domain/access/target.ts'
import { insertCredential } from '../domain/credentials/make.ts'
import type { Database } from '../store/database.ts'

/**
 * Makes the operator's user and token on the first start and returns the token if it was made at random, to be shown
 * once. On later starts a token given by setting is added if it is not there yet; nothing is ever taken away.
 */
export async function ensureFirstUser(
  db: Database,
  settings: Config['firstUser'],
  clock: Clock,
): Promise<string | undefined> {
  try {
    checkId(settings.id, 'user', StatusCode.CONN_INVALID_REQUEST)
  } catch {
    throw new ConfigError(
      `LIMPID_USER: '${settings.id}' is not usable; use letters and digits, joined by single '-' or '_'.`,
    )
  }
  const passwordHash = settings.password === undefined ? null : await hashPassword(settings.password)
  return db.transact(async (tx) => {
    const now = clock.now()
    const known = await tx.selectFrom('users').select('pk').where('id', '=', settings.id).executeTakeFirst()
    const emails =
      settings.email === undefined ? [] : [create(EmailAddressSchema, { email: settings.email, primary: true })]
    const user = create(UserSchema, {
      userDetail: create(UserDetailSchema, { primaryEmail: settings.email ?? '', emailAddresses: emails }),
    })
    const row =
      known ??
      (await tx
        .insertInto('users')
        .values({
          id: settings.id,
          doc: encodeDoc(user),
          visibility: Visible.PRIVATE,
          password_hash: passwordHash,
          created_at: now,
          modified_at: now,
        })
        .returning('pk')
        .executeTakeFirstOrThrow())
    if (known && passwordHash !== null)
      await tx.updateTable('users').set({ password_hash: passwordHash }).where('pk', '=', row.pk).execute()
    const token = {
      userPk: row.pk,
      kind: 'pat',
      description: 'made at first start',
      scopes: ['All'],
      secret: settings.pat,
    } as const
    if (settings.pat !== undefined) {
      const hash = hashSecret(settings.pat)
      const there = await tx.selectFrom('credentials').select('pk').where('secret_hash', '=', hash).executeTakeFirst()
      if (!there) await insertCredential(tx, token, now)
      return undefined
    }
    if (known) return undefined
    return (await insertCredential(tx, token, now)).secret
  })
}
