/** Changes of embeddings that are read from the log at a time. */
export const CHANGES_PER_READ = 2_000
/** Vectors that are read at a time when an index is made from the database. */
export const VECTORS_PER_READ = 1_000
/** Changes since an index was last kept from which it is kept again when nothing else is to be done. */
export const CHANGES_TO_KEEP = 5_000
/** From so many changes on it is kept even while searches wait, and where graphs have taken in half of their rows. */
export const CHANGES_OVERDUE = 50_000
/** How long nothing must have been asked before an index is kept, in milliseconds. */
export const IDLE_BEFORE_KEEPING_MS = 3_000
/** How often the log is followed while nobody searches, in milliseconds. */
export const FOLLOW_MS = 2_000
/** Blocks of rows that are taken into memory at each of these looks, one to three milliseconds each. */
export const SEGMENTS_WARMED = 16
/** Rows of the log behind the newest from which an index is kept anew, or opened for that, so that the log can go. */
export const LOG_ROWS_HELD_MAX = 100_000
/** How often the server hears from where on the log is needed, even if nothing has changed, in milliseconds. */
export const LOG_NEEDED_EVERY_MS = 600_000
/** How long the log is kept for indexes of which nothing is heard, in days. */
export const LOG_KEPT_DAYS = 7
/** Indexes that are open at a time; the one that was not used for longest is kept and closed for another. */
export const OPEN_INDEXES_MAX = 64
/** How long a search may take, in milliseconds. */
export const SEARCH_MS_MAX = 60_000
/** How long a search waits for an index that is being opened or made, in milliseconds; that goes on. */
export const OPEN_MS_MAX = 50_000
/** Searches that may wait for the process. */
export const WAITING_SEARCHES_MAX = 1_000
/** Starts of the process that may fail in a row. */
export const FAILED_STARTS_MAX = 4
/** Wait before another start, in milliseconds. */
export const RESTART_PAUSE_MS = 250
/** How long the process may take to keep its indexes when it is asked to end, in milliseconds. */
export const END_MS_MAX = 20_000
/** Inputs that fit a filter up to which all are listed and their vectors compared; beyond, near rows are tried. */
export const LISTED_INPUTS_MAX = 20_000
/** Searches with the same filters since the last commit from which all inputs that fit are listed, and the list kept. */
export const LIST_FROM_SEARCH = 3
/** Inputs of which it is remembered whether they fit a filter, for as long as nothing is committed. */
export const INPUTS_REMEMBERED_MAX = 50_000
/** Filters of which something is remembered. */
export const SCOPES_REMEMBERED_MAX = 32
/** Hits that a page may end at. */
export const HITS_MAX = 10_000
/** Texts of an app up to which they are counted for each search by words. */
export const COUNTED_TEXTS_MAX = 10_000
/** How long the counts of an app with more texts are used, in milliseconds. */
export const COUNTED_TEXTS_KEPT_MS = 60_000
/** Of reciprocal ranks: how little the first places of a list count more than those after them, as is usual. */
export const PLACE_OFFSET = 60

/** Vectors that a head looks at when it is asked what it is not sure of; of more, every second, third and so on. */
export const DOUBTED_ROWS_MAX = 100_000
/** The most doubtful inputs among which those are chosen that are unlike each other. */
export const DIVERSE_AMONG = 1_000
