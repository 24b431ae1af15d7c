import { stemmer } from 'stemmer'

/** Words of one text that searches know; further ones are not looked at. PostgreSQL keeps 16,383 places of a text. */
export const TEXT_WORDS_MAX = 16_000
/** Characters of one text that are read for words. */
const TEXT_CHARS_MAX = 250_000
/** Longest word, in UTF-16 units; a longer one is known by its beginning. */
const WORD_CHARS_MAX = 64

const RUN = /[\p{L}\p{N}\p{M}]+/gu
/** Letters of languages that put no blanks between words. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+/u
const UNSPACED_PARTS = new RegExp(`(${UNSPACED.source})`, 'u')
/** Accents of Latin, Greek and Cyrillic letters. Vowel signs of other scripts are no accents. */
const ACCENTS = /[\u0300-\u036f]/g
const ENGLISH = /^[a-z]+$/

/** Text without case, accents and other differences of writing that searches pass over. */
const fold = (text: string): string => text.normalize('NFKD').replace(ACCENTS, '').toLowerCase().normalize('NFC')

/** The English stem of a word ("satisfied" and "satisfy" have the same); other words stay as they are. */
const stemOf = (word: string): string => (ENGLISH.test(word) ? stemmer(word) || word : word)

/**
 * The words of a text in its order, as searches know them: without case and accents, English ones by their stems. Where a
 * language has no blanks each two letters that follow one another are a word, and so is the last letter of a run.
 */
export function wordsOf(text: string): string[] {
  const words: string[] = []
  for (const [run] of fold(text.slice(0, TEXT_CHARS_MAX)).matchAll(RUN)) {
    for (const part of run.split(UNSPACED_PARTS)) {
      if (part === '') continue
      if (UNSPACED.test(part)) words.push(...pairs([...part], true))
      else words.push(stemOf(part.slice(0, WORD_CHARS_MAX)))
      if (words.length >= TEXT_WORDS_MAX) return words.slice(0, TEXT_WORDS_MAX)
    }
  }
  return words
}

function pairs(letters: readonly string[], last: boolean): string[] {
  const words = letters.slice(1).map((letter, at) => letters[at]! + letter)
  return last ? [...words, letters.at(-1)!] : words
}

/** Words that must follow one another; of a last one with `prefix` the beginning is enough. */
export interface WordPhrase {
  readonly words: readonly string[]
  readonly prefix: boolean
}

/** What a text is asked for: one of the alternatives, with all phrases of `all` and none of `none`. */
export interface WordQuery {
  readonly any: readonly { readonly all: readonly WordPhrase[]; readonly none: readonly WordPhrase[] }[]
}

/**
 * Reads what somebody looks for: all words, `"words in quotes"` one after the other, `-without`, `begin*`, `this OR that`.
 * Alternatives without a word that must be there are left out.
 */
export function readWordQuery(text: string): WordQuery {
  const any = text.split(/\sOR\s/).map((alternative) => {
    const all: WordPhrase[] = []
    const none: WordPhrase[] = []
    for (const [, minus, quoted, plain] of alternative.matchAll(/(?<![^\s])(-?)(?:"([^"]*)"|(\S+))/gu)) {
      const phrases = quoted === undefined ? readPlain(plain!) : joined(readPlain(quoted))
      if (minus) none.push(...phrases)
      else all.push(...phrases)
    }
    return { all, none }
  })
  return { any: any.filter(({ all }) => all.length > 0) }
}

function readPlain(text: string): WordPhrase[] {
  const phrases: WordPhrase[] = []
  for (const found of fold(text.slice(0, TEXT_CHARS_MAX)).matchAll(/([\p{L}\p{N}\p{M}]+)(\*?)/gu)) {
    const [, run = '', star] = found
    const parts = run.split(UNSPACED_PARTS).filter((part) => part !== '')
    for (const [at, part] of parts.entries()) {
      const prefix = star === '*' && at === parts.length - 1
      phrases.push(UNSPACED.test(part) ? unspaced([...part]) : spaced(part.slice(0, WORD_CHARS_MAX), prefix))
    }
  }
  return phrases
}

// One letter is the beginning of some word wherever it stands.
const unspaced = (letters: readonly string[]): WordPhrase =>
  letters.length === 1 ? { words: letters, prefix: true } : { words: pairs(letters, false), prefix: false }

function spaced(word: string, prefix: boolean): WordPhrase {
  const stem = stemOf(word)
  if (!prefix) return { words: [stem], prefix }
  let same = 0
  while (same < stem.length && stem[same] === word[same]) same++
  return { words: [word.slice(0, Math.max(1, same))], prefix }
}

function joined(phrases: readonly WordPhrase[]): WordPhrase[] {
  const last = phrases.at(-1)
  return last ? [{ words: phrases.flatMap(({ words }) => words), prefix: last.prefix }] : []
}
