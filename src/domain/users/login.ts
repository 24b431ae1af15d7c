import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { findUserByEmail } from '../../store/repos/users.ts'
import { passwordMatches } from '../access/passwords.ts'
import { insertCredential } from '../credentials/make.ts'
import type { Services } from '../services.ts'

/** How long a session lasts, in microseconds: thirty days. */
const SESSION_MICROS = 30 * 24 * 3600 * 1e6
/** Most password checks at a time; each takes a tenth of a second of a core and 32 MiB. */
const CHECKS_AT_ONCE_MAX = 4

let checking = 0

/** Makes a session for a user by e-mail address (or user id) and password; a wrong one never says which was wrong. */
export async function logIn(
  services: Services,
  email: string,
  password: string,
): Promise<{ userId: string; token: string }> {
  if (checking >= CHECKS_AT_ONCE_MAX) {
    throw new AppError(StatusCode.CONN_THROTTLED, 'Too many people log in at once; try again in a moment.')
  }
  checking++
  try {
    const user = await findUserByEmail(services.db.read, email)
    // Checked also without a user, so that the time taken does not tell whether there is one.
    const right = await passwordMatches(password, user?.password_hash ?? null)
    if (!user || !right)
      throw new AppError(StatusCode.CONN_CREDENTIALS_INVALID, 'The e-mail address or the password is wrong.')
    const now = services.clock.now()
    const { secret } = await services.db.transact((tx) =>
      insertCredential(
        tx,
        { userPk: user.pk, kind: 'session', description: 'login', scopes: ['All'], expiresAt: now + SESSION_MICROS },
        now,
      ),
    )
    return { userId: user.id, token: secret }
  } finally {
    checking--
  }
}
