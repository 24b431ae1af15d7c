import { create, type DescMessage, fromJson, type JsonObject, type JsonValue } from '@bufbuild/protobuf'
import { DurationSchema, TimestampSchema } from '@bufbuild/protobuf/wkt'
import { FieldProblem } from './problem.ts'
import type { ReadState } from './read-state.ts'
import { kindOf, type Read } from './scalars-in.ts'

const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9})\d*)?(?:[Zz]|([+-])(\d\d):?(\d\d))$/
const DURATION = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/
const TIMESTAMP_HINT = 'must be a time such as 2024-05-01T12:00:00Z'
const DURATION_HINT = 'must be a duration such as 308s or 1.5s'
const MIN_SECONDS = -62135596800
const MAX_SECONDS = 253402300799

function nanosOf(fraction: string | undefined): number {
  return fraction === undefined ? 0 : Number(fraction.padEnd(9, '0'))
}

/** Reads the plain form that documents use for values which their text form can't express. */
function readParts(json: object): { seconds: bigint; nanos: number } {
  const { seconds, nanos } = json as { seconds?: unknown; nanos?: unknown }
  const text = String(seconds ?? 0)
  if (!/^-?\d{1,19}$/.test(text) || !Number.isInteger(nanos ?? 0)) {
    throw new FieldProblem('must have whole numbers as seconds and nanos')
  }
  return { seconds: BigInt.asIntN(64, BigInt(text)), nanos: Number(nanos ?? 0) | 0 }
}

/** RFC 3339 with any offset. */
export const readTimestamp: Read = (json) => {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return create(TimestampSchema, readParts(json))
  const m = typeof json === 'string' ? RFC3339.exec(json) : null
  if (!m) throw new FieldProblem(TIMESTAMP_HINT)
  const [year, month, day, hour, minute, second] = m.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  const leap = second === 60 ? 1 : 0
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59 + leap) {
    throw new FieldProblem(TIMESTAMP_HINT)
  }
  const offset = m[8] === undefined ? 0 : (Number(m[9]) * 3600 + Number(m[10]) * 60) * (m[8] === '-' ? -1 : 1)
  const seconds = date.getTime() / 1000 + hour * 3600 + minute * 60 + second - offset
  if (seconds < MIN_SECONDS || seconds > MAX_SECONDS) throw new FieldProblem(TIMESTAMP_HINT)
  return create(TimestampSchema, { seconds: BigInt(seconds), nanos: nanosOf(m[7]) })
}

/** Seconds with the suffix `s`, or a bare number of seconds. */
export const readDuration: Read = (json) => {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return create(DurationSchema, readParts(json))
  const text = typeof json === 'number' && Number.isFinite(json) ? `${Number(json.toFixed(9))}s` : json
  const m = typeof text === 'string' ? DURATION.exec(text) : null
  if (!m) throw new FieldProblem(DURATION_HINT)
  const sign = m[1] === '-' ? -1 : 1
  // `|| 0` keeps a negative zero out of the nanos.
  return create(DurationSchema, { seconds: BigInt(m[2]!) * BigInt(sign), nanos: nanosOf(m[3]) * sign || 0 })
}

/**
 * Makes free JSON safe to keep: drops `__proto__` keys, which later copying code would take for a prototype, turns
 * exact integers back into numbers, and bounds the depth. Works in place, so that nothing is copied.
 */
export function cleanJson(json: unknown, state: ReadState): JsonValue {
  if (typeof json === 'bigint') return Number(json)
  if (typeof json !== 'object' || json === null) return json as JsonValue
  state.enter()
  if (Array.isArray(json)) {
    for (let i = 0; i < json.length; i++) json[i] = cleanJson(json[i], state)
  } else {
    const object = json as Record<string, unknown>
    for (const key of Object.keys(object)) {
      if (key === '__proto__') delete object[key]
      else {
        const value = object[key]
        if (typeof value === 'object' || typeof value === 'bigint') object[key] = cleanJson(value, state)
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
    } catch (cause) {
      throw new FieldProblem(`is not a valid ${desc.name}`, { cause })
    }
  }
}
