/** Limits of the shared port; tests override some of them. */
export interface PortLimits {
  /** Connections open at once; further ones are closed as they come. */
  readonly connections: number
  /** Time a connection has to send its first bytes, and to finish a TLS handshake, in milliseconds. */
  readonly firstBytesMs: number
  /** Time an HTTP/1.1 request has to send all its headers, in milliseconds. */
  readonly headersMs: number
  /** Time an HTTP/1.1 request has to arrive as a whole, in milliseconds; large uploads on slow lines need minutes. */
  readonly requestMs: number
  /** Time an HTTP/1.1 connection may sit idle between requests, in milliseconds. */
  readonly keepAliveMs: number
  /** Longest pause within the body of a request over HTTP/2, in milliseconds; gRPC has its own limit. */
  readonly bodyIdleMs: number
  /** Time in which a client must take some of an answer that waits for it, in milliseconds; gRPC has its own limit. */
  readonly answerIdleMs: number
  /** How often HTTP/2 connections are pinged, in milliseconds; one that missed the last ping is closed. */
  readonly pingMs: number
  /** Streams one HTTP/2 connection may have open at once. */
  readonly concurrentStreams: number
  /** Bytes of request headers, all together. */
  readonly headerBytes: number
  /** Time running calls have to finish after `close`, in milliseconds. */
  readonly drainMs: number
}

const KIB = 1024

export const PORT_LIMITS: PortLimits = {
  connections: 10_000,
  firstBytesMs: 10_000,
  headersMs: 30_000,
  requestMs: 600_000,
  keepAliveMs: 75_000,
  bodyIdleMs: 120_000,
  answerIdleMs: 120_000,
  pingMs: 30_000,
  concurrentStreams: 256,
  headerBytes: 64 * KIB,
  drainMs: 30_000,
}

/** How often HTTP/1.1 connections are looked over for the time limits, in milliseconds. */
export const CONNECTION_CHECK_MS = 5_000

/** Bytes a client may send on one HTTP/2 stream before they are read. */
export const STREAM_WINDOW_BYTES = 1024 * KIB

/** Bytes a client may send on one HTTP/2 connection before they are read. */
export const SESSION_WINDOW_BYTES = 16 * 1024 * KIB

/** Largest HTTP/2 frame accepted, in bytes: fewer and larger chunks for big messages. */
export const MAX_FRAME_BYTES = 64 * KIB

/** Memory one HTTP/2 connection may use before new streams on it are refused, in megabytes. */
export const SESSION_MEMORY_MB = 1024

/** Streams a client may reset at once, and per second after that, before its connection is closed. */
export const RESET_BURST = 1000
export const RESETS_PER_SECOND = 100

/** Time that answers written at the very end of a drain have to reach their clients, in milliseconds. */
export const FLUSH_MS = 500

/** Accept errors (such as too many open files) are logged once in this many milliseconds at most. */
export const ACCEPT_ERROR_LOG_MS = 10_000
