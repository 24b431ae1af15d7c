import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import { countParam, invalidParam, numberParam, textParam } from '../params.ts'
import type { Turn } from './forms.ts'
import { CONTEXT_TOKENS_MAX, STOP_CHARS_MAX, STOPS_MAX, SYSTEM_CHARS_MAX, TALK_CHARS_MAX, TURNS_MAX } from './limits.ts'
import type { Sampling } from './sampling.ts'

/** What a caller asks of an answer. */
export interface AnswerSettings {
  readonly sampling: Sampling
  readonly maxTokens: number
  readonly stops: readonly string[]
  readonly system: string
  /** Turns before what the input says; where there are any, the input says nothing. */
  readonly turns: readonly Turn[]
  /** A number from 0 to below 1 for each token. */
  readonly random: () => number
}

/** Reads the parameters of a language model; throws AppError 21202 for those that make no sense. */
export function answerSettings(params: JsonObject): AnswerSettings {
  return {
    sampling: {
      temperature: numberParam(params, 'temperature', { otherwise: 0.7, min: 0, max: 2 }),
      topP: numberParam(params, 'top_p', { otherwise: 0.95, min: 0, max: 1 }),
    },
    maxTokens: countParam(params, 'max_tokens', { otherwise: 512, min: 1, max: CONTEXT_TOKENS_MAX }),
    stops: stopsOf(params.stop),
    system: textParam(params, 'system_prompt', { otherwise: '', max: SYSTEM_CHARS_MAX }),
    turns: turnsOf(params.messages),
    random: randomOf(params.seed),
  }
}

function stopsOf(given: JsonValue | undefined): readonly string[] {
  if (given === undefined || given === null || given === '') return []
  const stops = Array.isArray(given) ? given : [given]
  const fits = (stop: JsonValue): stop is string =>
    typeof stop === 'string' && stop !== '' && stop.length <= STOP_CHARS_MAX
  if (stops.length <= STOPS_MAX && stops.every(fits)) return stops
  throw invalidParam(`The parameter stop must be up to ${STOPS_MAX} texts of 1 to ${STOP_CHARS_MAX} characters.`)
}

function turnsOf(given: JsonValue | undefined): readonly Turn[] {
  if (given === undefined || given === null) return []
  const wrong = invalidParam(
    'The parameter messages must be a list of {role, content}: role is system, user or assistant, content a text.',
  )
  if (!Array.isArray(given)) throw wrong
  if (given.length > TURNS_MAX) throw invalidParam(`The talk has ${given.length} turns; send at most ${TURNS_MAX}.`)
  const turns = given.map((turn): Turn => {
    if (typeof turn !== 'object' || turn === null || Array.isArray(turn)) throw wrong
    const role = turn.role === 'developer' ? 'system' : turn.role
    if (role !== 'system' && role !== 'user' && role !== 'assistant') throw wrong
    return { role, content: contentOf(turn.content) ?? fail(wrong) }
  })
  const characters = turns.reduce((sum, { content }) => sum + content.length, 0)
  if (characters <= TALK_CHARS_MAX) return turns
  throw invalidParam(`The talk has ${characters} characters; send at most ${TALK_CHARS_MAX}.`)
}

/** Content is a text, or a list of parts that are texts. */
function contentOf(content: JsonValue | undefined): string | undefined {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return undefined
  const texts = content.map((part) =>
    typeof part === 'object' && part !== null && !Array.isArray(part) && typeof part.text === 'string'
      ? part.text
      : undefined,
  )
  return texts.includes(undefined) ? undefined : texts.join('')
}

function fail(error: Error): never {
  throw error
}

/** Chance, or with a seed the same numbers each time (mulberry32). */
function randomOf(seed: JsonValue | undefined): () => number {
  if (seed === undefined || seed === null || seed === '') return Math.random
  const number = typeof seed === 'number' || typeof seed === 'string' ? Number(seed) : Number.NaN
  if (!Number.isSafeInteger(number)) throw invalidParam('The parameter seed must be a whole number.')
  let state = number >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
