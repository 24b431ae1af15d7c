/** Largest blob, in bytes. */
export const BLOB_BYTES_MAX = 16 * 1024 ** 3
/** How many blobs the sweep looks up at once. */
export const SWEEP_BATCH_MAX = 500
