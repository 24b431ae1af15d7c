/** Longest tag (toolkit, use case, consent) of a model, in characters. */
export const TAG_LENGTH_MAX = 64
/** Most tags of one kind on one model. */
export const TAGS_MAX = 64
/** Most concepts of one model version. */
export const VERSION_CONCEPTS_MAX = 20_000
/** Longest vector that a linear head may work on, in numbers. */
export const HEAD_DIMENSIONS_MAX = 16_384
/** Time that fetching the package of a model may take, in milliseconds. */
export const PACKAGE_FETCH_MS = 30 * 60_000
/** Models that are imported at the same time. */
export const IMPORTS_AT_ONCE = 2
/** How often an import is begun that the server does not survive. */
export const IMPORT_ATTEMPTS_MAX = 3
/** Most weights of one linear head, in numbers; about 80 MB of JSON. */
export const HEAD_WEIGHTS_MAX = 4 * 1024 * 1024

/** A number that callers may set: what it is otherwise, and its range. */
export interface Bounds {
  readonly otherwise: number
  readonly min: number
  readonly max: number
}

/** Longest wait for an answer of a remote model, in milliseconds. */
export const REMOTE_TIMEOUT_MS: Bounds = { otherwise: 60_000, min: 100, max: 600_000 }
/** Further attempts after a failure of a remote model that may pass. */
export const REMOTE_RETRIES: Bounds = { otherwise: 2, min: 0, max: 5 }
/** Calls of a remote model at the same time. */
export const REMOTE_CONCURRENCY: Bounds = { otherwise: 8, min: 1, max: 256 }
/** Longest key of a remote server, in characters. */
export const REMOTE_KEY_MAX = 4_096
/** Longest name of a model on a remote server, in characters. */
export const REMOTE_NAME_MAX = 512
/** Longest fixed part of the requests to a remote model, in characters of JSON. */
export const REMOTE_BODY_MAX = 64 * 1024
