import { isDeepStrictEqual } from 'node:util'
import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import type { PatchAction } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'

const OPS = ['overwrite', 'delete', 'merge']
const RESOLUTIONS = ['overwrite', 'append', 'do_nothing', 'overwrite_by_id', 'remove_by_id', 'merge_by_id']
/** Most steps of a path. */
const DEPTH_MAX = 32

type Step = string | number
type Change = (old: JsonValue | undefined) => JsonValue | undefined

const badArgument = (details: string): AppError => new AppError(StatusCode.METADATA_INVALID_PATCH_ARGUMENTS, details)

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Steps of a path such as `tag[1].data`; the empty path is the root. Throws AppError 24900. */
export function parsePath(path: string): Step[] {
  if (path === '') return []
  const steps: Step[] = []
  for (const piece of path.split('.')) {
    const match = /^([^[\]]+)((?:\[\d+\])*)$/.exec(piece)
    if (!match) throw badArgument(`The path '${path}' cannot be read; write it like tag[1].data.`)
    steps.push(match[1]!, ...[...match[2]!.matchAll(/\d+/g)].map((digits) => Number(digits[0])))
  }
  if (steps.length > DEPTH_MAX) throw badArgument(`The path '${path}' is deeper than ${DEPTH_MAX}; shorten it.`)
  return steps
}

/**
 * Applies a metadata action at its path to a copy of the metadata; without an action the patch replaces all of it.
 * Throws AppError 24900 for an action that does not exist, 24902 where the metadata has no such place.
 */
export function patchMetadata(current: JsonObject, patch: JsonObject, action: PatchAction | undefined): JsonObject {
  const op = action?.op || 'overwrite'
  if (!OPS.includes(op)) throw badArgument(`The metadata op is '${op}'; use one of ${OPS.join(', ')}.`)
  const resolution = action?.mergeConflictResolution || 'overwrite'
  if (!RESOLUTIONS.includes(resolution)) {
    throw badArgument(`The conflict resolution is '${resolution}'; use one of ${RESOLUTIONS.join(', ')}.`)
  }
  const path = action?.path ?? ''
  const steps = parsePath(path)
  const change: Change = (old) => {
    if (op === 'merge') return merge(old, patch, resolution)
    return op === 'delete' ? without(old, patch) : patch
  }
  const nowhere = (): AppError =>
    new AppError(
      StatusCode.METADATA_MANIPULATION_ISSUE,
      `The metadata has nothing at '${path}'; name a path that exists.`,
    )
  return (changeAt(current, steps, change, { nowhere, mayAdd: op !== 'delete' }) ?? {}) as JsonObject
}

interface Rules {
  nowhere(): AppError
  /** Objects on the way that are missing may be made. */
  readonly mayAdd: boolean
}

function changeAt(
  old: JsonValue | undefined,
  [step, ...rest]: readonly Step[],
  change: Change,
  rules: Rules,
): JsonValue | undefined {
  if (step === undefined) return change(old)
  if (typeof step === 'number') {
    if (!Array.isArray(old) || step >= old.length) throw rules.nowhere()
    const value = changeAt(old[step], rest, change, rules)
    return value === undefined ? old.toSpliced(step, 1) : old.with(step, value)
  }
  const holder = old === undefined && rules.mayAdd ? {} : old
  if (!isObject(holder)) throw rules.nowhere()
  const fields = new Map(Object.entries(holder))
  if (!fields.has(step) && !rules.mayAdd) throw rules.nowhere()
  const value = changeAt(fields.get(step), rest, change, rules)
  if (value === undefined) fields.delete(step)
  else fields.set(step, value)
  return Object.fromEntries(fields)
}

// An empty patch deletes all that is at the path; keys in it delete just those, however deep.
function without(old: JsonValue | undefined, patch: JsonObject): JsonValue | undefined {
  if (Object.keys(patch).length === 0 || !isObject(old)) return undefined
  const fields = new Map(Object.entries(old))
  for (const [key, part] of Object.entries(patch)) {
    const value = isObject(part) && fields.has(key) ? without(fields.get(key), part) : undefined
    if (value === undefined) fields.delete(key)
    else fields.set(key, value)
  }
  return Object.fromEntries(fields)
}

function merge(old: JsonValue | undefined, value: JsonValue, how: string): JsonValue {
  if (old === undefined || isDeepStrictEqual(old, value)) return value
  if (isObject(old) && isObject(value)) {
    const fields = new Map(Object.entries(old))
    for (const [key, part] of Object.entries(value)) fields.set(key, merge(fields.get(key), part, how))
    return Object.fromEntries(fields)
  }
  if (how === 'do_nothing') return old
  if (Array.isArray(old) && Array.isArray(value)) {
    const byId =
      how.endsWith('_by_id') || (how === 'append' && [...old, ...value].every((item) => idOf(item) !== undefined))
    if (byId) return mergeById(old, value, how)
  }
  if (how === 'append') return [...(Array.isArray(old) ? old : [old]), ...(Array.isArray(value) ? value : [value])]
  return value
}

const idOf = (item: JsonValue): JsonValue | undefined => (isObject(item) ? item.id : undefined)

function mergeById(old: readonly JsonValue[], value: readonly JsonValue[], how: string): JsonValue[] {
  const result = [...old]
  for (const item of value) {
    const id = idOf(item)
    const at = id === undefined ? -1 : result.findIndex((other) => idOf(other) === id)
    if (how === 'remove_by_id') {
      if (at >= 0) result.splice(at, 1)
    } else if (at < 0) result.push(item)
    else result[at] = how === 'overwrite_by_id' ? item : merge(result[at], item, how)
  }
  return result
}
