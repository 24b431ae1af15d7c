import { readFile } from 'node:fs/promises'
import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type Audio, AudioSchema, DataSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { encodeWav } from '../../media/wav.ts'
import type { Engine, LoadedEngine } from '../engine.ts'
import { eachItem, textOf, weightFile } from '../kit.ts'
import { floatTensor, int64Tensor, type Model, type ModelSpec, OnnxModel } from '../onnx.ts'
import { choiceParam, numberParam } from '../params.ts'
import { Lexicon } from './lexicon.ts'
import { SPEED_MAX, SPEED_MIN, TEXT_CHARS_MAX } from './limits.ts'
import { idsOf, phonemes } from './phonemes.ts'
import { pieces } from './pieces.ts'
import { spoken } from './spoken.ts'
import { OTHER_NAMES, VOICES, type Voice } from './voices.ts'

const KOKORO = 'kokoro-82m'
const VOICE_FILES = 'kokoro-voices'
const DICTIONARY = 'cmudict'

/** Samples per second of what is spoken. */
const SAMPLE_RATE = 24_000
const BITS_PER_SAMPLE = 16
/** Numbers that describe a voice, for each length of what is said. */
const STYLE_SIZE = 256
const STYLE_LENGTHS = 510
/** Other styles that are tried where one makes no sound. */
const STYLE_SHIFTS = [0, 1, -1, 2, -2, 5, -5]
/** Half floats of the file become floats in memory. */
const WIDENED = 2
/** Memory of the dictionary, in bytes. */
const LEXICON_BYTES = 40 * 1024 * 1024

const SPEC: ModelSpec = {
  title: 'Kokoro',
  inputs: {
    input_ids: { type: 'int64', shape: [1, null] },
    style: { type: 'float32', shape: [1, STYLE_SIZE] },
    speed: { type: 'float32', shape: [1] },
  },
  outputs: { waveform: { type: 'float32', shape: [1, null] } },
}

/** A loaded voice: a style for each number of signs. */
type Styles = Float32Array

const nothingToSay = (): AppError =>
  new AppError(StatusCode.INPUT_UNSUPPORTED_FORMAT, 'The text has no English words to say; send text with letters.')

/** The signs of a text, in pieces. Throws AppError 30101 when it is too long or has nothing that can be said. */
function piecesOf(text: string, lexicon: Lexicon): string[] {
  if (text.length > TEXT_CHARS_MAX) {
    throw new AppError(
      StatusCode.INPUT_UNSUPPORTED_FORMAT,
      `The text has ${text.length} characters; send at most ${TEXT_CHARS_MAX}, or several texts.`,
    )
  }
  const signs = phonemes(spoken(text), lexicon)
  if (!/\p{L}/u.test(signs)) throw nothingToSay()
  return pieces(signs)
}

/**
 * Says a piece. About one in twenty makes the 16-bit numbers of the network overflow, and then nothing of the sound is a
 * number; with the style for one sign more or less, which nobody hears, it is said. Throws AppError 21313 when that
 * does not help either.
 */
async function say(model: Model, styles: Styles, signs: string, speed: number): Promise<Float32Array> {
  const ids = idsOf(signs)
  const padded = BigInt64Array.from([0, ...ids, 0], BigInt)
  for (const shift of STYLE_SHIFTS) {
    const row = Math.max(0, Math.min(ids.length + shift, STYLE_LENGTHS - 1)) * STYLE_SIZE
    const { waveform } = await model.run({
      input_ids: int64Tensor(padded, [1, padded.length]),
      style: floatTensor(styles.slice(row, row + STYLE_SIZE), [1, STYLE_SIZE]),
      speed: floatTensor(Float32Array.of(speed), [1]),
    })
    if (waveform!.data.every(Number.isFinite)) return waveform!.data
  }
  const details = 'The model makes no sound of this text; say it in other words.'
  throw new AppError(StatusCode.MODEL_PREDICTION_FAILED, details)
}

function wavAudio(samples: Float32Array): Audio {
  return create(AudioSchema, {
    base64: encodeWav(samples, SAMPLE_RATE),
    audioInfo: {
      audioFormat: 'wav',
      sampleRate: SAMPLE_RATE,
      durationSeconds: samples.length / SAMPLE_RATE,
      bitRate: SAMPLE_RATE * BITS_PER_SAMPLE,
    },
  })
}

/** Speaks an English text: text -> audio (WAV, 24 kHz mono). Parameters: `voice` and `speed`. */
export const kokoro: Engine = {
  name: 'kokoro',
  weights: [KOKORO, VOICE_FILES, DICTIONARY],
  async load(files): Promise<LoadedEngine> {
    const [dictionary, letters] = await Promise.all([
      readFile(weightFile(files, DICTIONARY, 'words'), 'utf8'),
      readFile(weightFile(files, DICTIONARY, 'letters'), 'utf8'),
    ])
    const lexicon = new Lexicon(dictionary, letters)
    const model = await OnnxModel.load(weightFile(files, KOKORO, 'model'), SPEC)
    const voices = new Map<Voice, Styles>()
    const stylesOf = async (voice: Voice): Promise<Styles> => {
      let styles = voices.get(voice)
      if (!styles) {
        const { buffer, byteOffset, length } = await readFile(weightFile(files, VOICE_FILES, voice))
        styles = new Float32Array(buffer.slice(byteOffset, byteOffset + length))
        voices.set(voice, styles)
      }
      return styles
    }
    return {
      bytes: WIDENED * model.bytes + LEXICON_BYTES,
      dispose: () => model.dispose(),
      async infer(items, { params }) {
        const speed = numberParam(params, 'speed', { otherwise: 1, min: SPEED_MIN, max: SPEED_MAX })
        const asked = typeof params.voice === 'string' ? (OTHER_NAMES[params.voice] ?? params.voice) : params.voice
        const styles = await stylesOf(choiceParam({ voice: asked ?? '' }, 'voice', VOICES, 'af_heart'))
        return eachItem(items, async (item) => {
          const sounds: Float32Array[] = []
          for (const piece of piecesOf(textOf(item), lexicon)) {
            item.scope.signal.throwIfAborted()
            sounds.push(await say(model, styles, piece, speed))
          }
          const samples = new Float32Array(sounds.reduce((sum, sound) => sum + sound.length, 0))
          let at = 0
          for (const sound of sounds) {
            samples.set(sound, at)
            at += sound.length
          }
          return create(DataSchema, { audio: wavAudio(samples) })
        })
      },
    }
  },
}
