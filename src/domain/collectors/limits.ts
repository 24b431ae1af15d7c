/** Collectors that an app may have. */
export const COLLECTORS_PER_APP_MAX = 100
/** Predictions whose inputs wait in memory to be looked at; those of further ones are let go. */
export const CALLS_WAITING_MAX = 64
/** Bytes of inputs that wait so. */
export const BYTES_WAITING_MAX = 128 * 1024 * 1024
/** Inputs that wait in the database for one collector; further ones are let go. */
export const COLLECTED_MAX = 10_000
/** Largest answer of a model that is kept for an annotation, in characters of JSON. */
export const OUTPUT_CHARS_MAX = 1024 * 1024
/** Collected inputs that the job reads at once. */
export const COLLECTED_PER_PART = 16
