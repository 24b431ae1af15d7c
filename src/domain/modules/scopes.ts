import type { ModuleVersion } from '../../contract/index.ts'
import { Scope } from '../../contract/methods.ts'
import { checkGrant, type Grant } from '../access/grants.ts'
import { hasScope, missingDependencies, parseScopes, type ScopeSet, scopeName, scopeTable } from '../access/scopes.ts'
import { invalidModule } from './problem.ts'

/**
 * The scopes that a module version asks for, by name: `metadata.scopes`, as the contract has no field of its own.
 * Undefined where it asks for nothing in particular; throws AppError 25302 for what is no list of scopes.
 */
export function askedScopes({ metadata }: Pick<ModuleVersion, 'metadata'>): readonly string[] | undefined {
  const asked = metadata?.scopes
  if (asked === undefined || asked === null) return undefined
  if (!Array.isArray(asked) || asked.length === 0 || !asked.every((name) => typeof name === 'string')) {
    throw invalidModule('metadata.scopes must be a list of names of scopes, such as ["Predict"].')
  }
  const names = asked as string[]
  parseScopes(names, [])
  return names
}

/** What looks and predicts, and changes nothing. */
const isReading = (name: string): boolean => name === 'Predict' || name === 'Search' || name.endsWith('_Get')

/**
 * The rights of a key that a caller makes for a module: what the version asks for, refused where the caller has less;
 * for one that asks for nothing, all that only reads and that the caller may do.
 */
export function grantFor(version: ModuleVersion, caller: ScopeSet): Grant {
  const asked = askedScopes(version)
  if (asked) return checkGrant({ scopes: asked, endpoints: [...caller.endpoints] }, caller)
  const reading = [...scopeTable.values()].filter(
    ({ scope, name, exposed }) => scope !== Scope.All && exposed && isReading(name) && hasScope(caller, scope),
  )
  const names = new Set(reading.map(({ scope }) => scopeName(scope)))
  for (const name of [...names]) {
    const missing = missingDependencies({ scopes: parseScopes([name], []).scopes, endpoints: new Set() })
    if (missing.some((needed) => !names.has(needed))) names.delete(name)
  }
  return { scopes: [...names], endpoints: [...caller.endpoints] }
}
