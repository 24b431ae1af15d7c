import { MESSAGE_BYTES_MAX } from '../../base/limits.ts'

/** Limits of the JSON door; tests override some of them, so the handler takes them as a value. */
export interface HttpLimits {
  /** Largest request body in bytes, both as sent and after decompression. */
  readonly bodyBytes: number
  /** Bytes of request bodies that all calls together may hold. */
  readonly bufferedBytes: number
  /** Answers smaller than this many characters are never compressed. */
  readonly compressFrom: number
  /** Bytes of a refused body that are still read and dropped, so that its sender gets to see the answer. */
  readonly discardBytes: number
  /** Longest time that a refused body is read and dropped, in milliseconds. */
  readonly discardMs: number
}

const MIB = 1024 * 1024

export const HTTP_LIMITS: HttpLimits = {
  bodyBytes: MESSAGE_BYTES_MAX,
  bufferedBytes: 1024 * MIB,
  compressFrom: 4096,
  discardBytes: 512 * MIB,
  discardMs: 10_000,
}
