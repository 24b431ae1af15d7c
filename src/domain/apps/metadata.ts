import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import type { PatchAction } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'

const OPS = ['overwrite', 'delete', 'merge']
const RESOLUTIONS = ['', 'overwrite_by_id', 'remove_by_id', 'merge_by_id', 'overwrite', 'append', 'do_nothing']
const DEPTH_MAX = 32

const badArgument = (details: string): AppError => new AppError(StatusCode.METADATA_INVALID_PATCH_ARGUMENTS, details)

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Parts of a path such as `tag[1].data`; the empty path is the root. */
export function parsePath(path: string): (string | number)[] {
  if (path === '') return []
  const parts: (string | number)[] = []
  for (const piece of path.split('.')) {
    const match = /^([^[\]]+)((?:\[\d+\])*)$/.exec(piece)
    if (!match) throw badArgument(`The path '${path}' cannot be read; write it like tag[1].data.`)
    parts.push(match[1]!, ...[...match[2]!.matchAll(/\d+/g)].map((digits) => Number(digits[0])))
  }
  if (parts.length > DEPTH_MAX) throw badArgument(`The path '${path}' is deeper than ${DEPTH_MAX}; shorten it.`)
  return parts
}

/** Applies a metadata action at its path to a copy of the metadata. */
export function patchMetadata(current: JsonObject, patch: JsonObject, action: PatchAction): JsonObject {
  const op = action.op || 'overwrite'
  if (!OPS.includes(op)) throw badArgument(`The metadata op is '${op}'; use ${OPS.join(', ')}.`)
  const resolution = action.mergeConflictResolution
  if (!RESOLUTIONS.includes(resolution))
    throw badArgument(`The conflict resolution is '${resolution}'; use one of${RESOLUTIONS.join(', ')}.`)
  const result = structuredClone(current)
  const change = (old: JsonValue | undefined): JsonValue | undefined => {
    if (op === 'delete') return deleteKeys(old, patch)
    return op === 'merge' ? merge(old, patch, resolution || 'overwrite') : patch
  }
  return replaceAt(result, parsePath(action.path), change) as JsonObject
}

function replaceAt(
  root: JsonValue,
  path: readonly (string | number)[],
  change: (old: JsonValue | undefined) => JsonValue | undefined,
): JsonValue {
  if (path.length === 0) return change(root) ?? {}
  const [key, ...rest] = path
  if (typeof key === 'number' ? !Array.isArray(root) || key >= root.length : !isObject(root)) {
    throw new AppError(
      StatusCode.METADATA_MANIPULATION_ISSUE,
      `The metadata has nothing at '${path.join('.')}'; name a path that exists.`,
    )
  }
  const holder = root as Record<string | number, JsonValue>
  const old = Object.hasOwn(holder, key!) ? holder[key!] : undefined
  const value = rest.length > 0 ? replaceAt(old ?? {}, rest, change) : change(old)
  if (value === undefined) delete holder[key!]
  else Object.defineProperty(holder, key!, { value, enumerable: true, configurable: true, writable: true })
  return root
}

// An empty patch deletes all that is at the path; keys in it delete just those.
function deleteKeys(old: JsonValue | undefined, patch: JsonObject): JsonValue | undefined {
  const keys = Object.keys(patch)
  if (keys.length === 0 || !isObject(old)) return undefined
  return Object.fromEntries(Object.entries(old).filter(([key]) => !keys.includes(key)))
}

function merge(old: JsonValue | undefined, value: JsonValue, how: string): JsonValue {
  if (old === undefined) return value
  if (isObject(old) && isObject(value)) {
    const result = new Map(Object.entries(old))
    for (const [key, part] of Object.entries(value)) result.set(key, merge(result.get(key), part, how))
    return Object.fromEntries(result)
  }
  if (how === 'do_nothing') return old
  if (Array.isArray(old) && Array.isArray(value) && how.endsWith('_by_id')) return mergeById(old, value, how)
  if (how === 'append') return [...(Array.isArray(old) ? old : [old]), ...(Array.isArray(value) ? value : [value])]
  return value
}

function mergeById(old: JsonValue[], value: JsonValue[], how: string): JsonValue[] {
  const idOf = (item: JsonValue): JsonValue | undefined => (isObject(item) ? item.id : undefined)
  const result = [...old]
  for (const item of value) {
    const id = idOf(item)
    const at = id === undefined ? -1 : result.findIndex((other) => idOf(other) === id)
    if (how === 'remove_by_id') {
      if (at >= 0) result.splice(at, 1)
    } else if (at < 0) result.push(item)
    else result[at] = how === 'merge_by_id' ? merge(result[at], item, 'overwrite') : item
  }
  return result
}
