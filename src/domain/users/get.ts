import { AppError } from '../../base/errors.ts'
import type { User } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { users } from '../../store/repos/families.ts'
import { userStars } from '../../store/repos/users.ts'
import { requireUser } from '../access/target.ts'
import type { Call } from '../call.ts'
import { ownUser, publicUser } from './present.ts'

/** The user that a call is about: all of it for the user itself, the public part for others. */
export async function getUser(call: Call, additionalFields: readonly string[]): Promise<User> {
  const { pk } = requireUser(call.target)
  const { read } = call.services.db
  const row = await users.getByPk(read, pk)
  if (!row) throw new AppError(StatusCode.CONN_DOES_NOT_EXIST, 'There is no such user any more.')
  const user = call.target.rights === 'owner' ? ownUser(row) : publicUser(row)
  if (additionalFields.includes('stars') || additionalFields.includes('all')) {
    const stars = await userStars(read, pk, call.principal.user?.pk)
    user.starCount = stars.count
    user.isStarred = stars.starred
  }
  return user
}
