/** Values in one request. */
export const VALUES_MAX = 1_000
/** Tags of a value, and of a query. */
export const TAGS_MAX = 32
/** Characters of a tag. */
export const TAG_CHARS_MAX = 128
/** Groups that a query tells values apart by. */
export const GROUPS_MAX = 4
/** Queries in one request. */
export const QUERIES_MAX = 32
/** Sums that the database makes for one query, before they are put into larger spans of time. */
export const SUMS_MAX = 200_000
