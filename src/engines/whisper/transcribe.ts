import { AUDIO_SAMPLE_RATE } from '../../media/limits.ts'
import { type FloatOutput, floatTensor, int64Tensor, type Model, type ModelSpec, type TensorSpec } from '../onnx.ts'
import { softmax } from '../vectors.ts'
import { loopTail, nextToken, type Sentence, sentences } from './next-token.ts'
import { END_OF_TEXT, NO_SPEECH, START_OF_TEXT, TOKENS, type Vocabulary } from './vocabulary.ts'

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
const LAYERS = 6
const HEADS = 8
const HEAD_SIZE = 64

const range = Array.from({ length: LAYERS }, (_, layer) => layer)
const KEYS: TensorSpec = { type: 'float32', shape: [1, HEADS, HEAD_SIZE, null] }
const VALUES: TensorSpec = { type: 'float32', shape: [1, HEADS, null, HEAD_SIZE] }
const each = (prefix: string): Record<string, TensorSpec> =>
  Object.fromEntries(
    range.flatMap((layer) => [
      [`${prefix}keys_${layer}`, KEYS],
      [`${prefix}values_${layer}`, VALUES],
    ]),
  )
const INDEX: TensorSpec = { type: 'int64', shape: [1, 1] }

/** What the encoder file must look like. */
export const WHISPER_ENCODER_SPEC: ModelSpec = {
  title: 'Whisper encoder',
  inputs: { samples: { type: 'float32', shape: [1, 1, null] } },
  outputs: each('sound_'),
}

/** What the decoder file must look like. */
export const WHISPER_DECODER_SPEC: ModelSpec = {
  title: 'Whisper decoder',
  inputs: { token: INDEX, position: INDEX, ...each('past_'), ...each('sound_') },
  outputs: { logits: { type: 'float32', shape: [1, TOKENS] }, ...each('') },
}

/** The parts of a loaded Whisper model. */
export interface Whisper {
  readonly encoder: Model
  readonly decoder: Model
  readonly vocabulary: Vocabulary
}

/** Writes down at most WINDOW_SECONDS of 16 kHz samples, sentence by sentence; none when nothing is said. */
export async function transcribe(whisper: Whisper, samples: Float32Array, signal: AbortSignal): Promise<Sentence[]> {
  const length = samples.length / AUDIO_SAMPLE_RATE
  const seconds = Math.min(WINDOW_SECONDS, Math.max(WINDOW_SECONDS_MIN, Math.ceil(length) + TAIL_SECONDS))
  const window = new Float32Array(seconds * AUDIO_SAMPLE_RATE)
  window.set(samples.subarray(0, window.length))
  const sound = asTensors(await whisper.encoder.run({ samples: floatTensor(window, [1, 1, window.length]) }))
  let past = NOTHING_SAID
  const written: number[] = []
  for (let position = 0; position < TEXT_TOKENS_MAX; position++) {
    signal.throwIfAborted()
    const token = index(written.at(-1) ?? START_OF_TEXT)
    const outputs = await whisper.decoder.run({ token, position: index(position), ...past, ...sound })
    const { logits, ...state } = outputs
    if (position === 0 && softmax(logits!.data)[NO_SPEECH]! > NO_SPEECH_MIN) return []
    const next = nextToken(logits!.data, written, whisper.vocabulary)
    if (next === END_OF_TEXT) break
    written.push(next)
    past = asTensors(state, 'past_')
    const tail = loopTail(written)
    if (tail > 0) {
      written.length -= tail
      break
    }
  }
  return sentences(written, whisper.vocabulary, Math.min(length, seconds))
}

const NOTHING_SAID = Object.fromEntries(
  range.flatMap((layer) => [
    [`past_keys_${layer}`, floatTensor(new Float32Array(0), [1, HEADS, HEAD_SIZE, 0])],
    [`past_values_${layer}`, floatTensor(new Float32Array(0), [1, HEADS, 0, HEAD_SIZE])],
  ]),
)

const index = (value: number) => int64Tensor(BigInt64Array.of(BigInt(value)), [1, 1])

const asTensors = (outputs: Readonly<Record<string, FloatOutput>>, prefix = '') =>
  Object.fromEntries(Object.entries(outputs).map(([name, { data, dims }]) => [prefix + name, floatTensor(data, dims)]))
