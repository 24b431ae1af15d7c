/** Searches in one call. */
export const SEARCHES_MAX = 1
/** Searches in one call that only counts. */
export const COUNTED_SEARCHES_MAX = 32
/** Ranks of a search. */
export const RANKS_MAX = 8
/** Characters of the text of a rank. */
export const RANK_TEXT_CHARS_MAX = 100_000
