import { AppError } from '../../base/errors.ts'
import { readWordQuery, type WordQuery } from '../../base/words.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { QUERY_WORDS_MAX } from './limits.ts'

/** Reads the words that a filter or a rank looks for. Throws AppError 40002 where there are none or too many. */
export function readWords(text: string): WordQuery {
  const query = readWordQuery(text)
  const count = query.any.flatMap(({ all, none }) => [...all, ...none]).flatMap(({ words }) => words).length
  if (count === 0) {
    throw new AppError(
      StatusCode.SEARCH_INVALID_REQUEST,
      'The text to look for has no word that must be there; send words, "words in quotes" or the beginning of one*.',
    )
  }
  if (count > QUERY_WORDS_MAX) {
    throw new AppError(
      StatusCode.SEARCH_INVALID_REQUEST,
      `The text to look for has ${count} words; use at most ${QUERY_WORDS_MAX}.`,
    )
  }
  return query
}

/** The same words, of which one is enough; what must not be there still must not. */
export const anyOf = ({ any }: WordQuery): WordQuery => ({
  any: any.flatMap(({ all, none }) => all.map((phrase) => ({ all: [phrase], none }))),
})
