/** Neighbours that are asked for, for each input. */
export const NEIGHBOURS = 10
/** Cosine from which two inputs count as nearly the same. */
export const TWIN_COSINE = 0.97
/** Neighbours with labels that a doubt needs. */
export const VOTES_MIN = 4
/** Share of the votes up to which a label counts as doubtful. */
export const OWN_SHARE_MAX = 0.25
/** Share of the votes from which another label is suggested. */
export const OTHER_SHARE_MIN = 0.5
/** Inputs of a page, and annotations asked for at once. */
export const PAGE = 100
/** Requests at the same time. */
export const PARALLEL = 4
