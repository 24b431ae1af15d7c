import type { Lexicon } from './lexicon.ts'

/** The signs of the network by the sounds of CMUdict without their stress. */
const SIGNS: Readonly<Record<string, string>> = {
  ...{ AA: 'ɑ', AE: 'æ', AH: 'ʌ', AO: 'ɔ', AW: 'W', AY: 'I', EH: 'ɛ', ER: 'ɜɹ', EY: 'A', IH: 'ɪ', IY: 'i', OW: 'O' },
  ...{ OY: 'Y', UH: 'ʊ', UW: 'u', B: 'b', CH: 'ʧ', D: 'd', DH: 'ð', F: 'f', G: 'ɡ', HH: 'h', JH: 'ʤ', K: 'k', L: 'l' },
  ...{ M: 'm', N: 'n', NG: 'ŋ', P: 'p', R: 'ɹ', S: 's', SH: 'ʃ', T: 't', TH: 'θ', V: 'v', W: 'w', Y: 'j', Z: 'z' },
  ZH: 'ʒ',
}
/** Vowels that sound otherwise without stress. */
const UNSTRESSED: Readonly<Record<string, string>> = { AH: 'ə', ER: 'əɹ' }
const STRESS: Readonly<Record<string, string>> = { 1: 'ˈ', 2: 'ˌ' }

/** Small words that carry no stress in a sentence. */
const WEAK = new Set(
  'a an and as at but by can could did do does for from had has have he her him his i if in into is it its me my of on or our shall she should so than that the their them there these they this to us was we were will with would you your am are be been'.split(
    ' ',
  ),
)

/** Ids of the signs in the network, by sign. */
const IDS: ReadonlyMap<string, number> = new Map(
  Object.entries({
    ...{ ';': 1, ':': 2, ',': 3, '.': 4, '!': 5, '?': 6, '—': 9, '…': 10, '"': 11, '(': 12, ')': 13, ' ': 16 },
    ...{ A: 24, I: 25, O: 31, T: 36, W: 39, Y: 41, b: 44, d: 46, f: 48, h: 50, i: 51, j: 52, k: 53, l: 54, m: 55 },
    ...{ n: 56, p: 58, s: 61, t: 62, u: 63, v: 64, w: 65, z: 68, ɑ: 69, æ: 72, ɔ: 76, ð: 81, ʤ: 82, ə: 83, ɛ: 86 },
    ...{ ɜ: 87, ɡ: 92, ɪ: 102, ŋ: 112, θ: 119, ɹ: 123, ʃ: 131, ʧ: 133, ʊ: 135, ʌ: 138, ʒ: 147, ˈ: 156, ˌ: 157 },
  }),
)

const isVowel = (sound: string | undefined): boolean => sound !== undefined && /\d$/.test(sound)

/** The signs of a word; `next` is the first sound of the word after it. */
function signsOf(word: string, sounds: readonly string[], next: string | undefined): string {
  const small = word.toLowerCase()
  if (small === 'the') return isVowel(next) ? 'ði' : 'ðə'
  if (small === 'a') return 'ə'
  if (small === 'to') return isVowel(next) ? 'tu' : 'tə'
  const weak = WEAK.has(small)
  return sounds
    .map((sound, at) => {
      const name = sound.replace(/\d$/, '')
      const stress = sound.slice(name.length)
      // Between a vowel and one without stress American t and d are the same short tap.
      const taps = name === 'T' && sounds[at + 1]?.endsWith('0') && (isVowel(sounds[at - 1]) || sounds[at - 1] === 'R')
      if (taps) return 'T'
      if (stress === '0') return UNSTRESSED[name] ?? SIGNS[name] ?? ''
      return (weak ? '' : (STRESS[stress] ?? '')) + (SIGNS[name] ?? '')
    })
    .join('')
}

/** Spoken text (see spoken.ts) in the signs of the network; punctuation stays. */
export function phonemes(text: string, lexicon: Lexicon): string {
  const parts = text.match(/[A-Za-z']*[A-Za-z][A-Za-z']*|[;:,.!?—…"()]/g) ?? []
  const sounds = parts.map((part) => (/[A-Za-z]/.test(part) ? lexicon.sounds(part) : undefined))
  let signs = ''
  for (const [at, part] of parts.entries()) {
    const own = sounds[at]
    if (own === undefined) {
      const opens = part === '(' || (part === '"' && isOpening(parts, at))
      signs = opens || part === '—' ? `${signs} ${part}${part === '—' ? ' ' : ''}` : signs + part
    } else {
      const joins = signs === '' || (/[("\s]$/.test(signs) && (parts[at - 1] === '(' || isOpening(parts, at - 1)))
      signs += (joins ? '' : ' ') + signsOf(part, own, sounds[at + 1]?.[0])
    }
  }
  return signs.replace(/\s+/g, ' ').trim()
}

/** Quotation marks open and close by turns. */
const isOpening = (parts: readonly string[], at: number): boolean =>
  parts[at] === '"' && parts.slice(0, at).filter((part) => part === '"').length % 2 === 0

/** The ids of signs; those that the network does not know are left out. */
export const idsOf = (signs: string): number[] => [...signs].flatMap((sign) => IDS.get(sign) ?? [])
