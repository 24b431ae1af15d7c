import { create } from '@bufbuild/protobuf'
import { type Concept, ConceptSchema, DataSchema } from '../../contract/index.ts'
import type { EngineSetup } from '../engine.ts'
import { invalidParam } from '../params.ts'
import { MAX_KEYWORDS } from './limits.ts'
import { operator } from './operator.ts'
import { searchedText, valued } from './texts.ts'

interface Keyword {
  /** In small letters. */
  readonly phrase: string
  readonly words: readonly string[]
  readonly concept: Concept
}

const WORDS = /[\p{L}\p{M}\p{N}_]+/gu
const WORD_END = /[\p{L}\p{M}\p{N}_]$/u
const WORD_START = /^[\p{L}\p{M}\p{N}_]/u
/** Scripts that write words without blanks between them, so that "whole words" cannot be told apart. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u

/**
 * Answers the words of its list that a text holds, as concepts with value 1, in the order of the list. Words are its
 * concepts' names (or ids) and the parameter `keywords`; only whole words and phrases count, case does not matter.
 */
export const keywordFilter = operator('keyword-filter-operator', (setup) => {
  const keywords = keywordsOf(setup)
  return (item) => {
    const text = searchedText(item).toLowerCase()
    const words = new Set(text.match(WORDS))
    const found = keywords.filter((keyword) => holds(text, words, keyword))
    return create(DataSchema, { concepts: found.map(({ concept }) => valued(concept, 1)) })
  }
})

function keywordsOf({ params, concepts }: EngineSetup): Keyword[] {
  const given = params.keywords ?? []
  if (!Array.isArray(given) || !given.every((word) => typeof word === 'string')) {
    throw invalidParam('The parameter keywords must be a list of words.')
  }
  const all = [...concepts, ...given.map((word) => create(ConceptSchema, { id: word, name: word }))]
  if (all.length > MAX_KEYWORDS) {
    throw invalidParam(`The keyword filter has ${all.length} words; use at most ${MAX_KEYWORDS}.`)
  }
  const firsts = new Map<string, Keyword>()
  for (const concept of all) {
    const phrase = (concept.name || concept.id).trim().toLowerCase()
    if (phrase !== '' && !firsts.has(phrase)) firsts.set(phrase, { phrase, words: phrase.match(WORDS) ?? [], concept })
  }
  return [...firsts.values()]
}

function holds(text: string, words: ReadonlySet<string>, { phrase, words: parts }: Keyword): boolean {
  if (UNSPACED.test(phrase)) return text.includes(phrase)
  // The set of words decides nearly always; searching the text for every phrase would take far longer.
  if (!parts.every((part) => words.has(part))) return false
  if (parts.length === 1 && parts[0] === phrase) return true
  for (let at = text.indexOf(phrase); at >= 0; at = text.indexOf(phrase, at + 1)) {
    if (!isJoined(text, at) && !isJoined(text, at + phrase.length)) return true
  }
  return false
}

/** Whether a word goes on across a place in a text; two units on each side hold any character. */
const isJoined = (text: string, at: number): boolean =>
  WORD_END.test(text.slice(Math.max(0, at - 2), at)) && WORD_START.test(text.slice(at, at + 2))
