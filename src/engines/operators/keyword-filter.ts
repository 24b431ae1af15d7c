import { create } from '@bufbuild/protobuf'
import { type Concept, ConceptSchema, DataSchema } from '../../contract/index.ts'
import type { EngineSetup } from '../engine.ts'
import { invalidParam } from '../params.ts'
import { MAX_KEYWORDS } from './limits.ts'
import { operator } from './operator.ts'
import { searchedText, valued } from './texts.ts'

interface Keyword {
  /** In small letters. */
  readonly word: string
  readonly concept: Concept
}

const WORD_CHARACTER = /[\p{L}\p{N}_]/u

/**
 * Answers the words of its list that a text holds, as concepts with value 1, in the order of the list. Words are its
 * concepts' names (or ids) and the parameter `keywords`; only whole words count, and case does not matter.
 */
export const keywordFilter = operator('keyword-filter-operator', (setup) => {
  const keywords = keywordsOf(setup)
  return (item) => {
    const text = searchedText(item).toLowerCase()
    const concepts = keywords.filter(({ word }) => hasWord(text, word)).map(({ concept }) => valued(concept, 1))
    return create(DataSchema, { concepts })
  }
})

function keywordsOf({ params, concepts }: EngineSetup): Keyword[] {
  const given = params.keywords ?? []
  if (!Array.isArray(given) || !given.every((word) => typeof word === 'string')) {
    throw invalidParam('The parameter keywords must be a list of words.')
  }
  const all = [...concepts, ...given.map((word) => create(ConceptSchema, { id: word, name: word }))]
  const keywords = all
    .map((concept) => ({ word: (concept.name || concept.id).trim().toLowerCase(), concept }))
    .filter(({ word }) => word !== '')
  if (keywords.length > MAX_KEYWORDS) {
    throw invalidParam(`The keyword filter has ${keywords.length} words; use at most ${MAX_KEYWORDS}.`)
  }
  const firsts = new Map<string, Keyword>()
  for (const keyword of keywords) if (!firsts.has(keyword.word)) firsts.set(keyword.word, keyword)
  return [...firsts.values()]
}

function hasWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (!isJoined(text, at) && !isJoined(text, at + word.length)) return true
  }
  return false
}

/** Whether a word goes on across a place in a text. */
function isJoined(text: string, at: number): boolean {
  if (at <= 0 || at >= text.length) return false
  // Half of a surrogate pair is no letter by itself, so whole characters are taken on both sides.
  const before = String.fromCodePoint(text.codePointAt(at - (isLowSurrogate(text, at - 1) ? 2 : 1))!)
  const after = String.fromCodePoint(text.codePointAt(at)!)
  return WORD_CHARACTER.test(before) && WORD_CHARACTER.test(after)
}

function isLowSurrogate(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return at > 0 && code >= 0xdc00 && code <= 0xdfff
}
