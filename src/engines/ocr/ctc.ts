/** Text read from one line and the mean probability of its characters, 0 for no text. */
export interface ReadText {
  readonly text: string
  readonly score: number
}

/** The characters of the network's classes: the blank, the lines of the keys file, the space. */
export function alphabetOf(keysFile: string): string[] {
  const keys = keysFile.split('\n').map((line) => line.replace(/\r$/, ''))
  if (keys.at(-1) === '') keys.pop()
  return ['', ...keys, ' ']
}

/**
 * Probability from which a space counts although the network thinks nothing likelier: it misses many spaces narrowly,
 * as it learnt mostly Chinese. Inside of words it was below .006 in 600 characters of print, between words mostly far
 * above.
 */
const SPACE_MIN = 0.015

/**
 * Reads the most likely text out of class probabilities (steps * alphabet.length values): the best class of each
 * step, repetitions and blanks (class 0) left out, with spaces where the network nearly saw one.
 */
export function decodeCtc(probabilities: Float32Array, alphabet: readonly string[]): ReadText {
  const classes = alphabet.length
  const space = classes - 1
  let [text, sum, count, before, gap] = ['', 0, 0, 0, 0]
  for (let step = 0; step < probabilities.length; step += classes) {
    let best = 0
    for (let at = 1; at < classes; at++) if (probabilities[step + at]! > probabilities[step + best]!) best = at
    gap = Math.max(gap, probabilities[step + space]!)
    if (best !== 0 && best !== before) {
      if (gap >= SPACE_MIN && best !== space && !text.endsWith(' ')) text += ' '
      text += alphabet[best]
      gap = 0
      sum += probabilities[step + best]!
      count++
    }
    before = best
  }
  return { text: text.trim(), score: count > 0 ? sum / count : 0 }
}
