import { AppError } from '../../base/errors.ts'
import type { Scope } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { hasScope, scopeName } from './scopes.ts'
import type { Target } from './target.ts'

/** Refuses a call that goes deeper than the contract's own scopes of the RPC allow for; names what is missing. */
export function demandScope(target: Target, scope: Scope): void {
  if (hasScope(target.scopes, scope)) return
  throw new AppError(StatusCode.CONN_INSUFFICIENT_SCOPES, `Key is missing these required scopes: ${scopeName(scope)}`)
}
