/** Chooses the tokens of a text with times in it: each sentence stands between the times of its begin and its end. */
import type { Dialect } from './dialect.ts'
import { TIME_SECONDS, type Vocabulary } from './vocabulary.ts'

/** The first sentence begins at most this late, in seconds: the window begins where somebody speaks. */
const FIRST_TIME_MAX_SECONDS = 1

const isTime = (token: number | undefined, { firstTime }: Dialect): boolean => token !== undefined && token >= firstTime

/**
 * The likeliest token after `written` under the rules that the network was trained with: first a time, then text, then
 * two times (end of one sentence and begin of the next) or a time and the end; times never go back. `logits` are those
 * of all tokens.
 */
export function nextToken(logits: Float32Array, written: readonly number[], vocabulary: Vocabulary): number {
  const { dialect } = vocabulary
  const { endOfText, firstTime, tokens } = dialect
  const [beforeLast, last] = [written.at(-2), written.at(-1)]
  if (last === undefined) return best(logits, firstTime, firstTime + FIRST_TIME_MAX_SECONDS / TIME_SECONDS)
  const afterTime = isTime(last, dialect)
  const isSentenceOpen = afterTime && (beforeLast === undefined || isTime(beforeLast, dialect))
  const text = isSentenceOpen || !afterTime ? bestText(logits, written, vocabulary) : endOfText
  if (isSentenceOpen) return text
  const earliest = written.findLast((token) => isTime(token, dialect))! + (afterTime ? 0 : 1)
  const time = best(logits, earliest, tokens - 1)
  if (afterTime) return logits[endOfText]! > logits[time]! ? endOfText : time
  return timesOutweigh(logits, earliest, tokens, logits[text]!) ? time : text
}

function best(logits: Float32Array, from: number, to: number): number {
  let token = Math.min(from, to)
  for (let id = token + 1; id <= to; id++) if (logits[id]! > logits[token]!) token = id
  return token
}

function bestText(logits: Float32Array, written: readonly number[], vocabulary: Vocabulary): number {
  const { unwanted, notFirst } = vocabulary
  const { endOfText } = vocabulary.dialect
  const isFirst = written.length === 1
  let token = endOfText
  let top = isFirst ? Number.NEGATIVE_INFINITY : logits[endOfText]!
  for (let id = 0; id < endOfText; id++) {
    if (logits[id]! <= top || unwanted.has(id) || (isFirst && notFirst.has(id))) continue
    token = id
    top = logits[id]!
  }
  return token
}

/** Whether all times together are likelier than the likeliest text token. */
function timesOutweigh(logits: Float32Array, from: number, tokens: number, textLogit: number): boolean {
  let sum = 0
  for (let id = from; id < tokens; id++) sum += Math.exp(logits[id]! - textLogit)
  return sum > 1
}

/** A sentence of a window; times in seconds from its start. */
export interface Sentence {
  readonly begin: number
  readonly end: number
  readonly text: string
}

/** Takes written tokens apart into sentences; one whose end is missing ends with the window, at `seconds`. */
export function sentences(written: readonly number[], vocabulary: Vocabulary, seconds: number): Sentence[] {
  const { dialect } = vocabulary
  const found: Sentence[] = []
  let begin = 0
  let tokens: number[] = []
  const close = (end: number): void => {
    const text = vocabulary.text(tokens).trim()
    if (text !== '') found.push({ begin: Math.min(begin, seconds), end: Math.min(Math.max(begin, end), seconds), text })
    tokens = []
  }
  for (const token of written) {
    if (!isTime(token, dialect)) {
      tokens.push(token)
      continue
    }
    const time = (token - dialect.firstTime) * TIME_SECONDS
    close(time)
    begin = time
  }
  close(seconds)
  return found
}

/** A group of tokens that comes this often in a row is the network stuck in a loop. */
const LOOP_REPEATS = 4
/** Longest group of tokens that is looked at for loops. */
const LOOP_TOKENS_MAX = 12

/**
 * Tokens at the end of a text that only repeat what comes before them: the second to last of LOOP_REPEATS equal groups.
 * 0 when the text does not end so.
 */
export function loopTail(tokens: readonly number[]): number {
  for (let length = 1; length <= LOOP_TOKENS_MAX && length * LOOP_REPEATS <= tokens.length; length++) {
    let repeats = true
    for (let at = tokens.length - length * LOOP_REPEATS; repeats && at < tokens.length - length; at++) {
      repeats = tokens[at] === tokens[at + length]
    }
    if (repeats) return length * (LOOP_REPEATS - 1)
  }
  return 0
}
