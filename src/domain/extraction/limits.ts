import { MAX_IMAGE_BYTES, MAX_VIDEO_URL_BYTES } from '../../media/limits.ts'

/** Files up to this many bytes are looked at whole; larger ones can only be videos. */
export const WHOLE_BYTES_MAX = MAX_IMAGE_BYTES
/** Largest file that becomes an input, in bytes. */
export const FILE_BYTES_MAX = MAX_VIDEO_URL_BYTES
/** Inputs that are stored in one transaction. */
export const STORED_TOGETHER = 128
/** Files that are read and written at the same time, */
export const FILES_AT_ONCE = 8
/** as long as they have no more bytes together than this; a larger one goes alone. */
export const BYTES_AT_ONCE = 64 * 1024 * 1024
/** Largest archive in a bucket, in bytes. */
export const ARCHIVE_BYTES_MAX = 16 * 1024 ** 3
/** From the first to the last byte of an archive from a bucket, in milliseconds. */
export const ARCHIVE_FETCH_MS_MAX = 2 * 3_600_000
/** From the first to the last byte of any other file from a bucket, in milliseconds. */
export const FILE_FETCH_MS_MAX = 300_000
/** Extraction jobs that run at the same time. */
export const EXTRACTIONS_AT_ONCE = 2
/** Sources or uploads that one call names. */
export const SOURCES_MAX = 128
/** Longest address of a source, in characters. */
export const SOURCE_URL_CHARS_MAX = 8_192
/** Largest key of a service account, in bytes. */
export const GCP_CREDS_BYTES_MAX = 64 * 1024
/** Longest reason that a job keeps, in characters. */
export const REASON_CHARS_MAX = 1_000
/** Callbacks that are looked at in one go. */
export const CALLBACKS_PER_PART = 200
