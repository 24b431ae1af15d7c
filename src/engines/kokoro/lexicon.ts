import { soundsOf } from '../../base/letter-sounds.ts'

/** Longest row of capitals that is spelt when it is no word. */
const SPELT_MAX = 5
/** Shortest half of a word that may be two words in one. */
const HALF_MIN = 3
/** Longest word that is looked at; longer ones are cut. */
const WORD_CHARS_MAX = 40

/** The sounds of English words, in the notation of CMUdict ("HH AH0 L OW1"). */
export class Lexicon {
  readonly #words = new Map<string, string>()
  readonly #letters: ReadonlyMap<string, string>

  /** `dictionary` has a word and its sounds per line; `letters` is the table of learnLetterSounds as JSON. */
  constructor(dictionary: string, letters: string) {
    for (const line of dictionary.split('\n')) {
      const blank = line.indexOf(' ')
      if (blank > 0) this.#words.set(line.slice(0, blank), line.slice(blank + 1))
    }
    this.#letters = new Map(JSON.parse(letters) as [string, string][])
  }

  /** The sounds of a word as it is written, whether the dictionary has it or not. */
  sounds(written: string): readonly string[] {
    const given = written.slice(0, WORD_CHARS_MAX)
    const word = given.toLowerCase()
    const found = this.#words.get(word) ?? this.#words.get(word.replace(/^'+|'+$/g, ''))
    if (found !== undefined) return found.split(' ')
    if (word.endsWith("'s")) return possessive(this.sounds(given.slice(0, -2)))
    const isSpelt = (given.length <= SPELT_MAX && given === given.toUpperCase()) || !/[aeiouy]/.test(word)
    const letters = word.replaceAll("'", '')
    if (isSpelt) return [...letters].flatMap((letter) => this.#words.get(`${letter}.`)?.split(' ') ?? [])
    return this.#twoWords(letters) ?? oneStress(soundsOf(this.#letters, letters))
  }

  /** A word that is two known ones in one, cut where the halves are most alike in length. */
  #twoWords(word: string): readonly string[] | undefined {
    const middle = word.length / 2
    const cuts = Array.from({ length: Math.max(0, word.length - 2 * HALF_MIN + 1) }, (_, at) => at + HALF_MIN)
    for (const cut of cuts.sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle))) {
      const [first, second] = [this.#words.get(word.slice(0, cut)), this.#words.get(word.slice(cut))]
      if (first && second) return [...first.split(' '), ...second.replaceAll('1', '2').split(' ')]
    }
    return undefined
  }
}

/** The ending 's sounds like that of plurals. */
function possessive(sounds: readonly string[]): readonly string[] {
  const last = sounds.at(-1) ?? ''
  if (/^(S|Z|SH|ZH|CH|JH)$/.test(last)) return [...sounds, 'IH0', 'Z']
  return [...sounds, /^(P|T|K|F|TH)$/.test(last) ? 'S' : 'Z']
}

/** Sounds of which one vowel is stressed; letters by themselves do not see to that. */
function oneStress(sounds: readonly string[]): readonly string[] {
  const stressed = sounds.findIndex((sound) => sound.endsWith('1'))
  const chosen = stressed >= 0 ? stressed : sounds.findIndex((sound) => /\d$/.test(sound))
  return sounds.map((sound, at) => {
    if (at === chosen) return sound.replace(/\d$/, '1')
    return sound.replace(/1$/, '2')
  })
}
