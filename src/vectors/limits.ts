const MIB = 1024 * 1024

/** Longest vector, in numbers. */
export const DIMENSION_MAX = 16_384
/** Size of a block of rows in memory and on disk, in bytes. */
export const SEGMENT_BYTES = 16 * MIB
/** Rows below which no graph is made: comparing with all of them is quick and exact. */
export const GRAPH_ROWS_MIN = 4_096
/** Rows that wait outside of any graph, compared one by one, before they are taken into one. */
export const TAIL_ROWS_MIN = 512
/** Rows taken into a graph in one go, some ten milliseconds of work, between which searches are answered. */
export const GRAPH_STEP_ROWS = 32
/** Share of dead rows from which an index is written anew without them. */
export const DEAD_SHARE_MAX = 0.25
/** Neighbours of a node in the graph. */
export const GRAPH_CONNECTIVITY = 16
/** Candidates looked at when a row is taken into a graph. */
export const GRAPH_EXPANSION_ADD = 128
/** Candidates looked at in a search of a small graph; larger ones take more, see candidatesFor. */
export const GRAPH_EXPANSION_SEARCH = 64
/** Frozen graphs that one search asks before they are made one. */
export const GRAPH_PARTS_MAX = 4
/** Most results of one search. */
export const RESULTS_MAX = 20_000
/** Memory that the raw vectors of all indexes may take; what is beyond is read from disk when needed. */
export const RESIDENT_BYTES_MAX = 1_024 * MIB
