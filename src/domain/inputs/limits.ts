/** Texts up to this many bytes are kept in their row; larger contents get a file of their own. */
export const INLINE_TEXT_BYTES_MAX = 64 * 1024
/** Suffixes `-1` to this are tried for a taken id before one at random. */
export const ID_SUFFIXES_TRIED = 9
/** Contents of one PostInputs call that are written to disk at the same time. */
export const PARALLEL_WRITES = 8
/** Datasets that one input may be put into as it is posted. */
export const DATASETS_PER_INPUT_MAX = 128
/** Regions that may stand in a posted input; each becomes an annotation. */
export const REGIONS_PER_INPUT_MAX = 128
/** Inputs whose annotations together are more than this are deleted in the background, hidden at once. */
export const DELETED_AT_ONCE_MAX = 5_000
/** Page size of StreamInputs when the call names none. */
export const STREAM_PAGE_DEFAULT = 20
