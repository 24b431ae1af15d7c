import { create } from '@bufbuild/protobuf'
import { type Timestamp, TimestampSchema } from '@bufbuild/protobuf/wkt'
import type { Micros } from './clock.ts'

/** Microseconds since 1970 as the contract's timestamp. */
export function toTimestamp(micros: Micros): Timestamp {
  const seconds = Math.floor(micros / 1e6)
  return create(TimestampSchema, { seconds: BigInt(seconds), nanos: (micros - seconds * 1e6) * 1000 })
}

/** The contract's timestamp as microseconds since 1970, cut to whole ones. */
export function fromTimestamp(timestamp: Timestamp): Micros {
  return Number(timestamp.seconds) * 1e6 + Math.floor(timestamp.nanos / 1000)
}
