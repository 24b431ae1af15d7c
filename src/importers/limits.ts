/** Most files in a folder that is imported at a time. */
export const FILES_MAX = 5_000_000
/** Largest file with annotations that is read, in bytes. */
export const ANNOTATION_FILE_BYTES_MAX = 2 * 1024 * 1024 * 1024 - 1
/** Inputs or annotations in one request. */
export const BATCH_MAX = 128
/** Bytes of media after which a request is sent although it has room for more inputs. */
export const BATCH_BYTES_WANTED = 24 * 1024 * 1024
/** Requests that are under way at the same time. */
export const PARALLEL_DEFAULT = 4
/** How often a request is tried when the server cannot be reached or is too busy. */
export const ATTEMPTS_MAX = 6
/** Pause before the second attempt, in milliseconds; each further one is twice as long. */
export const BACKOFF_MS = 500
/** Problems that are printed one by one; a file has them all. */
export const PROBLEMS_PRINTED = 20
