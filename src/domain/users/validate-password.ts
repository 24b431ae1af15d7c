import { AppError } from '../../base/errors.ts'
import { UserSchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { users } from '../../store/repos/families.ts'
import { requireOwner } from '../access/target.ts'
import type { Call } from '../call.ts'
import { checkPassword, PASSWORD_LENGTH_MAX } from './password-check.ts'
import { type Violations, violationsOf } from './password-policy.ts'

let common: Promise<ReadonlySet<string>> | undefined

/** Passwords and words that are tried first when guessing; loaded when first asked for, as they take some megabytes. */
function commonPasswords(): Promise<ReadonlySet<string>> {
  common ??= import('@zxcvbn-ts/language-common').then(
    ({ dictionary }) => new Set<string>(dictionary['passwords-common'].map((word) => String(word).toLowerCase())),
  )
  return common
}

/** Which rules a new password of the calling user would break; nothing is changed. */
export async function validatePassword(call: Call, password: string): Promise<Violations> {
  if (password === '') throw new AppError(StatusCode.CONN_INVALID_REQUEST, 'Send the password in password.plaintext.')
  const { pk } = requireOwner(call.target)
  const row = await users.getByPk(call.services.db.read, pk)
  if (!row) throw new AppError(StatusCode.CONN_DOES_NOT_EXIST, 'There is no such user any more.')
  const { firstName, lastName } = decodeDoc(UserSchema, row.doc)
  const owner = { names: [row.id, firstName, lastName], email: row.email }
  // No rule looks further than an overlong password goes beyond the limit.
  const shown = password.slice(0, PASSWORD_LENGTH_MAX + 1)
  const violations = violationsOf(shown, owner, await commonPasswords())
  return { ...violations, passwordReuse: await checkPassword(password, row.password_hash) }
}
