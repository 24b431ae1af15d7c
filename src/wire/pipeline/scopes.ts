import { AppError } from '../../base/errors.ts'
import { AuthType } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { missingFor, type ScopeSet } from '../../domain/access/scopes.ts'
import type { PipelineCall, Stage } from './context.ts'

/** Refuses a call whose scopes lack one that the contract demands, naming what is missing. */
export function demandScopes(call: Pick<PipelineCall, 'method'>, scopes: ScopeSet): void {
  if (call.method.auth === AuthType.NoAuth) return
  const missing = missingFor(scopes, call.method)
  if (missing.length === 0) return
  throw new AppError(StatusCode.CONN_INSUFFICIENT_SCOPES, `Key is missing these required scopes: ${missing.join(', ')}`)
}

/** Checks the scopes of the key itself; the access stage repeats it where an invitation narrows them. */
export const checkScopes: Stage = { name: 'scopes', run: (call) => demandScopes(call, call.principal.scopes) }
