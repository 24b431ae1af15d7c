/** Longest regular expression, in characters. */
export const MAX_REGEX_LENGTH = 1000
/** Longest text that operators search through, in characters; a longer one is refused. */
export const MAX_SEARCHED_CHARS = 2_000_000
/** Longest text that an operator may make, in characters. */
export const MAX_MADE_CHARS = 10_000_000
/** Words that a keyword filter may look for. */
export const MAX_KEYWORDS = 10_000
/** Beginning of a text, in characters, by which its language is told. */
export const LANGUAGE_SAMPLE_CHARS = 5000
/** Sizes that a crop may have, in sizes of its box. */
export const MIN_CROP_MARGIN = 0.01
export const MAX_CROP_MARGIN = 20
