import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Reader } from '../../store/database.ts'
import { endSessions } from '../../store/repos/credentials.ts'
import { findUserByEmail, findUserById } from '../../store/repos/users.ts'
import type { Row } from '../../store/schema/tables.ts'
import { insertCredential } from '../credentials/make.ts'
import type { Services } from '../services.ts'
import { EMAIL_LENGTH_MAX, isEmail, normalEmail } from './email.ts'
import { checkPassword } from './password-check.ts'

/** How long a session lasts, in microseconds: thirty days. */
export const SESSION_MICROS = 30 * 24 * 3600 * 1e6
/** Most sessions of one user; logging in once more ends the oldest. */
export const SESSIONS_MAX = 32

/** What somebody presents to log in. */
export interface Login {
  /** E-mail address or user id. */
  readonly name: string
  readonly password: string
  /** Where the request comes from. */
  readonly address: string
}

/**
 * Makes a session and returns its token. A wrong name and a wrong password give the same answer after the same time;
 * too many wrong ones from one address are refused for a while.
 */
export async function logIn(services: Services, login: Login): Promise<{ userId: string; token: string }> {
  const { clock, db, directory, logins } = services
  const name = normalEmail(login.name.slice(0, EMAIL_LENGTH_MAX + 1))
  logins.check(name, login.address, clock.now())
  const user = await findByName(db.read, name, login.name)
  // Checked also without a user, so that the time taken does not tell whether there is one.
  const right = await checkPassword(login.password, user?.password_hash ?? null)
  const now = clock.now()
  if (!user || !right) {
    logins.failed(name, login.address, now)
    throw new AppError(StatusCode.CONN_CREDENTIALS_INVALID, 'The e-mail address or the password is wrong.')
  }
  logins.succeeded(name, login.address)
  const { secret } = await db.transact(async (tx) => {
    await endSessions(tx, user.pk, now, SESSIONS_MAX - 1)
    const expiresAt = now + SESSION_MICROS
    return insertCredential(
      tx,
      { userPk: user.pk, kind: 'session', description: 'login', scopes: ['All'], expiresAt },
      now,
    )
  })
  directory.invalidate()
  return { userId: user.id, token: secret }
}

async function findByName(db: Reader, email: string, id: string): Promise<Row<'users'> | undefined> {
  return isEmail(email) ? findUserByEmail(db, email) : findUserById(db, id)
}
