import { BLOB_BYTES_MAX } from '../../blobs/limits.ts'

/** Largest upload, in bytes. */
export const UPLOAD_BYTES_MAX = BLOB_BYTES_MAX
/** Longest name of an uploaded file, in bytes of UTF-8. */
export const CONTENT_NAME_BYTES_MAX = 1_024
/** Unfinished uploads that an app may have. */
export const UNFINISHED_UPLOADS_MAX = 1_000
/** Pieces that an upload may lie in before it is put together. */
export const UPLOAD_PARTS_MAX = 10_000
/** How long an upload is kept after it was made or a part of it came, in microseconds: 7 days. */
export const UPLOAD_KEPT_MICROS = 7 * 24 * 3_600 * 1_000_000
/** Parts of one call that are written to disk at the same time. */
export const PARALLEL_PARTS = 4
/** How long the call with the last part waits until the content is put together, in milliseconds. */
export const ASSEMBLY_WAIT_MS = 120_000
/** Uploads that are put together at the same time. */
export const ASSEMBLIES_AT_ONCE = 2
/** Missing ranges that a status names. */
export const MISSING_SHOWN_MAX = 16
