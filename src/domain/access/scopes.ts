import { getOption } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import {
  clarfai_exposed,
  clarifai_depending_scopes,
  SSchema,
} from '../../contract/gen/proto/clarifai/auth/scope/scope_pb.js'
import { allMethods, type MethodInfo, Scope } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'

/** What a credential may do: operations, and optionally only on some RPCs (full names such as `/clarifai.api.V2/GetApp`). */
export interface ScopeSet {
  readonly scopes: ReadonlySet<Scope>
  readonly endpoints: ReadonlySet<string>
}

/** Everything. */
export const ALL_SCOPES: ScopeSet = { scopes: new Set([Scope.All]), endpoints: new Set() }
/** Nothing. */
export const NO_SCOPES: ScopeSet = { scopes: new Set(), endpoints: new Set() }

/** One scope, with the scopes without which a key that has it would be useless. */
export interface ScopeInfo {
  readonly scope: Scope
  readonly name: string
  readonly dependsOn: readonly Scope[]
  readonly exposed: boolean
}

/** All scopes of the contract, read from its descriptors. */
export const scopeTable: ReadonlyMap<Scope, ScopeInfo> = new Map(
  SSchema.values
    .filter((v) => v.number !== Scope.undef)
    .map((v) => [
      v.number as Scope,
      {
        scope: v.number as Scope,
        name: v.name,
        dependsOn: getOption(v, clarifai_depending_scopes),
        exposed: getOption(v, clarfai_exposed),
      },
    ]),
)

const byName = new Map([...scopeTable.values()].map((info) => [info.name, info.scope]))

/** Name of a scope as keys carry it. */
export const scopeName = (scope: Scope): string => scopeTable.get(scope)?.name ?? String(scope)

/** Full name of an RPC as endpoint scopes carry it. */
export const endpointName = (method: MethodInfo): string => `/${method.desc.parent.typeName}/${method.name}`

/** Every RPC by its full name, as endpoint scopes carry it. */
export const endpointTable: ReadonlyMap<string, MethodInfo> = new Map(allMethods().map((m) => [endpointName(m), m]))

/** Scopes and full RPC names as a set; an unknown one is refused with a sentence. */
export function parseScopes(names: readonly string[], endpoints: readonly string[]): ScopeSet {
  const unknown = endpoints.find((endpoint) => !endpointTable.has(endpoint))
  if (unknown !== undefined) {
    throw new AppError(
      StatusCode.CONN_INVALID_REQUEST,
      `There is no endpoint '${unknown}'; write the full name, such as /clarifai.api.V2/PostInputs.`,
    )
  }
  const scopes = names.map((name) => {
    const scope = byName.get(name)
    if (scope === undefined) {
      throw new AppError(
        StatusCode.CONN_INVALID_REQUEST,
        `There is no scope '${name}'; GET /v2/users/me/scopes lists them.`,
      )
    }
    return scope
  })
  return { scopes: new Set(scopes), endpoints: new Set(endpoints) }
}

/** Like parseScopes for stored names: a scope that the contract has dropped since is simply gone. */
export function readScopes(names: readonly string[], endpoints: readonly string[]): ScopeSet {
  const scopes = names.map((name) => byName.get(name)).filter((s) => s !== undefined)
  return { scopes: new Set(scopes), endpoints: new Set(endpoints) }
}

/** Whether the set holds a scope; `All` holds every one. */
export const hasScope = (set: ScopeSet, scope: Scope): boolean => set.scopes.has(Scope.All) || set.scopes.has(scope)

/** Names of what a credential lacks for an RPC; empty when it may call it. */
export function missingFor(set: ScopeSet, method: MethodInfo): string[] {
  const missing: string[] = []
  for (const scope of method.scopes) if (!hasScope(set, scope)) missing.push(scopeName(scope))
  // Endpoints only narrow: an empty list means that the operation scopes alone decide.
  if (set.endpoints.size === 0) return missing
  const endpoint = endpointName(method)
  if (!set.endpoints.has(endpoint)) missing.push(endpoint)
  return missing
}

/** What both sets allow: the rights of a collaborator are those of the invitation and of the key together. */
export function intersect(a: ScopeSet, b: ScopeSet): ScopeSet {
  const scopes = a.scopes.has(Scope.All)
    ? b.scopes
    : b.scopes.has(Scope.All)
      ? a.scopes
      : new Set([...a.scopes].filter((s) => b.scopes.has(s)))
  const endpoints =
    a.endpoints.size === 0
      ? b.endpoints
      : b.endpoints.size === 0
        ? a.endpoints
        : new Set([...a.endpoints].filter((e) => b.endpoints.has(e)))
  // Two narrowings without anything in common leave nothing, not everything.
  if (a.endpoints.size > 0 && b.endpoints.size > 0 && endpoints.size === 0) return NO_SCOPES
  return { scopes, endpoints }
}

/**
 * Scopes that the chosen ones, or the chosen endpoints, cannot work without and that are not chosen: a key like that
 * is refused when made.
 */
export function missingDependencies(set: ScopeSet): string[] {
  if (set.scopes.has(Scope.All)) return []
  const needed = [
    ...[...set.scopes].flatMap((scope) => scopeTable.get(scope)?.dependsOn ?? []),
    ...[...set.endpoints].flatMap((endpoint) => endpointTable.get(endpoint)?.scopes ?? []),
  ]
  return [...new Set(needed.filter((scope) => !set.scopes.has(scope)))].map(scopeName)
}

/** What `wanted` asks beyond what `held` has; a key cannot give more than its maker has. */
export function exceeding(wanted: ScopeSet, held: ScopeSet): string[] {
  const scopes = [...wanted.scopes].filter((s) => !hasScope(held, s)).map(scopeName)
  const endpoints = held.endpoints.size === 0 ? [] : [...wanted.endpoints].filter((e) => !held.endpoints.has(e))
  const widened = held.endpoints.size > 0 && wanted.endpoints.size === 0 ? ['every endpoint'] : []
  return [...scopes, ...endpoints, ...widened]
}
