import { type DescMessage, fromJson, type JsonObject, type JsonValue } from '@bufbuild/protobuf'
import { FieldProblem } from './problem.ts'
import type { ReadState } from './read-state.ts'
import { kindOf, type Read, wellFormed } from './scalars-in.ts'

/**
 * Makes free JSON safe to keep: drops `__proto__` keys, which later copying code would take for a prototype, turns
 * exact integers back into numbers and lone surrogates into characters, and bounds the depth. Works in place, so that nothing is copied.
 */
export function cleanJson(json: unknown, state: ReadState): JsonValue {
  if (typeof json === 'bigint') return Number(json)
  if (typeof json === 'string') return wellFormed(json)
  if (typeof json !== 'object' || json === null) return json as JsonValue
  state.enter()
  if (Array.isArray(json)) {
    for (let i = 0; i < json.length; i++) json[i] = cleanJson(json[i], state)
  } else {
    const object = json as Record<string, unknown>
    for (const key of Object.keys(object)) {
      if (key === '__proto__') delete object[key]
      else {
        const clean = cleanJson(object[key], state)
        if (!key.isWellFormed()) delete object[key]
        object[wellFormed(key)] = clean
      }
    }
  }
  state.depth--
  return json as JsonValue
}

/** google.protobuf.Struct as the plain object that protobuf-es keeps. */
export const readStruct: Read = (json, state): JsonObject => {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new FieldProblem(`must be an object, not ${kindOf(json)}`)
  }
  return cleanJson(json, state) as JsonObject
}

/** Any other type with a JSON form of its own: the library knows it. */
export function readWellKnown(desc: DescMessage): Read {
  return (json, state) => {
    const clean = cleanJson(json, state)
    try {
      return fromJson(desc, clean)
    } catch {
      throw new FieldProblem(`is not a valid ${desc.name}`)
    }
  }
}
