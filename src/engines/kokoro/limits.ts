/** Longest text that is spoken, in characters: more than three minutes of sound, for which a core works two. */
export const TEXT_CHARS_MAX = 3_000
/** Slowest and fastest speech, as a multiple of the natural speed. */
export const SPEED_MIN = 0.5
export const SPEED_MAX = 2
