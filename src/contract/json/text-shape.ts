import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../status-code.ts'

/** How deep objects and lists of a large text may be nested; the contract itself goes to 100. */
export const JSON_DEPTH_MAX = 256
/** Most objects, lists, strings and commas of a large text together: two seconds of parsing at worst, less as a rule. */
export const JSON_PARTS_MAX = 2_000_000
/** Texts up to this many characters are not looked at: whatever they hold is parsed in a moment. */
export const JSON_SMALL_CHARS = 256 * 1024

const QUOTE = 0x22
const COMMA = 0x2c
const OPEN_LIST = 0x5b
const BACKSLASH = 0x5c
const CLOSE_LIST = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

const refuse = (details: string): AppError => new AppError(StatusCode.CONN_BAD_REQUEST_FORMAT, details)

/**
 * Refuses (AppError 11100) a text that would keep JSON.parse busy for long or take many times its size in memory.
 *
 * Strings, which large requests mostly consist of, are stepped over by a native search; what is wrong in other ways
 * is for the parser to say.
 */
export function checkShape(text: string): void {
  if (text.length <= JSON_SMALL_CHARS) return
  let depth = 0
  let parts = 0
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE:
        parts++
        i = endOfString(text, i + 1)
        break
      case OPEN_LIST:
      case OPEN_OBJECT:
        parts++
        if (++depth > JSON_DEPTH_MAX)
          throw refuse(`The request body is nested deeper than ${JSON_DEPTH_MAX} levels; send a flatter one.`)
        break
      case CLOSE_LIST:
      case CLOSE_OBJECT:
        depth--
        break
      case COMMA:
        parts++
        break
      default:
    }
    if (parts > JSON_PARTS_MAX)
      throw refuse(`The request body has more than ${JSON_PARTS_MAX} values; spread them over several requests.`)
  }
}

/** Where the string that begins at `start` has its closing quote, or the end of the text without one. */
function endOfString(text: string, start: number): number {
  const end = text.indexOf('"', start)
  if (end < 0) return text.length
  if (text.charCodeAt(end - 1) !== BACKSLASH || end === start) return end
  // Searching from quote to quote would be slow where many are escaped.
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === BACKSLASH) i++
    else if (code === QUOTE) return i
  }
  return text.length
}
