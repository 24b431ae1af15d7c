/** Concepts that two searches are compared by. */
export const METRICS_CONCEPTS_MAX = 1_000
/** Inputs that are compared together. */
export const COMPARED_TOGETHER = 250
/** Results of one list, which the contract does not part into pages: the newest. */
export const METRICS_LISTED_MAX = 1_000
/** Concepts up to which results have a value for each pair of them. */
export const PAIRED_CONCEPTS_MAX = 100
