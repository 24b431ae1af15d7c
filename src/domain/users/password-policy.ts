import type { MessageInitShape } from '@bufbuild/protobuf'
import type { PasswordViolationsSchema } from '../../contract/index.ts'
import { PASSWORD_LENGTH_MAX } from './password-check.ts'

/** Fewest characters of a password. */
export const PASSWORD_LENGTH_MIN = 8
/** Shortest name or part of an address whose use in a password counts, in characters. */
const NAME_LENGTH_MIN = 3
/** Shortest word that counts as taken from the list of common passwords, in characters. */
const WORD_LENGTH_MIN = 4

/** Which rules a password breaks; a rule that is not named is kept, or not demanded here. */
export type Violations = MessageInitShape<typeof PasswordViolationsSchema>

/** Whose password it is to be. */
export interface PasswordOwner {
  readonly names: readonly string[]
  readonly email: string | null
}

/**
 * The rules that can be told from the password itself. Not demanded: letters that look alike, age, and overlap with
 * the old password, of which only a hash is kept.
 */
export function violationsOf(password: string, owner: PasswordOwner, common: ReadonlySet<string>): Violations {
  const characters = [...password]
  const folded = password.normalize('NFKC').toLowerCase()
  return {
    minimumLength: characters.length < PASSWORD_LENGTH_MIN,
    maximumLength: password.length > PASSWORD_LENGTH_MAX,
    upperCaseNeeded: !/\p{Lu}/u.test(password),
    lowerCaseNeeded: !/\p{Ll}/u.test(password),
    numericNeeded: !/\p{Nd}/u.test(password),
    nonAlphanumericNeeded: !/[^\p{L}\p{N}]/u.test(password),
    excludeNames: owner.names.some((name) => uses(folded, name)),
    excludeEmail: usesEmail(folded, owner.email ?? ''),
    noSimplePasswords: isSimple(folded),
    noCommonVocabs: isCommon(folded, common),
  }
}

function uses(folded: string, name: string): boolean {
  const part = name.normalize('NFKC').toLowerCase()
  return part.length >= NAME_LENGTH_MIN && folded.includes(part)
}

function usesEmail(folded: string, email: string): boolean {
  const local = email.slice(0, Math.max(0, email.lastIndexOf('@')))
  return uses(folded, local) || uses(folded, local.replaceAll(/[^\p{L}\p{N}]/gu, ''))
}

/** Whether stretches such as `aaaa`, `1234` or `dcba` make up so much of it that each has three characters or more. */
function isSimple(folded: string): boolean {
  const codes = [...folded].map((character) => character.codePointAt(0)!)
  let stretches = 0
  let step: number | undefined
  for (const [i, code] of codes.entries()) {
    const difference = i === 0 ? Number.NaN : code - codes[i - 1]!
    const goes = Math.abs(difference) <= 1 && (step === undefined || step === difference)
    if (!goes) stretches++
    step = goes ? difference : undefined
  }
  return codes.length > 0 && stretches * 3 <= codes.length
}

function isCommon(folded: string, common: ReadonlySet<string>): boolean {
  // A common word stays one with digits and signs around it.
  const word = folded.replaceAll(/^\P{L}+|\P{L}+$/gu, '')
  return common.has(folded) || (word.length >= WORD_LENGTH_MIN && common.has(word))
}
