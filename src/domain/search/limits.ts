/** Searches in one call. */
export const SEARCHES_MAX = 1
/** Searches in one call that only counts. */
export const COUNTED_SEARCHES_MAX = 32
/** Ranks of a search. */
export const RANKS_MAX = 8
/** Words that a filter or rank may look for in texts. */
export const QUERY_WORDS_MAX = 64
/** Characters of the text of a rank. */
export const RANK_TEXT_CHARS_MAX = 100_000
