/** Largest blob, in bytes. */
export const BLOB_BYTES_MAX = 16 * 1024 ** 3
/** How many blobs the sweep looks up at once. */
export const SWEEP_BATCH_MAX = 500

/** Larger contents go to S3 in parts of this many bytes; a part may have 5 GiB, and there may be 10,000 of them. */
export const S3_PART_BYTES = 64 * 1024 ** 2
/** Times that a call to S3 is made when the service answers that it cannot serve it now. */
export const S3_ATTEMPTS_MAX = 4
/** Wait before the first repetition, in milliseconds; it doubles with each. */
export const S3_RETRY_MS = 100
/** Time for which a local copy stays after its path was given out, in milliseconds. */
export const CACHED_FILE_KEPT_MS = 600_000
/** An object younger than this is not written again when it is put again: no sweep comes near it, in milliseconds. */
export const YOUNG_OBJECT_MS = 600_000
