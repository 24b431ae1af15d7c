import { AUDIO_SAMPLE_RATE } from '../../media/limits.ts'
import { type FloatOutput, floatTensor, int64Tensor, type Model, type ModelSpec, type TensorSpec } from '../onnx.ts'
import { softmax } from '../vectors.ts'
import { type Dialect, ENGLISH } from './dialect.ts'
import { loopTail, nextToken, type Sentence, sentences } from './next-token.ts'
import type { Vocabulary } from './vocabulary.ts'

/** Longest sound that the network hears at once, in seconds. */
export const WINDOW_SECONDS = 30
/** Shortest; less is filled up with silence, as texts come out worse from very short sounds. */
const WINDOW_SECONDS_MIN = 10
/** Silence after the sound, by which the network knows that it is over, in seconds. */
const TAIL_SECONDS = 2
/** Longest text of one window, in tokens, as in the original. */
const TEXT_TOKENS_MAX = 224
/** Certainty of "no speech" from which a window has no text. */
const NO_SPEECH_MIN = 0.6
const HEAD_SIZE = 64

/** How large a Whisper network is: layers of its decoder, and heads of each. */
export interface WhisperSize {
  readonly layers: number
  readonly heads: number
}

/** Whisper base. */
export const BASE_SIZE: WhisperSize = { layers: 6, heads: 8 }

const INDEX: TensorSpec = { type: 'int64', shape: [1, 1] }

function memory({ layers, heads }: WhisperSize, prefix: string): Record<string, TensorSpec> {
  const keys: TensorSpec = { type: 'float32', shape: [1, heads, HEAD_SIZE, null] }
  const values: TensorSpec = { type: 'float32', shape: [1, heads, null, HEAD_SIZE] }
  return Object.fromEntries(
    Array.from({ length: layers }, (_, layer) => [
      [`${prefix}keys_${layer}`, keys] as const,
      [`${prefix}values_${layer}`, values] as const,
    ]).flat(),
  )
}

/** What the encoder file must look like. */
export const encoderSpec = (size: WhisperSize): ModelSpec => ({
  title: 'Whisper encoder',
  inputs: { samples: { type: 'float32', shape: [1, 1, null] } },
  outputs: memory(size, 'sound_'),
})

/** What the decoder file must look like. */
export const decoderSpec = (size: WhisperSize, { tokens }: Dialect): ModelSpec => ({
  title: 'Whisper decoder',
  inputs: { token: INDEX, position: INDEX, ...memory(size, 'past_'), ...memory(size, 'sound_') },
  outputs: { logits: { type: 'float32', shape: [1, tokens] }, ...memory(size, '') },
})

/** What the files of Whisper base.en must look like. */
export const WHISPER_ENCODER_SPEC = encoderSpec(BASE_SIZE)
export const WHISPER_DECODER_SPEC = decoderSpec(BASE_SIZE, ENGLISH)

/** The parts of a loaded Whisper model. */
export interface Whisper {
  readonly encoder: Model
  readonly decoder: Model
  readonly vocabulary: Vocabulary
  readonly size: WhisperSize
}

/** What is said in a window, and in which language as far as the model tells. */
export interface Transcript {
  readonly sentences: readonly Sentence[]
  readonly language?: string
}

/**
 * Writes down at most WINDOW_SECONDS of 16 kHz samples, sentence by sentence; nothing when nothing is said. Models for
 * many languages find out which it is, unless a code is given.
 */
export async function transcribe(
  whisper: Whisper,
  samples: Float32Array,
  signal: AbortSignal,
  language?: string,
): Promise<Transcript> {
  const { vocabulary } = whisper
  const { dialect } = vocabulary
  const length = samples.length / AUDIO_SAMPLE_RATE
  const seconds = Math.min(WINDOW_SECONDS, Math.max(WINDOW_SECONDS_MIN, Math.ceil(length) + TAIL_SECONDS))
  const window = new Float32Array(seconds * AUDIO_SAMPLE_RATE)
  window.set(samples.subarray(0, window.length))
  const sound = asTensors(await whisper.encoder.run({ samples: floatTensor(window, [1, 1, window.length]) }))
  let [past, position] = [nothingSaid(whisper.size), 0]
  const hear = async (token: number): Promise<Float32Array> => {
    signal.throwIfAborted()
    const feeds = { token: index(token), position: index(position++), ...past, ...sound }
    const { logits, ...state } = await whisper.decoder.run(feeds)
    past = asTensors(state, 'past_')
    return logits!.data
  }
  let logits = await hear(dialect.startOfText)
  if (softmax(logits)[dialect.noSpeech]! > NO_SPEECH_MIN) return { sentences: [] }
  let spoken: string | undefined
  if (dialect.languages) {
    const { codes, firstLanguage, writeDown } = dialect.languages
    spoken = language ?? codes[likeliest(logits, firstLanguage, codes.length)]!
    await hear(firstLanguage + codes.indexOf(spoken))
    logits = await hear(writeDown)
  }
  const written: number[] = []
  while (written.length < TEXT_TOKENS_MAX) {
    const next = nextToken(logits, written, vocabulary)
    if (next === dialect.endOfText) break
    written.push(next)
    const tail = loopTail(written)
    if (tail > 0) {
      written.length -= tail
      break
    }
    logits = await hear(next)
  }
  return { sentences: sentences(written, vocabulary, Math.min(length, seconds)), language: spoken }
}

/** Which of `count` logits from `first` on is the largest. */
function likeliest(logits: Float32Array, first: number, count: number): number {
  let best = 0
  for (let at = 1; at < count; at++) if (logits[first + at]! > logits[first + best]!) best = at
  return best
}

const nothingSaid = ({ layers, heads }: WhisperSize) =>
  Object.fromEntries(
    Array.from({ length: layers }, (_, layer) => [
      [`past_keys_${layer}`, floatTensor(new Float32Array(0), [1, heads, HEAD_SIZE, 0])] as const,
      [`past_values_${layer}`, floatTensor(new Float32Array(0), [1, heads, 0, HEAD_SIZE])] as const,
    ]).flat(),
  )

const index = (value: number) => int64Tensor(BigInt64Array.of(BigInt(value)), [1, 1])

const asTensors = (outputs: Readonly<Record<string, FloatOutput>>, prefix = '') =>
  Object.fromEntries(Object.entries(outputs).map(([name, { data, dims }]) => [prefix + name, floatTensor(data, dims)]))
