import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { passwordMatches } from '../access/passwords.ts'

/** Longest password, in UTF-16 units; the hash takes longer for longer ones. */
export const PASSWORD_LENGTH_MAX = 256
/** Most password checks at a time; each takes a tenth of a second of a core and 32 MiB. */
const CHECKS_AT_ONCE_MAX = 4

let checking = 0

/**
 * Whether a password has this hash (or, without a hash, false after the same time). Refuses as throttled when too many
 * checks run already.
 */
export async function checkPassword(password: string, hash: string | null): Promise<boolean> {
  if (checking >= CHECKS_AT_ONCE_MAX) {
    throw new AppError(StatusCode.CONN_THROTTLED, 'Too many passwords are checked at once; try again in a moment.')
  }
  checking++
  try {
    // An overlong one is cut so that the check takes its time and still fails, as no stored one is that long.
    const fits = password.length <= PASSWORD_LENGTH_MAX
    return (await passwordMatches(password.slice(0, PASSWORD_LENGTH_MAX), hash)) && fits
  } finally {
    checking--
  }
}
