/** Longest string that is checked character by character: beyond it a regular expression is faster. */
const SHORT_STRING = 40
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that JSON must escape
const NEEDS_ESCAPE = /["\\\u0000-\u001f\ud800-\udfff]/

/** A JSON string literal. */
export function quote(text: string): string {
  const length = text.length
  if (length <= SHORT_STRING) {
    for (let i = 0; i < length; i++) {
      const c = text.charCodeAt(i)
      if (c < 32 || c === 34 || c === 92 || c >= 0xd800) return JSON.stringify(text)
    }
    return `"${text}"`
  }
  return NEEDS_ESCAPE.test(text) ? JSON.stringify(text) : `"${text}"`
}

/** A double as JSON; what JSON can't say as a number becomes the string that protobuf agreed on. */
export function doubleText(value: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0'
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? '"NaN"' : value > 0 ? '"Infinity"' : '"-Infinity"'
}

// SCALE[i] * value has six significant digits left of the point when LIMIT[i] <= value < LIMIT[i] * 10.
const LOWEST = -6
const HIGHEST = 8
const LIMIT = Array.from({ length: HIGHEST - LOWEST + 2 }, (_, i) => Number(`1e${i + LOWEST}`))
const SCALE = Array.from({ length: HIGHEST - LOWEST + 1 }, (_, i) => 5 - (i + LOWEST))
// Looked up, because computing a power takes longer than all else here.
const POWER = Array.from({ length: 5 - LOWEST + 4 }, (_, i) => 10 ** i)

/**
 * The shortest decimal that reads back as the same float32: 0.97, not 0.9700000286102295.
 *
 * Six digits are always enough to tell short decimals apart and nine to tell all floats apart, so at most four tries.
 */
export function floatText(value: number): string {
  const float = Math.fround(value)
  if (Number.isInteger(float) && Math.abs(float) < 2 ** 24) return Object.is(float, -0) ? '-0' : String(float)
  const size = Math.abs(float)
  if (size >= LIMIT[0]! && size < LIMIT[LIMIT.length - 1]!) {
    // Most floats of this program are scores between 0.1 and 1.
    let i = size >= 0.1 ? -LOWEST - 1 : 0
    while (size >= LIMIT[i + 1]!) i++
    const scale = SCALE[i]!
    for (let digits = scale; digits < scale + 4; digits++) {
      const short = digits >= 0 ? roundAt(float, POWER[digits]!) : Math.round(float / POWER[-digits]!) * POWER[-digits]!
      if (Math.fround(short) === float) return String(short)
    }
  }
  return Number.isFinite(float) ? slowFloatText(float) : doubleText(float)
}

function roundAt(value: number, power: number): number {
  return Math.round(value * power) / power
}

/** For sizes that scores, boxes and embeddings hardly ever have. */
function slowFloatText(float: number): string {
  // From one digit on, because the smallest floats have less than six.
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(float.toPrecision(digits))
    if (Math.fround(short) === float) return String(short)
  }
  return String(Number(float.toPrecision(9)))
}
