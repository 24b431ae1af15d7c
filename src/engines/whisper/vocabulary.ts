import { type Dialect, ENGLISH } from './dialect.ts'

/** From one time token to the next, in seconds. */
export const TIME_SECONDS = 0.02
/** Signs that describe sounds or layout instead of words, as the original refuses to write them. */
const SOUND_SIGNS = [
  ...'"#()*+/:;<=>@[\\]^_`{|}~「」『』♩♪♫♬♭♮♯',
  ...['<<', '>>', '<<<', '>>>', '--', '---', '-(', '-[', "('", '("', '((', '))', '(((', ')))', '[[', ']]', '{{', '}}'],
  ...['♪♪', '♪♪♪'],
]

/** The texts of Whisper's tokens. */
export class Vocabulary {
  readonly dialect: Dialect
  readonly #tokens: readonly Buffer[]
  /** Tokens that are never written. */
  readonly unwanted: ReadonlySet<number>
  /** Tokens that a text cannot begin with: a bare space, and its end. */
  readonly notFirst: ReadonlySet<number>

  /** Takes the vocabulary file: a JSON list of the bytes of each text token in base64; throws when it is another. */
  constructor(json: string, dialect: Dialect = ENGLISH) {
    const { endOfText } = dialect
    const list: unknown = JSON.parse(json)
    if (!Array.isArray(list) || list.length < endOfText || !list.every((item) => typeof item === 'string')) {
      throw new Error('the vocabulary is not that of this kind of Whisper model')
    }
    this.dialect = dialect
    this.#tokens = list.map((item: string) => Buffer.from(item, 'base64'))
    const ids = new Map(this.#tokens.map((bytes, id) => [bytes.toString('latin1'), id]))
    const idOf = (text: string): number | undefined => ids.get(Buffer.from(text).toString('latin1'))
    const signs = SOUND_SIGNS.flatMap((sign) => [idOf(sign), idOf(` ${sign}`)])
    this.unwanted = new Set([...signs, idOf(' -'), idOf(" '")].filter((id) => id !== undefined))
    this.notFirst = new Set([idOf(' ') ?? endOfText, endOfText])
  }

  /** The text of tokens; a character may be spread over several of them. */
  text(ids: readonly number[]): string {
    return Buffer.concat(ids.map((id) => this.#tokens[id] ?? Buffer.alloc(0))).toString('utf8')
  }
}
