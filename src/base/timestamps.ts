import { create } from '@bufbuild/protobuf'
import { type Timestamp, TimestampSchema } from '@bufbuild/protobuf/wkt'
import type { Micros } from './clock.ts'

/** Microseconds since 1970 as the contract's timestamp. */
export function toTimestamp(micros: Micros): Timestamp {
  const seconds = Math.floor(micros / 1e6)
  return create(TimestampSchema, { seconds: BigInt(seconds), nanos: (micros - seconds * 1e6) * 1000 })
}

/** The last time that can be stored, in the year 2255; the first is as far before 1970. */
export const LAST_TIME: Micros = Number.MAX_SAFE_INTEGER

/** The contract's timestamp as microseconds since 1970, cut to whole ones; of times that cannot be stored the nearest. */
export function fromTimestamp(timestamp: Timestamp): Micros {
  const micros = Number(timestamp.seconds) * 1e6 + Math.floor(timestamp.nanos / 1000)
  return Math.min(LAST_TIME, Math.max(-LAST_TIME, micros))
}
