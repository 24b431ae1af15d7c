import { soundOf } from '../audio.ts'
import type { Engine, EngineItem, LoadedEngine } from '../engine.ts'
import { eachItem, embeddingData, weightFile } from '../kit.ts'
import { floatTensor, type Model, type ModelSpec, OnnxModel } from '../onnx.ts'
import { normalised } from '../vectors.ts'

const WEIGHT = 'speech-embedding'
/** Bands of the picture of sound that the network looks at. */
const BANDS = 32
/** Frames of 10 ms that one vector describes, and frames from one vector to the next. */
const WINDOW_FRAMES = 76
const STEP_FRAMES = 8
const VECTOR_SIZE = 96
/** Samples that lead to at least one window; shorter recordings are filled with silence. */
const SAMPLES_MIN = 13_000
/** Samples turned into bands at a time (10 s), so that memory does not grow with the recording. */
const CHUNK_SAMPLES = 160_000
/** Windows run together. */
const BATCH = 32
/** Range of 16-bit integers, in which the network expects samples. */
const FULL_SCALE = 32_767

/** What the two files must look like. */
export const MEL_SPEC: ModelSpec = {
  title: 'mel spectrogram',
  inputs: { input: { type: 'float32', shape: [null, null] } },
  outputs: { output: { type: 'float32', shape: [null, 1, null, BANDS] } },
}
export const SPEECH_EMBEDDING_SPEC: ModelSpec = {
  title: 'speech embedding',
  inputs: { input_1: { type: 'float32', shape: [null, WINDOW_FRAMES, BANDS, 1] } },
  outputs: { conv2d_19: { type: 'float32', shape: [null, 1, 1, VECTOR_SIZE] } },
}

/** Length of the answered vector: means and deviations of the windows' vectors. */
export const SOUND_VECTOR_SIZE = 2 * VECTOR_SIZE

/** Describes a recording by how it sounds, window by window: audio -> one embedding of length 1. */
export const speechEmbed: Engine = {
  name: 'speech-embed',
  weights: [WEIGHT],
  async load(files): Promise<LoadedEngine> {
    const mel = await OnnxModel.load(weightFile(files, WEIGHT, 'mel'), MEL_SPEC)
    let model: OnnxModel
    try {
      model = await OnnxModel.load(weightFile(files, WEIGHT, 'model'), SPEECH_EMBEDDING_SPEC)
    } catch (error) {
      await mel.dispose()
      throw error
    }
    return {
      bytes: mel.bytes + model.bytes,
      dispose: async () => {
        await Promise.all([mel.dispose(), model.dispose()])
      },
      infer: (items) =>
        eachItem(items, async (item) => {
          const frames = await bandsOf(mel, (await soundOf(item)).samples, item)
          return embeddingData(await describe(model, frames, item))
        }),
    }
  },
}

/** Loudness of the bands, frame after frame. */
async function bandsOf(mel: Model, samples: Float32Array, { scope }: EngineItem): Promise<Float32Array> {
  const padded = new Float32Array(Math.max(SAMPLES_MIN, samples.length))
  padded.set(samples)
  const chunks: Float32Array[] = []
  for (let start = 0; start < padded.length; start += CHUNK_SAMPLES) {
    scope.signal.throwIfAborted()
    const chunk = padded.subarray(start, start + CHUNK_SAMPLES)
    if (chunk.length < SAMPLES_MIN) break
    const input = floatTensor(
      chunk.map((value) => value * FULL_SCALE),
      [1, chunk.length],
    )
    chunks.push((await mel.run({ input })).output!.data.map((value) => value / 10 + 2))
  }
  const all = new Float32Array(chunks.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.length
  }
  return all
}

/** Mean and deviation over the vectors of all windows, as one vector of length 1. */
async function describe(model: Model, bands: Float32Array, { scope }: EngineItem): Promise<Float32Array> {
  const frames = bands.length / BANDS
  const starts: number[] = []
  for (let start = 0; start + WINDOW_FRAMES <= frames; start += STEP_FRAMES) starts.push(start)
  const [sums, squares] = [new Float64Array(VECTOR_SIZE), new Float64Array(VECTOR_SIZE)]
  for (let at = 0; at < starts.length; at += BATCH) {
    scope.signal.throwIfAborted()
    const batch = starts.slice(at, at + BATCH)
    const size = WINDOW_FRAMES * BANDS
    const input = new Float32Array(batch.length * size)
    for (const [row, start] of batch.entries()) {
      input.set(bands.subarray(start * BANDS, start * BANDS + size), row * size)
    }
    const vectors = (await model.run({ input_1: floatTensor(input, [batch.length, WINDOW_FRAMES, BANDS, 1]) }))
      .conv2d_19!.data
    for (const [place, value] of vectors.entries()) {
      sums[place % VECTOR_SIZE]! += value
      squares[place % VECTOR_SIZE]! += value ** 2
    }
  }
  const means = sums.map((sum) => sum / starts.length)
  const deviations = squares.map((square, at) => Math.sqrt(Math.max(0, square / starts.length - means[at]! ** 2)))
  return normalised([...means, ...deviations])
}
