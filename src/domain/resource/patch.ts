import {
  clone,
  type DescField,
  type DescMessage,
  isFieldSet,
  type JsonObject,
  type JsonValue,
  type Message,
  type MessageShape,
} from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'

/** The three ways to patch that the contract knows. */
export type PatchAction = 'merge' | 'overwrite' | 'remove'

const ACTIONS: readonly string[] = ['merge', 'overwrite', 'remove']

/** The action of a patch call, refused with `code` when it is not one of those that the resource takes. */
export function readAction(
  action: string,
  allowed: readonly PatchAction[],
  code: StatusCode = StatusCode.CONN_INVALID_REQUEST,
): PatchAction {
  if (ACTIONS.includes(action) && allowed.includes(action as PatchAction)) return action as PatchAction
  throw new AppError(code, `The action is '${action}'; use ${allowed.map((a) => `'${a}'`).join(' or ')}.`)
}

type Fields = Record<string, unknown>

/**
 * Applies a patch to a copy of `current`, looking only at the fields named in `patchable` (contract spelling).
 * Fields that the patch leaves unset stay as they are, whatever the action.
 */
export function applyPatch<D extends DescMessage>(
  desc: D,
  current: MessageShape<D>,
  patch: MessageShape<D>,
  action: PatchAction,
  patchable: readonly string[],
): MessageShape<D> {
  const result = clone(desc, current)
  for (const field of desc.fields) {
    if (patchable.includes(field.name) && isFieldSet(patch, field)) patchField(result, patch, field, action)
  }
  return result
}

function patchField(target: Message, patch: Message, field: DescField, action: PatchAction): void {
  const into = target as unknown as Fields
  const from = patch as unknown as Fields
  const name = field.localName
  if (action === 'overwrite') {
    into[name] = from[name]
  } else if (field.fieldKind === 'list') {
    into[name] = patchList(into[name] as unknown[], from[name] as unknown[], field, action)
  } else if (field.fieldKind === 'message' && field.message.typeName === 'google.protobuf.Struct') {
    into[name] = patchJson((into[name] ?? {}) as JsonObject, from[name] as JsonObject, action)
  } else if (field.fieldKind === 'message') {
    into[name] = patchMessage(field.message, into[name] as Message | undefined, from[name] as Message, action)
  } else if (action === 'merge') {
    into[name] = field.fieldKind === 'map' ? { ...(into[name] as object), ...(from[name] as object) } : from[name]
  } else {
    // `remove` takes a field away by naming it, whatever value stands beside the name.
    into[name] = emptyLike(into[name])
  }
}

function emptyLike(value: unknown): unknown {
  if (typeof value === 'string') return ''
  if (typeof value === 'number') return 0
  if (typeof value === 'bigint') return 0n
  if (typeof value === 'boolean') return false
  if (value instanceof Uint8Array) return new Uint8Array()
  return Array.isArray(value) ? [] : undefined
}

function patchMessage(
  desc: DescMessage,
  current: Message | undefined,
  patch: Message,
  action: PatchAction,
): Message | undefined {
  const named = desc.fields.filter((f) => isFieldSet(patch, f))
  // An empty object replaces on merge and changes nothing on remove.
  if (named.length === 0) return action === 'merge' ? patch : current
  if (current === undefined) return action === 'merge' ? patch : undefined
  const result = clone(desc, current)
  for (const field of named) patchField(result, patch, field, action)
  return result
}

const idOf = (item: unknown): unknown =>
  typeof item === 'object' && item !== null ? (item as { id?: unknown }).id : undefined

function patchList(current: unknown[], patch: unknown[], field: DescField, action: PatchAction): unknown[] {
  const withIds =
    field.fieldKind === 'list' && field.listKind === 'message' && field.message.fields.some((f) => f.name === 'id')
  // Lists without ids only ever grow, on `remove` too: the original does so and clients know it.
  if (!withIds) return [...current, ...patch]
  if (action === 'remove') {
    const gone = new Set(patch.map(idOf))
    return current.filter((item) => !gone.has(idOf(item)))
  }
  const result = [...current]
  for (const item of patch) {
    const at = result.findIndex((other) => idOf(other) === idOf(item))
    if (at < 0) result.push(item)
    else result[at] = patchMessage(field.message, result[at] as Message, item as Message, action)
  }
  return result
}

const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The same rules on free JSON (metadata): merge goes deep, remove deletes the keys that the patch names. */
export function patchJson(current: JsonObject, patch: JsonObject, action: PatchAction): JsonObject {
  if (action === 'overwrite') return patch
  const keys = Object.keys(patch)
  if (keys.length === 0) return action === 'merge' ? {} : current
  const result = new Map<string, JsonValue>(Object.entries(current))
  for (const key of keys) {
    const value = patch[key]
    const old = result.get(key)
    if (value === null || value === undefined) continue
    if (action === 'merge') {
      result.set(key, isObject(value) && isObject(old) ? patchJson(old, value, action) : mergeValue(old, value))
    } else if (isObject(value) && isObject(old)) {
      result.set(key, patchJson(old, value, action))
    } else if (value === false) {
      result.set(key, false)
    } else {
      result.delete(key)
    }
  }
  return Object.fromEntries(result)
}

function mergeValue(old: JsonValue | undefined, value: JsonValue): JsonValue {
  if (!Array.isArray(value) || !Array.isArray(old)) return value
  if (value.length === 0) return []
  const withIds = [...old, ...value].every((v) => isObject(v) && v.id !== undefined)
  if (!withIds) return [...old, ...value]
  const result = [...old]
  for (const item of value as JsonObject[]) {
    const at = result.findIndex((o) => (o as JsonObject).id === item.id)
    if (at < 0) result.push(item)
    else result[at] = patchJson(result[at] as JsonObject, item, 'merge')
  }
  return result
}
