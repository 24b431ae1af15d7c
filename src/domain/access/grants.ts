import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { exceeding, missingDependencies, parseScopes, type ScopeSet, scopeName } from './scopes.ts'

/** Rights as keys and invitations carry them: scopes by name and full RPC names. */
export interface Grant {
  readonly scopes: readonly string[]
  readonly endpoints: readonly string[]
}

const refuse = (details: string): AppError => new AppError(StatusCode.CONN_INVALID_REQUEST, details)

/**
 * Rights that somebody wants to give to a key or a collaborator, without repetitions.
 *
 * Refuses empty rights, unknown names, scopes without those they depend on, and (as insufficient scopes) whatever the
 * giver does not have.
 */
export function checkGrant(wanted: Grant, giver: ScopeSet): { scopes: string[]; endpoints: string[] } {
  if (wanted.scopes.length === 0 && wanted.endpoints.length === 0) {
    throw refuse('No scopes are given; name at least one in scopes.')
  }
  const set = parseScopes(wanted.scopes, wanted.endpoints)
  const missing = missingDependencies(set)
  if (missing.length > 0) throw refuse(`The scopes do not work without ${missing.join(', ')}; add them.`)
  const beyond = exceeding(set, giver)
  if (beyond.length > 0) {
    throw new AppError(
      StatusCode.CONN_INSUFFICIENT_SCOPES,
      `Nobody can give more than his own key has; it lacks ${beyond.join(', ')}.`,
    )
  }
  return { scopes: [...set.scopes].map(scopeName), endpoints: [...set.endpoints] }
}
