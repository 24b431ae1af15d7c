const MIB = 1024 * 1024

/** Largest answer of a remote server, in bytes; a stream counts as one answer. */
export const ANSWER_BYTES_MAX = 64 * MIB
/** Largest single event of a stream, in characters. */
export const EVENT_CHARS_MAX = 8 * MIB
/** Longest stream, in milliseconds. */
export const STREAM_MS_MAX = 30 * 60_000
/** Calls of one model version that may wait for their turn. */
export const WAITING_CALLS_MAX = 1_024
/** Failures in a row after which a model version is left alone for a while. */
export const BREAKER_FAILURES = 5
/** How long it is left alone before one call tries again, in milliseconds. */
export const BREAKER_OPEN_MS = 10_000
/** Wait before the first further attempt, in milliseconds; doubles with each. */
export const RETRY_FIRST_MS = 250
/** Longest wait before a further attempt, in milliseconds, whatever the server asks for. */
export const RETRY_WAIT_MS_MAX = 10_000
/** Model versions whose connections and failures are remembered. */
export const LINKS_MAX = 1_000
/** Characters of a remote server's own words that are repeated to callers. */
export const REMOTE_WORDS_MAX = 300
/** Texts in one embeddings request. */
export const EMBED_TEXTS_MAX = 32
/** Longest vector, in numbers. */
export const VECTOR_LENGTH_MAX = 65_536
/** How long what an OIP server says of a model counts, in milliseconds. */
export const METADATA_MS = 60_000
/** Most tensors of a model. */
export const TENSORS_MAX = 64
/** Longest side of a picture sent to a model that takes any size, in pixels. */
export const FREE_SIDE_MAX = 1_024
