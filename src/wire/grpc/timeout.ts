import { MAX_TIMEOUT_MS } from './limits.ts'
import { GrpcError, GrpcStatus } from './status.ts'

const PATTERN = /^(\d{1,8})([HMSmun])$/

const MS_PER_UNIT: Record<string, number> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 }

/**
 * Milliseconds that a `grpc-timeout` header leaves, rounded up to whole ones; undefined when there is no header.
 *
 * Throws GrpcError INVALID_ARGUMENT for anything that is not 1 to 8 digits and a unit.
 */
export function parseTimeout(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  const match = PATTERN.exec(value)
  if (!match) throw new GrpcError(GrpcStatus.INVALID_ARGUMENT, 'grpc-timeout must be up to 8 digits and one of HMSmun')
  const ms = Number(match[1]) * MS_PER_UNIT[match[2] as string]!
  return Math.min(Math.ceil(ms), MAX_TIMEOUT_MS)
}
