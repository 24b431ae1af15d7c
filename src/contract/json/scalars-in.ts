import { type DescEnum, ScalarType } from '@bufbuild/protobuf'
import { FieldProblem } from './problem.ts'
import type { ReadState } from './read-state.ts'

/** Turns one JSON value into a field value; throws FieldProblem. */
export type Read = (json: unknown, state: ReadState) => unknown

const NUMERIC = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/
const INTEGER = /^-?\d{1,20}$/
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/
const FLOAT_MAX = 3.4028234663852886e38

const INT32 = { min: -(2 ** 31), max: 2 ** 31 - 1 }
const UINT32 = { min: 0, max: 2 ** 32 - 1 }
const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n }
const UINT64 = { min: 0n, max: 2n ** 64n - 1n }

/** Names of what JSON can hold, for error texts. */
export function kindOf(json: unknown): string {
  if (json === null) return 'null'
  if (Array.isArray(json)) return 'a list'
  switch (typeof json) {
    case 'object':
      return 'an object'
    case 'string':
      return 'a string'
    case 'boolean':
      return 'a boolean'
    default:
      return 'a number'
  }
}

function readString(json: unknown): string {
  if (typeof json !== 'string') throw new FieldProblem(`must be a string, not ${kindOf(json)}`)
  return wellFormed(json)
}

/** Lone surrogates have no UTF-8 form: they would come out differently over gRPC and from the database. */
export const wellFormed = (text: string): string => (text.isWellFormed() ? text : text.toWellFormed())

function readBool(json: unknown): boolean {
  switch (json) {
    case true:
    case 'true':
    case 'True':
    case 1:
    case '1':
      return true
    case false:
    case 'false':
    case 'False':
    case 0:
    case '0':
      return false
    default:
      throw new FieldProblem('must be true or false')
  }
}

function readDouble(json: unknown): number {
  switch (typeof json) {
    case 'number':
      return json
    case 'boolean':
      // The oldest REST clients send true and false for Concept.value.
      return json ? 1 : 0
    case 'bigint':
      return Number(json)
    case 'string':
      if (NUMERIC.test(json)) return Number(json)
      if (json === 'NaN') return Number.NaN
      if (json === 'Infinity') return Number.POSITIVE_INFINITY
      if (json === '-Infinity') return Number.NEGATIVE_INFINITY
  }
  throw new FieldProblem(`must be a number, not ${kindOf(json)}`)
}

function readFloat(json: unknown): number {
  const value = readDouble(json)
  const float = Math.fround(value)
  if (!Number.isFinite(float) && Number.isFinite(value)) {
    throw new FieldProblem(`must be between -${FLOAT_MAX} and ${FLOAT_MAX}`)
  }
  return float
}

function readSmall({ min, max }: { min: number; max: number }): Read {
  return (json) => {
    const value = typeof json === 'string' && NUMERIC.test(json) ? Number(json) : json
    if (typeof value !== 'number' && typeof value !== 'bigint') {
      throw new FieldProblem(`must be a whole number, not ${kindOf(json)}`)
    }
    if (typeof value === 'number' && !Number.isInteger(value)) throw new FieldProblem('must be a whole number')
    if (value < min || value > max) throw new FieldProblem(`must be between ${min} and ${max}`)
    return Number(value)
  }
}

function toBigInt(json: unknown, state: ReadState): bigint {
  switch (typeof json) {
    case 'number':
      if (!Number.isInteger(json)) throw new FieldProblem('must be a whole number')
      if (!Number.isSafeInteger(json)) state.onImprecise()
      return BigInt(json)
    case 'bigint':
      return json
    case 'string':
      if (INTEGER.test(json)) return BigInt(json)
      if (NUMERIC.test(json) && Number.isSafeInteger(Number(json))) return BigInt(Number(json))
  }
  throw new FieldProblem(`must be a whole number, not ${kindOf(json)}`)
}

function readLarge({ min, max }: { min: bigint; max: bigint }): Read {
  return (json, state) => {
    const value = toBigInt(json, state)
    if (value < min || value > max) throw new FieldProblem(`must be between ${min} and ${max}`)
    return value
  }
}

/** Bytes of base64 text in either alphabet, with or without padding; line breaks are allowed. */
export function readBytes(json: unknown): Uint8Array {
  if (typeof json !== 'string') throw new FieldProblem(`must be base64 text, not ${kindOf(json)}`)
  let end = json.length
  if (end > 0 && json.charCodeAt(end - 1) === 61) end -= json.charCodeAt(end - 2) === 61 ? 2 : 1
  const bytes = Buffer.from(json, 'base64')
  // Node skips what is not base64 and stops at padding, so a short result is the cheap sign of bad input.
  if (bytes.length === (end * 3) >>> 2 && end % 4 !== 1 && (end > 0 || json === '')) return bytes
  return readLooseBytes(json)
}

function readLooseBytes(text: string): Uint8Array {
  if (text.startsWith('data:')) throw new FieldProblem('must be bare base64 without a "data:" prefix')
  const packed = text.replace(/\s+/g, '')
  const end = packed.indexOf('=')
  const digits = end < 0 ? packed.length : end
  if (!BASE64.test(packed) || digits % 4 === 1 || end === 0) throw new FieldProblem('is not valid base64')
  return Buffer.from(packed, 'base64')
}

/** Reader of one scalar type. */
export function scalarReader(type: ScalarType): Read {
  switch (type) {
    case ScalarType.STRING:
      return readString
    case ScalarType.BOOL:
      return readBool
    case ScalarType.BYTES:
      return readBytes
    case ScalarType.DOUBLE:
      return readDouble
    case ScalarType.FLOAT:
      return readFloat
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return readSmall(INT32)
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return readSmall(UINT32)
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return readLarge(INT64)
    default:
      return readLarge(UINT64)
  }
}

/** Reader of an enum: by name, number or number in a string. Numbers that the contract doesn't know pass as they are. */
export function enumReader(desc: DescEnum): Read {
  const byName = new Map(desc.values.map((v) => [v.name, v.number]))
  const readNumber = readSmall(INT32)
  return (json, state) => {
    if (typeof json === 'number') return readNumber(json, state)
    // The published documentation shows status codes as objects, and its examples send `{}` for "none".
    if (isEmptyObject(json)) return 0
    if (typeof json !== 'string') throw new FieldProblem(`must be a name or number of ${desc.name}`)
    const known = byName.get(json)
    if (known !== undefined) return known
    if (INTEGER.test(json)) return readNumber(json, state)
    throw new FieldProblem(`has no value ${JSON.stringify(json.slice(0, 64))} in ${desc.name}`)
  }
}

const isEmptyObject = (json: unknown): boolean =>
  typeof json === 'object' && json !== null && !Array.isArray(json) && Object.keys(json).length === 0
