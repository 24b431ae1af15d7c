import { readFile } from 'node:fs/promises'
import { create } from '@bufbuild/protobuf'
import { newId } from '../../base/ids.ts'
import { type Data, DataSchema, type TimeSegment, TimeSegmentSchema } from '../../contract/index.ts'
import { AUDIO_SAMPLE_RATE } from '../../media/limits.ts'
import { soundOf } from '../audio.ts'
import type { Engine, LoadedEngine, WeightFiles } from '../engine.ts'
import { eachItem, weightFile } from '../kit.ts'
import { type Model, type ModelSpec, OnnxModel } from '../onnx.ts'
import { choiceParam } from '../params.ts'
import { shareModel } from '../shared-model.ts'
import { type Dialect, ENGLISH, MULTILINGUAL } from './dialect.ts'
import type { Sentence } from './next-token.ts'
import { FRAME_SAMPLES, SILERO_SPEC, speechCertainty, speechSpans, utterances } from './speech.ts'
import { BASE_SIZE, decoderSpec, encoderSpec, transcribe, type Whisper, type WhisperSize } from './transcribe.ts'
import { Vocabulary } from './vocabulary.ts'

const WHISPER = 'whisper-base-en'
const SILERO = 'silero-vad'
/** Half floats of the file become floats in memory. */
const WIDENED = 2
/** Memory of the vocabulary, in bytes. */
const VOCABULARY_BYTES = 16 * 1024 * 1024

const frames = (seconds: number): number => Math.floor((seconds * AUDIO_SAMPLE_RATE) / FRAME_SAMPLES)
/** Pauses up to this long are heard along, because a sentence is written better when what was said before is known. */
const PAUSE_FRAMES_MAX = frames(3)
/** Longest utterance: it must fit into a window together with what is heard around it. */
const UTTERANCE_FRAMES_MAX = frames(27)
/** What is heard before and after an utterance, in samples (0.2 s): soft first and last sounds are missed otherwise. */
const MARGIN_SAMPLES = AUDIO_SAMPLE_RATE / 5

async function load(files: WeightFiles, weight: string, key: string, spec: ModelSpec): Promise<Model> {
  const path = weightFile(files, weight, key)
  return shareModel(path, () => OnnxModel.load(path, spec))
}

/** A Whisper network: its weights, how large it is and which tokens it speaks. */
interface WhisperNet {
  readonly engine: string
  readonly weight: string
  readonly size: WhisperSize
  readonly dialect: Dialect
}

/**
 * Writes down what is said: audio -> text, and a time segment (times in seconds) with its text for each sentence or part
 * of one. A recording in which nobody speaks gives an empty text. Networks for many languages find out which is spoken,
 * or take its code from the parameter `language`, and say it in the metadata.
 */
function whisperEngine({ engine, weight, size, dialect }: WhisperNet): Engine {
  return {
    name: engine,
    weights: [weight, SILERO],
    async load(files): Promise<LoadedEngine> {
      const vocabulary = new Vocabulary(await readFile(weightFile(files, weight, 'vocabulary'), 'utf8'), dialect)
      const models: Model[] = []
      const dispose = async (): Promise<void> => {
        await Promise.all(models.map((model) => model.dispose()))
      }
      try {
        models.push(await load(files, SILERO, 'model', SILERO_SPEC))
        models.push(await load(files, weight, 'encoder', encoderSpec(size)))
        models.push(await load(files, weight, 'decoder', decoderSpec(size, dialect)))
      } catch (error) {
        await dispose()
        throw error
      }
      const [silero, encoder, decoder] = models as [Model, Model, Model]
      const model = { encoder, decoder, vocabulary, size }
      return {
        bytes: silero.bytes + WIDENED * (encoder.bytes + decoder.bytes) + VOCABULARY_BYTES,
        dispose,
        infer: (items, { params }) => {
          const codes = dialect.languages?.codes ?? []
          const language = codes.length === 0 ? 'auto' : choiceParam(params, 'language', ['auto', ...codes], 'auto')
          return eachItem(items, async (item) => {
            const { samples } = await soundOf(item)
            return writeDown(silero, model, samples, item.scope.signal, language === 'auto' ? undefined : language)
          })
        },
      }
    },
  }
}

/** Whisper base.en, for English. */
export const whisper = whisperEngine({ engine: 'whisper', weight: WHISPER, size: BASE_SIZE, dialect: ENGLISH })

/** Whisper tiny, base and small, for 99 languages. */
export const whisperTiny = whisperEngine({
  engine: 'whisper-tiny',
  weight: 'whisper-tiny',
  size: { layers: 4, heads: 6 },
  dialect: MULTILINGUAL,
})
export const whisperBase = whisperEngine({
  engine: 'whisper-base',
  weight: 'whisper-base',
  size: BASE_SIZE,
  dialect: MULTILINGUAL,
})
export const whisperSmall = whisperEngine({
  engine: 'whisper-small',
  weight: 'whisper-small',
  size: { layers: 12, heads: 12 },
  dialect: MULTILINGUAL,
})

async function writeDown(
  silero: Model,
  model: Whisper,
  samples: Float32Array,
  signal: AbortSignal,
  language: string | undefined,
): Promise<Data> {
  const certainty = await speechCertainty(silero, samples, signal)
  const limits = { pauseMax: PAUSE_FRAMES_MAX, lengthMax: UTTERANCE_FRAMES_MAX }
  const timeSegments: TimeSegment[] = []
  // The first utterance settles the language, as short later ones are easily mistaken.
  let spoken = language
  for (const span of utterances(speechSpans(certainty), certainty, limits)) {
    const start = Math.max(0, span.start * FRAME_SAMPLES - MARGIN_SAMPLES)
    const end = Math.min(samples.length, span.end * FRAME_SAMPLES + MARGIN_SAMPLES)
    const heard = await transcribe(model, samples.subarray(start, end), signal, spoken)
    spoken ??= heard.language
    for (const sentence of heard.sentences) timeSegments.push(segment(sentence, start / AUDIO_SAMPLE_RATE))
  }
  const raw = timeSegments.map(({ data }) => data!.text!.raw).join(' ')
  return create(DataSchema, { text: { raw }, timeSegments, ...(spoken && { metadata: { language: spoken } }) })
}

function segment({ begin, end, text }: Sentence, offset: number): TimeSegment {
  return create(TimeSegmentSchema, {
    id: newId(),
    timeInfo: { beginTime: hundredths(offset + begin), endTime: hundredths(offset + end) },
    data: { text: { raw: text } },
  })
}

/** The network tells times no finer than to a fiftieth of a second. */
const hundredths = (seconds: number): number => Math.round(seconds * 100) / 100
