/** Shortest time between two notes of progress, in milliseconds: each costs a commit. */
export const PROGRESS_MS = 500
/** Work on an export after which what is there is kept as a part, in milliseconds: a killed server loses little more. */
export const PART_MS = 5_000
