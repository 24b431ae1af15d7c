/** English numbers in words. */

const SMALL =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  )
const TENS = ' ten twenty thirty forty fifty sixty seventy eighty ninety'.split(' ')
const THOUSANDS = ['', ' thousand', ' million', ' billion', ' trillion']
/** Longer rows of digits are no amounts but numbers of things, said digit by digit. */
const DIGITS_MAX = 15

const ORDINALS: Readonly<Record<string, string>> = {
  one: 'first',
  two: 'second',
  three: 'third',
  five: 'fifth',
  eight: 'eighth',
  nine: 'ninth',
  twelve: 'twelfth',
}

/** 0 to 999. */
function hundreds(value: number): string {
  const [hundred, rest] = [Math.floor(value / 100), value % 100]
  const parts = hundred > 0 ? [`${SMALL[hundred]} hundred`] : []
  if (rest >= 20) parts.push(rest % 10 === 0 ? TENS[rest / 10]! : `${TENS[Math.floor(rest / 10)]} ${SMALL[rest % 10]}`)
  else if (rest > 0 || hundred === 0) parts.push(SMALL[rest]!)
  return parts.join(' ')
}

/** A row of digits as a number: "1205" is "one thousand two hundred five"; long ones digit by digit. */
export function cardinal(digits: string): string {
  const trimmed = digits.replace(/^0+(?=\d)/, '')
  if (trimmed.length > DIGITS_MAX) return digitByDigit(digits)
  const groups: string[] = []
  for (let end = trimmed.length, power = 0; end > 0; end -= 3, power++) {
    const value = Number(trimmed.slice(Math.max(0, end - 3), end))
    if (value > 0) groups.unshift(hundreds(value) + THOUSANDS[power])
  }
  return groups.join(' ') || SMALL[0]!
}

/** Each digit by its name. */
export const digitByDigit = (digits: string): string => [...digits].map((digit) => SMALL[Number(digit)]).join(' ')

/** A place in a row: "21" is "twenty first". */
export function ordinal(digits: string): string {
  const words = cardinal(digits).split(' ')
  const last = words.pop()!
  const formed = ORDINALS[last] ?? (last.endsWith('y') ? `${last.slice(0, -1)}ieth` : `${last}th`)
  return [...words, formed].join(' ')
}

/** Four digits as a year: "1984" is "nineteen eighty four", "2009" "two thousand nine". */
export function year(digits: string): string {
  const [century, rest] = [Number(digits.slice(0, 2)), Number(digits.slice(2))]
  if (century % 10 === 0 && rest < 10) return cardinal(digits)
  if (rest === 0) return `${hundreds(century)} hundred`
  return `${hundreds(century)} ${rest < 10 ? `oh ${SMALL[rest]}` : hundreds(rest)}`
}
