import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { PATTERN_CHARS_MAX } from '../limits.ts'

/** The escape character of the patterns below. */
export const LIKE_ESCAPE = '\\'

/** Letter case and composed characters folded, as both sides of a text comparison need it. */
export function foldText(text: string): string {
  return text.normalize('NFC').toLowerCase()
}

/** A LIKE pattern for a folded text: `*` becomes any text, everything else stands for itself; throws AppError 11102 for one too long. */
export function wildcardToLike(pattern: string): string {
  return escapeLike(foldText(pattern)).replaceAll('*', '%')
}

/** A LIKE pattern for folded texts that contain `part`; throws AppError 11102 for a part too long. */
export function containsToLike(part: string): string {
  return `%${escapeLike(foldText(part))}%`
}

function escapeLike(text: string): string {
  if (text.length > PATTERN_CHARS_MAX) {
    const details = `The text to search for has ${text.length} characters; use at most ${PATTERN_CHARS_MAX}.`
    throw new AppError(StatusCode.CONN_INVALID_REQUEST, details)
  }
  return text.replace(/[\\%_]/g, (found) => LIKE_ESCAPE + found)
}

const PATH_SEGMENT = /^[A-Za-z0-9_]{1,64}$/

/** Refuses path segments that would need quoting; paths are written by programmers, never by callers. */
export function checkPath(path: readonly (string | number)[]): void {
  for (const segment of path) {
    const valid =
      typeof segment === 'number' ? Number.isSafeInteger(segment) && segment >= 0 : PATH_SEGMENT.test(segment)
    if (!valid) throw new TypeError(`A document path cannot contain ${JSON.stringify(segment)}`)
  }
}
