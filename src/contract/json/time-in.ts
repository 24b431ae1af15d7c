import { create } from '@bufbuild/protobuf'
import { type Duration, DurationSchema, type Timestamp, TimestampSchema } from '@bufbuild/protobuf/wkt'
import { FieldProblem } from './problem.ts'

const RFC3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:?\d\d)$/
const DURATION = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/
const TIMESTAMP_HINT = 'must be a time such as 2024-05-01T12:00:00Z'
const DURATION_HINT = 'must be a duration such as 308s or 1.5s'
const MIN_SECONDS = -62135596800
const MAX_SECONDS = 253402300799
const DAYS_OF_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
const DAY = 86_400

const isObject = (json: unknown): json is object => typeof json === 'object' && json !== null && !Array.isArray(json)

/** Reads the plain form that documents use for values which their text form can't express. */
function readParts(json: object): { seconds: bigint; nanos: number } {
  const { seconds, nanos } = json as { seconds?: unknown; nanos?: unknown }
  const text = String(seconds ?? 0)
  if (!/^-?\d{1,19}$/.test(text) || !Number.isInteger(nanos ?? 0)) {
    throw new FieldProblem('must have whole numbers as seconds and nanos')
  }
  return { seconds: BigInt.asIntN(64, BigInt(text)), nanos: Number(nanos ?? 0) | 0 }
}

/** Two digits at a place where the pattern has made sure of digits. */
function two(text: string, at: number): number {
  return (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48
}

function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return month === 2 && leap ? 29 : (DAYS_OF_MONTH[month - 1] ?? 0)
}

/** Days since 1970-01-01 of a date of the Gregorian calendar, counting years from March so that leap days come last. */
function dayNumber(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1
  const dayOfYear = Math.trunc((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  return y * 365 + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468
}

/** Nanoseconds of a fraction's digits, of which those beyond the ninth are cut. */
function nanosOf(digits: string): number {
  return digits === '' ? 0 : Number(digits.slice(0, 9).padEnd(9, '0'))
}

/** Timestamp of RFC 3339 text with any offset; a leap second counts as the first one of the next minute. */
export function readTimestamp(json: unknown): Timestamp {
  if (isObject(json)) return create(TimestampSchema, readParts(json))
  if (typeof json !== 'string' || !RFC3339.test(json)) throw new FieldProblem(TIMESTAMP_HINT)
  const year = two(json, 0) * 100 + two(json, 2)
  const [month, day, hour, minute, second] = [two(json, 5), two(json, 8), two(json, 11), two(json, 14), two(json, 17)]
  if (day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 60) {
    throw new FieldProblem(TIMESTAMP_HINT)
  }
  const last = json.charCodeAt(json.length - 1) | 32
  const zone = last === 122 ? json.length - 1 : Math.max(json.lastIndexOf('+'), json.lastIndexOf('-'))
  const seconds = dayNumber(year, month, day) * DAY + hour * 3600 + minute * 60 + second - offsetAt(json, zone)
  if (seconds < MIN_SECONDS || seconds > MAX_SECONDS) throw new FieldProblem(TIMESTAMP_HINT)
  const timestamp = create(TimestampSchema)
  timestamp.seconds = BigInt(seconds)
  if (zone > 20) timestamp.nanos = nanosOf(json.slice(20, zone))
  return timestamp
}

/** Seconds east of UTC of the zone (`Z`, `+02:00`, `-0330`) that starts at `zone`. */
function offsetAt(text: string, zone: number): number {
  if (zone === text.length - 1) return 0
  const seconds = two(text, zone + 1) * 3600 + two(text, text.length - 2) * 60
  return text.charCodeAt(zone) === 45 ? -seconds : seconds
}

/** Duration of seconds with the suffix `s`, or of a bare number of seconds. */
export function readDuration(json: unknown): Duration {
  if (isObject(json)) return create(DurationSchema, readParts(json))
  const text = typeof json === 'number' && Number.isFinite(json) ? `${json.toFixed(9)}s` : json
  const m = typeof text === 'string' ? DURATION.exec(text) : null
  if (!m) throw new FieldProblem(DURATION_HINT)
  const sign = m[1] === '-' ? -1 : 1
  // `|| 0` keeps a negative zero out of the nanos.
  return create(DurationSchema, { seconds: BigInt(m[2]!) * BigInt(sign), nanos: nanosOf(m[3] ?? '') * sign || 0 })
}
