/** What a token leaves behind that is only half of a letter. */
const HALF_LETTER = '\u{FFFD}'

/**
 * The text of an answer while it is being written: without blanks at its ends, cut off before the first of some texts
 * that end it. What may still turn out to be such a text, or to be no blank at its end, is held back.
 */
export class AnswerText {
  readonly #stops: readonly string[]
  readonly #say: ((piece: string) => void) | undefined
  #said = 0
  #text = ''

  constructor(stops: readonly string[], say?: (piece: string) => void) {
    this.#stops = stops
    this.#say = say
  }

  /** The text so far. */
  get text(): string {
    return this.#text
  }

  /** Takes the whole answer as far as it is written; true when a text has ended it. */
  write(whole: string): boolean {
    const begun = whole.trimStart()
    const ends = this.#stops.map((stop) => begun.indexOf(stop)).filter((at) => at >= 0)
    const ended = ends.length > 0
    this.#text = (ended ? begun.slice(0, Math.min(...ends)) : begun).trimEnd()
    if (ended) this.#sayUpTo(this.#text.length)
    else if (!this.#text.endsWith(HALF_LETTER))
      this.#sayUpTo(this.#text.slice(0, this.#text.length - this.#openLength()).trimEnd().length)
    return ended
  }

  /** Says what was held back. */
  finish(): void {
    this.#sayUpTo(this.#text.length)
  }

  /** How much of the end may be the begin of a text that ends the answer. */
  #openLength(): number {
    let open = 0
    for (const stop of this.#stops) {
      for (let length = Math.min(stop.length - 1, this.#text.length); length > open; length--) {
        if (this.#text.endsWith(stop.slice(0, length))) open = length
      }
    }
    return open
  }

  #sayUpTo(end: number): void {
    if (end <= this.#said) return
    this.#say?.(this.#text.slice(this.#said, end))
    this.#said = end
  }
}
