/** Number of the token that ends a text, the first one after those that stand for text. */
export const END_OF_TEXT = 50_256
/** Begins every text. */
export const START_OF_TEXT = 50_257
/** Says that the recording holds no speech. */
export const NO_SPEECH = 50_361
/** Stands for the time 0 of the window; the tokens after it stand for later times, up to 30 s. */
export const FIRST_TIME = 50_363
/** From one time token to the next, in seconds. */
export const TIME_SECONDS = 0.02
/** All tokens that the network knows. */
export const TOKENS = 51_864

/** Signs that describe sounds or layout instead of words, as the original refuses to write them. */
const SOUND_SIGNS = [
  ...'"#()*+/:;<=>@[\\]^_`{|}~「」『』♩♪♫♬♭♮♯',
  ...['<<', '>>', '<<<', '>>>', '--', '---', '-(', '-[', "('", '("', '((', '))', '(((', ')))', '[[', ']]', '{{', '}}'],
  ...['♪♪', '♪♪♪'],
]

/** The texts of Whisper's tokens (English models). */
export class Vocabulary {
  readonly #tokens: readonly Buffer[]
  /** Tokens that are never written. */
  readonly unwanted: ReadonlySet<number>
  /** Tokens that a text cannot begin with: a bare space, and its end. */
  readonly notFirst: ReadonlySet<number>

  /** Takes the vocabulary file: a JSON list of the bytes of each text token in base64; throws when it is another. */
  constructor(json: string) {
    const list: unknown = JSON.parse(json)
    if (!Array.isArray(list) || list.length < END_OF_TEXT || !list.every((item) => typeof item === 'string')) {
      throw new Error('the vocabulary is not that of an English Whisper model')
    }
    this.#tokens = list.map((item: string) => Buffer.from(item, 'base64'))
    const ids = new Map(this.#tokens.map((bytes, id) => [bytes.toString('latin1'), id]))
    const idOf = (text: string): number | undefined => ids.get(Buffer.from(text).toString('latin1'))
    const signs = SOUND_SIGNS.flatMap((sign) => [idOf(sign), idOf(` ${sign}`)])
    this.unwanted = new Set([...signs, idOf(' -'), idOf(" '")].filter((id) => id !== undefined))
    this.notFirst = new Set([idOf(' ') ?? END_OF_TEXT, END_OF_TEXT])
  }

  /** The text of tokens; a character may be spread over several of them. */
  text(ids: readonly number[]): string {
    return Buffer.concat(ids.map((id) => this.#tokens[id] ?? Buffer.alloc(0))).toString('utf8')
  }
}
