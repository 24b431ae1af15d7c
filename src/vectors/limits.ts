const MIB = 1024 * 1024

/** Longest vector, in numbers. */
export const DIMENSION_MAX = 16_384
/** Size of a block of rows in memory, in bytes of their 32-bit floats. */
export const SEGMENT_BYTES = 4 * MIB
/** Rows below which no graph is made: comparing with all of them is quick and exact. */
export const GRAPH_ROWS_MIN = 8_192
/** Rows that wait outside of any graph, compared one by one, before they are taken into one. */
export const TAIL_ROWS_MIN = 512
/** Rows taken into a graph in one go, some ten milliseconds of work, between which searches are answered. */
export const GRAPH_STEP_ROWS = 32
/** Share of dead rows from which an index is written anew without them. */
export const DEAD_SHARE_MAX = 0.25
/** Neighbours of a node in a graph: 16 left .006 of what is near out of reach at a million, 24 take nearly twice the time. */
export const GRAPH_CONNECTIVITY = 20
/** Candidates looked at when a row is taken into a graph. */
export const GRAPH_EXPANSION_ADD = 128
/**
 * Candidates that a search looks at in graphs of so many rows or more: 64, 96 and 128 found .991, .997 and .997 of what is
 * near at 100,000, and .964, .988 and .998 at a million.
 */
export const GRAPH_CANDIDATES = [
  { rows: 0, candidates: 64 },
  { rows: 30_000, candidates: 96 },
  { rows: 300_000, candidates: 128 },
] as const
/** Rows of a graph from which it is mapped from its file once it is kept; new rows go to another. */
export const FROZEN_ROWS_MIN = 50_000
/** Graphs that one search asks before some are made one. */
export const GRAPH_PARTS_MAX = 4
/** A graph with fewer than this many times the rows behind it is made one with them. */
export const GRAPH_MERGE_RATIO = 4
/** Most results of one search. */
export const RESULTS_MAX = 20_000
/** Memory that vectors of all indexes may take, mapped graphs aside; what is beyond is read from disk when needed. */
export const RESIDENT_BYTES_MAX = 1_024 * MIB
/** Share of it that vectors in 32 bits may take; the rest is for their codes of 8 bits. */
export const RESIDENT_RAW_SHARE = 0.25
