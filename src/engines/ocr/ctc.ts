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
 * Reads the most likely text out of class probabilities (steps * alphabet.length values): the best class of each
 * step, repetitions and blanks (class 0) left out.
 */
export function decodeCtc(probabilities: Float32Array, alphabet: readonly string[]): ReadText {
  const classes = alphabet.length
  let [text, sum, count, before] = ['', 0, 0, 0]
  for (let step = 0; step < probabilities.length; step += classes) {
    let best = 0
    for (let at = 1; at < classes; at++) if (probabilities[step + at]! > probabilities[step + best]!) best = at
    if (best !== 0 && best !== before) {
      text += alphabet[best]
      sum += probabilities[step + best]!
      count++
    }
    before = best
  }
  return { text: text.trim(), score: count > 0 ? sum / count : 0 }
}
