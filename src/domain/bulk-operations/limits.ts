/** Inputs that one commit of a bulk operation changes. */
export const INPUTS_PER_PART = 200
/** Bulk operations in one request. */
export const OPERATIONS_MAX = 32
/** Concepts that one operation adds or deletes. */
export const CONCEPTS_MAX = 128
/** Inputs that one operation names by id, or finds by rank. */
export const NAMED_INPUTS_MAX = 5_000
