import { cardinal, digitByDigit, ordinal, year } from './numbers.ts'

/** Shortened words with their dot, as they are said. */
const SHORT: Readonly<Record<string, string>> = {
  mr: 'mister',
  mrs: 'missus',
  ms: 'miz',
  dr: 'doctor',
  prof: 'professor',
  st: 'saint',
  jr: 'junior',
  sr: 'senior',
  vs: 'versus',
  etc: 'et cetera',
  approx: 'approximately',
  dept: 'department',
  no: 'number',
}
const SHORT_PATTERN = new RegExp(`\\b(${Object.keys(SHORT).join('|')})\\.(?=\\s+[\\w"(]|\\s*$|,)`, 'gi')
/** "no." ends a sentence more often than it counts; it counts only before digits. */
const COUNTED = /\bno\.\s*(?=\d)/gi

const CURRENCY: Readonly<Record<string, readonly [string, string, string, string]>> = {
  $: ['dollar', 'dollars', 'cent', 'cents'],
  '£': ['pound', 'pounds', 'penny', 'pence'],
  '€': ['euro', 'euros', 'cent', 'cents'],
}

const SIGNS: readonly (readonly [RegExp, string])[] = [
  [/&/g, ' and '],
  [/%/g, ' percent'],
  [/@/g, ' at '],
  [/°\s*C\b/g, ' degrees celsius'],
  [/°\s*F\b/g, ' degrees fahrenheit'],
  [/°/g, ' degrees'],
  [/#(?=\d)/g, ' number '],
  [/(?<=[\d\s])=(?=[\d\s])/g, ' equals '],
  [/(?<=[\d\s])\+(?=[\d\s])/g, ' plus '],
  [/(?<=\d)\s*[x×]\s*(?=\d)/g, ' times '],
]

const isYear = (digits: string): boolean => digits >= '1100' && digits <= '2099'

function decimal(text: string): string {
  const [whole, fraction] = text.replaceAll(',', '').split('.')
  const spoken = cardinal(whole || '0')
  return fraction ? `${spoken} point ${digitByDigit(fraction)}` : spoken
}

function money(sign: string, amount: string, scale: string | undefined): string {
  const [one, many, smallOne, smallMany] = CURRENCY[sign]!
  if (scale) return `${decimal(amount)} ${scale} ${many}`
  const [whole = '0', fraction = ''] = amount.replaceAll(',', '').split('.')
  const small = fraction.length === 2 ? Number(fraction) : 0
  if (fraction !== '' && fraction.length !== 2) return `${decimal(amount)} ${many}`
  const large = `${cardinal(whole)} ${Number(whole) === 1 ? one : many}`
  if (small === 0) return large
  return `${large} and ${cardinal(String(small))} ${small === 1 ? smallOne : smallMany}`
}

function clock(hours: string, minutes: string): string {
  const minute = Number(minutes)
  if (minute === 0) return `${cardinal(hours)} o'clock`
  return `${cardinal(hours)} ${minute < 10 ? `oh ${cardinal(minutes)}` : cardinal(minutes)}`
}

/**
 * A text as it is read aloud: numbers, amounts, times and signs become English words, everything is one of the letters
 * a-z, an apostrophe, a blank or a punctuation mark. What has no English reading is left out.
 */
export function spoken(text: string): string {
  let words = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[‘’ʼ`´]/g, "'")
    .replace(/[“”«»„]/g, '"')
    .replace(/[–—―]|\s-{1,2}\s|--/g, ' — ')
    .replace(/\.{3,}/g, '…')
    .replace(/[‐‑‒]/g, '-')
    .replace(/\r?\n\s*\r?\n/g, '. ')
    .replace(/\be\.\s?g\.,?/gi, 'for example,')
    .replace(/\bi\.\s?e\.,?/gi, 'that is,')
    .replace(COUNTED, 'number ')
    .replace(SHORT_PATTERN, (whole, word: string) => (word.toLowerCase() === 'no' ? whole : SHORT[word.toLowerCase()]!))
  words = words
    .replace(/([$£€])\s?(\d[\d,]*(?:\.\d+)?)(?:\s?(thousand|million|billion|trillion)\b)?/g, (_, sign, amount, scale) =>
      money(sign as string, amount as string, scale as string | undefined),
    )
    .replace(/\b([01]?\d|2[0-3]):([0-5]\d)\b/g, (_, hours: string, minutes: string) => clock(hours, minutes))
  for (const [pattern, word] of SIGNS) words = words.replace(pattern, word)
  words = words
    .replace(/\b(\d+)(?:st|nd|rd|th)\b/gi, (_, digits: string) => ordinal(digits))
    .replace(/\b(\d{3,4})s\b/g, (_, digits: string) => plural(digits.length === 4 ? year(digits) : cardinal(digits)))
    .replace(/(?<=\d)-(?=\d)/g, ' to ')
    .replace(/(?<![\w.])-(?=\d)/g, 'minus ')
    .replace(/\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+/g, (number) => ` ${decimal(number)} `)
    .replace(/\d+/g, (digits) => ` ${spokenDigits(digits)} `)
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .replace(/[^A-Za-z';:,.!?—…"() -]/g, ' ')
    .replace(/-/g, ' ')
  return words
    .replace(/\s+/g, ' ')
    .replace(/ (?=[;:,.!?…])/g, '')
    .trim()
}

const plural = (words: string): string => (words.endsWith('y') ? `${words.slice(0, -1)}ies` : `${words}s`)

function spokenDigits(digits: string): string {
  if (digits.length === 4 && isYear(digits)) return year(digits)
  return digits.startsWith('0') && digits.length > 1 ? digitByDigit(digits) : cardinal(digits)
}
