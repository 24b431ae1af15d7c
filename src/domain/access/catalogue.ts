import { AuthType, type MethodInfo } from '../../contract/methods.ts'
import type { KeyKind } from '../../store/repos/credentials.ts'
import { endpointTable, type ScopeInfo, scopeTable } from './scopes.ts'

/** An RPC that a key may be narrowed to. */
export interface EndpointInfo {
  readonly endpoint: string
  readonly method: MethodInfo
}

const ACCEPTED: Record<KeyKind, readonly AuthType[]> = {
  app_key: [AuthType.KeyAuth],
  pat: [AuthType.KeyAuth, AuthType.PATAuth],
}

/** Full names of the RPCs that a kind of key may call at all. */
export function endpointsFor(kind: KeyKind): EndpointInfo[] {
  return [...endpointTable]
    .filter(([, method]) => ACCEPTED[kind].includes(method.auth))
    .map(([endpoint, method]) => ({ endpoint, method }))
}

/** Scopes that make sense for a kind of key: the exposed ones, without those that only other kinds can use. */
export function scopesFor(kind: KeyKind): ScopeInfo[] {
  const callable = new Set(endpointsFor(kind).flatMap(({ method }) => method.scopes))
  const anywhere = new Set([...endpointTable.values()].flatMap((method) => method.scopes))
  // A scope that no RPC asks for at its door may still be asked for deeper inside.
  return [...scopeTable.values()].filter(
    ({ scope, exposed }) => exposed && (callable.has(scope) || !anywhere.has(scope)),
  )
}
