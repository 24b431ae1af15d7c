/** Resident memory of the process that measures, in bytes. */
export const MEASURE_RSS_BYTES_MAX = 2 * 1024 * 1024 * 1024
/** Niceness of that process: answering calls comes first. */
export const MEASURE_NICENESS = 5
