import { type DescMessage, type Message, toJson } from '@bufbuild/protobuf'
import type { Duration, Timestamp } from '@bufbuild/protobuf/wkt'
import { quote } from './text-out.ts'

const MIN_SECONDS = -62135596800n
const MAX_SECONDS = 253402300799n
const MAX_DURATION_SECONDS = 999_999_999_999n
const NANOS = 1_000_000_000

/** `.5`, `.608845`: what remains of the nanoseconds after cutting to `digits`, empty when nothing does. */
function fraction(nanos: number, digits: number): string {
  const text = String(Math.abs(nanos)).padStart(9, '0').slice(0, digits).replace(/0+$/, '')
  return text === '' ? '' : `.${text}`
}

function parts(value: { seconds: bigint; nanos: number }): string {
  return `{"seconds":"${value.seconds}","nanos":${value.nanos | 0}}`
}

let lastSeconds: bigint | undefined
let lastText = ''

function dateText(seconds: bigint): string {
  // Lists and statuses repeat the same second over and over.
  if (seconds !== lastSeconds) {
    lastText = new Date(Number(seconds) * 1000).toISOString().slice(0, 19)
    lastSeconds = seconds
  }
  return lastText
}

/** RFC 3339 in UTC with microseconds at most; times outside the years 1 to 9999 become the nearest one inside. */
export function timestampText(value: Timestamp): string {
  const { seconds, nanos } = value
  if (seconds < MIN_SECONDS) return '"0001-01-01T00:00:00Z"'
  if (seconds > MAX_SECONDS) return '"9999-12-31T23:59:59Z"'
  return `"${dateText(seconds)}${nanos > 0 && nanos < NANOS ? fraction(nanos, 6) : ''}Z"`
}

/** As `timestampText` with all nine digits; values that have no such form are written as their two parts. */
export function exactTimestampText(value: Timestamp): string {
  const { seconds, nanos } = value
  const plain = seconds >= MIN_SECONDS && seconds <= MAX_SECONDS && nanos >= 0 && nanos < NANOS
  return plain ? `"${dateText(seconds)}${fraction(nanos, 9)}Z"` : parts(value)
}

/** `308s`, `1.5s`; values that mix signs or overflow are written as their two parts. */
export function durationText(value: Duration): string {
  const { seconds, nanos } = value
  const size = seconds < 0n ? -seconds : seconds
  const mixed = (seconds < 0n && nanos > 0) || (seconds > 0n && nanos < 0)
  if (mixed || size > MAX_DURATION_SECONDS || Math.abs(nanos) >= NANOS) return parts(value)
  return `"${seconds < 0n || nanos < 0 ? '-' : ''}${size}${fraction(nanos, 9)}s"`
}

/** google.protobuf.Struct, kept as a plain object. */
export function structText(value: object): string {
  return JSON.stringify(value) ?? '{}'
}

/** Any other type with a JSON form of its own; what it can't express (a NaN in a Value) is null. */
export function wellKnownText(desc: DescMessage, value: Message): string {
  try {
    const json = toJson(desc, value)
    return typeof json === 'string' ? quote(json) : JSON.stringify(json)
  } catch {
    return 'null'
  }
}
