/** Most items in one call that writes or predicts many. */
export const BATCH_ITEMS_MAX = 128
/** Most inputs in one workflow prediction. */
export const WORKFLOW_INPUTS_MAX = 32
/** Page size when the call names none. */
export const PAGE_SIZE_DEFAULT = 128
/** Largest page size; a larger one is refused. */
export const PAGE_SIZE_MAX = 1000
/** Most rows that paging by number may skip, so that a page number cannot make the database count for ever. */
export const PAGE_OFFSET_MAX = 2 ** 53 - 1
/** Longest notes of an app, model or workflow, in bytes. */
export const NOTES_BYTES_MAX = 64 * 1024
/** Longest free text (name, description) in bytes. */
export const TEXT_BYTES_MAX = 16 * 1024
/** Largest metadata object, in bytes of its JSON. */
export const METADATA_BYTES_MAX = 1024 * 1024
/** Largest message that a transport accepts or sends, in bytes. */
export const MESSAGE_BYTES_MAX = 256 * 1024 * 1024
/** Longest sentence that says what went wrong, in characters: it may repeat what a caller sent. */
export const DETAILS_CHARS_MAX = 2_000
/** Longest request id prefix that a client may give. */
export const REQUEST_ID_PREFIX_MAX = 64
