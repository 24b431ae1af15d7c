const MIB = 1024 * 1024

/** Inputs of one app that are processed at the same time. */
export const IN_FLIGHT_MAX = 64
/** Inputs are taken up when at least this many places are free, so that each taking is one write for several. */
export const TAKEN_MIN = 16
/** Apps whose inputs one server processes at the same time. */
export const APPS_AT_ONCE = 4
/** Media that are looked at in one go. */
export const HOSTED_TOGETHER = 32
/** Inputs that go through the workflow in one go. */
export const PREDICTED_TOGETHER = 16
/** Goes of each kind at the same time. */
export const GOES_AT_ONCE = 2
/** Media that inputs of one go through the workflow may have together, in bytes; a larger one goes alone. */
export const PREDICTED_BYTES_MAX = 64 * MIB
/** From the first to the last byte of a download, in milliseconds. */
export const DOWNLOAD_MS_MAX = 60_000
/** Longest text that is read for words on the event loop, in bytes. */
export const WORDS_AT_ONCE_BYTES_MAX = 4 * 1024
/** Texts from before words were kept whose words are found at a time. */
export const OLD_WORDS_PER_PART = 100
/** Longest reason that is kept for an input that failed, in characters. */
export const REASON_MAX = 1_000
/** Inputs that are indexed anew between two checkpoints. */
export const REINDEXED_TOGETHER = 32
