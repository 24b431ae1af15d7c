import { stemmer } from 'stemmer'
import { AppError } from '../../base/errors.ts'
import type { StatusCode } from '../../contract/status-code.ts'
import type { SearchWord, SearchWords } from '../../store/repos/search.ts'

/** Most words of a keyword search; further ones are refused. */
export const SEARCH_WORDS_MAX = 32

/** What list calls search by: `search` with keywords, or the older `query` with words as they are. */
export interface SearchTexts {
  readonly search: string
  readonly query?: string
}

/**
 * The words of a list call's search; undefined when it searches for nothing. Those of `search` go by their stems, so
 * that "satisfy" finds "satisfied"; in `query` OR parts alternatives and `-` before a word means without it.
 */
export function readSearch({ search, query = '' }: SearchTexts, code: StatusCode): SearchWords | undefined {
  const text = search.trim() || query.trim()
  if (text === '') return undefined
  const alternatives = search.trim() ? [words(text).map(stem)] : text.split(/\s+OR\s+/).map(queryWords)
  const count = alternatives.flat().length
  if (count > SEARCH_WORDS_MAX) {
    throw new AppError(code, `The search has ${count} words; use at most ${SEARCH_WORDS_MAX}.`)
  }
  return alternatives
}

/** Refuses an order by relevance where there is nothing to be relevant for. */
export function checkRelevance(byRelevance: boolean, { search }: SearchTexts, code: StatusCode): void {
  if (byRelevance && search.trim() === '') {
    throw new AppError(
      code,
      'sort_by_relevance orders the results of a search; give one in the field search, or another order.',
    )
  }
}

const words = (text: string): string[] => text.split(/[\s,;]+/).filter((word) => word !== '')

const queryWords = (text: string): SearchWord[] =>
  words(text).map((word) =>
    word.startsWith('-') && word !== '-' ? { text: word.slice(1), not: true } : { text: word },
  )

// A stem that ends in i stands for a y of the word itself.
const stem = (word: string): SearchWord => ({
  text: /^[a-z]+$/i.test(word) ? stemmer(word).replace(/i$/, '') || word : word,
})
