/** Longest tag (toolkit, use case, consent) of a model, in characters. */
export const TAG_LENGTH_MAX = 64
/** Most tags of one kind on one model. */
export const TAGS_MAX = 64
/** Most concepts of one model version. */
export const VERSION_CONCEPTS_MAX = 20_000
/** Longest vector that a linear head may work on, in numbers. */
export const HEAD_DIMENSIONS_MAX = 16_384
/** Most weights of one linear head, in numbers; about 80 MB of JSON. */
export const HEAD_WEIGHTS_MAX = 4 * 1024 * 1024
