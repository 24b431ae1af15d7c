/** Longest word that is looked up in pieces, in characters, as in the original tokenizer. */
const WORD_CHARS_MAX = 100

/** Splits English text into the pieces of a BERT vocabulary (uncased): ids between those of [CLS] and [SEP]. */
export class WordPiece {
  readonly #ids: ReadonlyMap<string, number>
  readonly #start: number
  readonly #end: number
  readonly #unknown: number

  /** Takes the vocabulary file: one piece a line, its id being the line number from 0. */
  constructor(vocabulary: string) {
    const lines = vocabulary.split('\n').map((line) => line.replace(/\r$/, ''))
    this.#ids = new Map(lines.map((piece, id) => [piece, id]))
    const special = (piece: string): number => {
      const id = this.#ids.get(piece)
      if (id === undefined) throw new Error(`the vocabulary has no ${piece}`)
      return id
    }
    this.#start = special('[CLS]')
    this.#end = special('[SEP]')
    this.#unknown = special('[UNK]')
  }

  /** The ids of a text, at most `limit` of them with the first and last; what does not fit is cut off. */
  encode(text: string, limit: number): number[] {
    const ids = [this.#start]
    for (const word of words(text)) {
      if (ids.length >= limit - 1) break
      ids.push(...this.#pieces(word))
    }
    return [...ids.slice(0, limit - 1), this.#end]
  }

  /** Takes the longest known piece off the front again and again; a word that cannot be split so is unknown. */
  #pieces(word: string): number[] {
    const chars = [...word]
    if (chars.length > WORD_CHARS_MAX) return [this.#unknown]
    const pieces: number[] = []
    for (let start = 0; start < chars.length; ) {
      let end = chars.length
      let id: number | undefined
      for (; end > start; end--) {
        id = this.#ids.get((start > 0 ? '##' : '') + chars.slice(start, end).join(''))
        if (id !== undefined) break
      }
      if (id === undefined) return [this.#unknown]
      pieces.push(id)
      start = end
    }
    return pieces
  }
}

const ACCENTS = /\p{Mn}/gu
const CONTROL = /[\p{Cc}\p{Cf}\ufffd]/gu
/** What the original counts as punctuation: all Unicode punctuation and every ASCII sign. */
const PUNCTUATION = /[\p{P}$+<=>^`|~]/gu
/** Ideographs that stand for words of their own. */
const IDEOGRAPHS =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b820}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu

/** Lower-case words, signs and ideographs of a text, without accents. */
function words(text: string): string[] {
  return text
    .replaceAll(/[\t\n\r]/g, ' ')
    .replaceAll(CONTROL, '')
    .toLowerCase()
    .normalize('NFD')
    .replaceAll(ACCENTS, '')
    .replaceAll(IDEOGRAPHS, ' $& ')
    .replaceAll(PUNCTUATION, ' $& ')
    .split(/\s+/)
    .filter((word) => word !== '')
}
