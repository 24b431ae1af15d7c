import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Renew } from '../../runners/connection.ts'
import { credentialIsGood } from '../../store/repos/credentials.ts'
import { runners as rows } from '../../store/repos/families.ts'
import type { Call } from '../call.ts'
import { runnerOf } from './work.ts'

/**
 * Looks up the runner of a call that may wait for hours: whether it is still there, and whether the credential of the
 * call still is.
 */
export function renewerOf({ services: { db, clock }, principal }: Call, pk: number): Renew {
  return async () => {
    const { credentialPk } = principal
    const [row, isGood] = await Promise.all([
      rows.getByPk(db.read, pk),
      credentialPk === undefined || credentialIsGood(db.read, credentialPk, clock.now()),
    ])
    if (!row) return new AppError(StatusCode.RUNNER_DOES_NOT_EXIST, 'The runner has been deleted.')
    if (!isGood)
      return new AppError(StatusCode.CONN_KEY_INVALID, 'The key has been deleted or has expired; use another.')
    return runnerOf(row)
  }
}
