/** The gRPC status codes this server uses, by the numbers of the gRPC specification. */
export const GrpcStatus = {
  OK: 0,
  CANCELLED: 1,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  RESOURCE_EXHAUSTED: 8,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const

export type GrpcStatus = (typeof GrpcStatus)[keyof typeof GrpcStatus]

/**
 * A failure of the transport itself, which ends the call with a gRPC status other than OK.
 *
 * Errors of the application never take this form: clients expect them inside the response message.
 */
export class GrpcError extends Error {
  readonly status: GrpcStatus

  constructor(status: GrpcStatus, details: string, options?: { cause?: unknown }) {
    super(details, options)
    this.name = 'GrpcError'
    this.status = status
  }
}

const NEEDS_ENCODING = /[^\x20-\x24\x26-\x7e]/u
const EACH_TO_ENCODE = /[^\x20-\x24\x26-\x7e]+/gu

/** A status message as it goes into the `grpc-message` header: UTF-8, percent-encoded outside printable ASCII. */
export function encodeStatusMessage(text: string): string {
  if (!NEEDS_ENCODING.test(text)) return text
  return text.toWellFormed().replace(EACH_TO_ENCODE, percentEncode)
}

function percentEncode(part: string): string {
  let out = ''
  for (const byte of Buffer.from(part)) out += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  return out
}
