/** Objects that one call for a list asks for. */
export const LIST_PAGE_MAX = 1_000
/** Largest answer to a call for a list, in bytes. */
export const LIST_BYTES_MAX = 16 * 1024 * 1024
/** Largest answer of a service that gives tokens, in bytes. */
export const TOKEN_BYTES_MAX = 64 * 1024
/** Longest wait for the beginning of a file and between two pieces of it, in milliseconds. */
export const IDLE_MS_MAX = 60_000
/** Redirections of a file at a plain address. */
export const REDIRECTS_MAX = 5
/** How long a token of Google is asked for, and how long before its end another one is, in seconds. */
export const TOKEN_SECONDS = 3_600
export const TOKEN_MARGIN_SECONDS = 300
/** Characters of a refusal of a service that are repeated. */
export const SHOWN_CHARS_MAX = 200
