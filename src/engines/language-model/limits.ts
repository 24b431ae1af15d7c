/** Tokens of question and answer together, where the model does not end before. */
export const CONTEXT_TOKENS_MAX = 4_096
/** Characters of instructions put before a talk. */
export const SYSTEM_CHARS_MAX = 8_192
/** Turns of one talk. */
export const TURNS_MAX = 256
/** Characters of all turns together: more than the tokens of any model here. */
export const TALK_CHARS_MAX = 32_768
/** Texts at which an answer ends, and their length in characters. */
export const STOPS_MAX = 4
export const STOP_CHARS_MAX = 128
