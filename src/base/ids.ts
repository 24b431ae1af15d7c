import { randomFillSync } from 'node:crypto'
import type { StatusCode } from '../contract/status-code.ts'
import { AppError } from './errors.ts'

/** Longest id a user may choose. */
export const ID_LENGTH_MAX = 48
/** Longest concept id, in UTF-8 bytes: concept ids of older clients hold blanks and any script. */
export const CONCEPT_ID_BYTES_MAX = 128

const ID = /^[0-9A-Za-z]+(?:[-_][0-9A-Za-z]+)*$/
const HEX32 = /^[0-9a-f]{32}$/

const ID_BYTES = 16
// Random bytes for 256 ids at a time: asking the system for each id costs more than all else that a call needs one for.
const entropy = Buffer.allocUnsafeSlow(256 * ID_BYTES)
let entropyUsed = entropy.length

/** A new id as the original makes them: 32 lower-case hex digits, 128 random bits; good enough for secrets. */
export function newId(): string {
  if (entropyUsed === entropy.length) {
    randomFillSync(entropy)
    entropyUsed = 0
  }
  const start = entropyUsed
  entropyUsed += ID_BYTES
  const id = entropy.toString('hex', start, entropyUsed)
  // It may become a secret, which must not lie about in memory.
  entropy.fill(0, start, entropyUsed)
  return id
}

/** Whether a text has the form of a generated id or of a key secret. */
export const isHexId = (text: string): boolean => HEX32.test(text)

/** Refuses an id that a user chose against the rules of the contract, with the status code of its resource. */
export function checkId(id: string, what: string, code: StatusCode): void {
  if (id.length > ID_LENGTH_MAX) {
    throw new AppError(code, `The ${what} id has ${id.length} characters; use at most ${ID_LENGTH_MAX}.`)
  }
  // Generated ids end or begin as they like, so only the length and the alphabet bind.
  if (!ID.test(id)) {
    throw new AppError(
      code,
      `The ${what} id '${id}' is not valid; use letters and digits, joined by single '-' or '_'.`,
    )
  }
}

/** Refuses a concept id that could not be put into a path or is empty or too long. */
export function checkConceptId(id: string, code: StatusCode): void {
  if (id === '' || id === '.' || id === '..' || id.includes('/') || Buffer.byteLength(id) > CONCEPT_ID_BYTES_MAX) {
    throw new AppError(
      code,
      `The concept id '${id.slice(0, ID_LENGTH_MAX)}' is not valid; use 1 to ${CONCEPT_ID_BYTES_MAX} bytes without '/', and not '.' or '..' alone.`,
    )
  }
}
