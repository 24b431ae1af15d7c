/** Limits of the RPC transports; tests override some of them, so handlers take them as a value. */
export interface RpcLimits {
  /** Largest message in either direction, in bytes, after decompression. */
  readonly messageBytes: number
  /** Bytes of unfinished and running requests that all calls together may hold. */
  readonly bufferedBytes: number
  /** A call that waits this long for its peer to send or to take bytes is ended, in milliseconds. */
  readonly stallMs: number
}

const MIB = 1024 * 1024

export const RPC_LIMITS: RpcLimits = {
  messageBytes: 256 * MIB,
  bufferedBytes: 1024 * MIB,
  stallMs: 120_000,
}

/** How often calls are looked over for stalled peers, in milliseconds; never longer than the stall limit itself. */
export const STALL_CHECK_MS = 5_000

/** Answers smaller than this many bytes are never compressed. */
export const COMPRESS_MIN_BYTES = 64 * 1024

/** Bytes tried first, to leave alone what does not get smaller (images, vectors). */
export const COMPRESS_SAMPLE_BYTES = 8 * 1024

/** Largest part of the sample that may remain for compression to be worth its time. */
export const COMPRESS_MAX_RATIO = 0.8

/** Longest wait that a timer can hold, in milliseconds; a longer grpc-timeout counts as this. */
export const MAX_TIMEOUT_MS = 2 ** 31 - 1

/** Time a client has to stop sending after it was given the status of its call, in milliseconds. */
export const EARLY_END_RESET_MS = 250
