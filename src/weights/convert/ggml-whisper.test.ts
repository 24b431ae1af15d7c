import assert from 'node:assert/strict'
import { test } from 'node:test'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { assertClose, relativeError } from '../../../test/kit/weights/agreement.ts'
import { uniform } from '../../../test/kit/weights/pseudo-random.ts'
import { TINY_SIZES, tinyGgml, tinyWeights } from '../../../test/kit/weights/tiny-whisper.ts'
import { referenceMel, WhisperReference } from '../../../test/kit/weights/whisper-reference.ts'
import { readGgmlWhisper } from './ggml.ts'
import { convertWhisper } from './ggml-whisper.ts'

/** Largest difference between float32 and double precision, relative to the largest value. */
const TOLERANCE = 1e-4
const { audioHeads, textHeads: heads, textState, textLayers } = TINY_SIZES
const SIZE = textState / heads

type Outputs = Record<string, Tensor>

async function run(model: Buffer, feeds: Outputs): Promise<Outputs> {
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 3 })
  try {
    return (await session.run(feeds)) as Outputs
  } finally {
    await session.release()
  }
}

/** [steps][channels] in the order of the model: [heads, steps, size], or [heads, size, steps] when turned. */
function inHeads(matrix: readonly number[][], turned: boolean): number[] {
  const values: number[] = []
  for (let head = 0; head < heads; head++) {
    const [outer, inner] = turned ? [SIZE, matrix.length] : [matrix.length, SIZE]
    for (let i = 0; i < outer; i++) {
      for (let j = 0; j < inner; j++) {
        const [step, channel] = turned ? [j, i] : [i, j]
        values.push(matrix[step]![head * SIZE + channel]!)
      }
    }
  }
  return values
}

const floats = (tensor: Tensor | undefined): Float32Array => tensor!.data as Float32Array
const integer = (value: number): Tensor => new Tensor('int64', BigInt64Array.of(BigInt(value)), [1, 1])

test('the file is read as it was written', () => {
  const made = tinyWeights(1)
  const read = readGgmlWhisper(tinyGgml(made))
  assert.deepEqual(read.sizes, TINY_SIZES)
  assert.deepEqual(read.filters.data, made.filters)
  assert.deepEqual(read.tokens.slice(0, 2).map(String), [' t0', ' t1'])
  const bias = read.tensor('encoder.conv1.bias')
  assert.deepEqual([bias.dtype, bias.shape], ['float32', [audioHeads * 4, 1]])
  assert.deepEqual(bias.data, made.weights.get('encoder.conv1.bias')!.data)
  assert.deepEqual([read.tensor('encoder.conv1.weight').dtype], ['float16'])
  assert.throws(() => read.tensor('encoder.conv3.weight'), /no tensor encoder\.conv3\.weight/)
})

test('files that are something else, quantised or cut short are refused', () => {
  const whole = tinyGgml(tinyWeights(1))
  assert.throws(() => readGgmlWhisper(Buffer.from('GGUF....')), /not a ggml file/)
  assert.throws(() => readGgmlWhisper(whole.subarray(0, whole.length - 1)), /cut short/)
  assert.throws(() => readGgmlWhisper(whole.subarray(0, 30)), /cut short/)
  assert.throws(() => readGgmlWhisper(tinyGgml(tinyWeights(1), 8)), /quantised element type 8/)
  const huge = Buffer.from(whole)
  huge.writeUInt32LE(0xffff_ffff, 4)
  assert.throws(() => readGgmlWhisper(huge), /vocabulary are more than the limit/)
  assert.throws(() => convertWhisper({ ...readGgmlWhisper(whole), sizes: { ...TINY_SIZES, audioHeads: 3 } }), /3 heads/)
})

test('sound and text are computed as in double precision, step by step with what was remembered', async () => {
  const made = tinyWeights(7)
  const model = convertWhisper(readGgmlWhisper(tinyGgml(made)), { license: 'none' })
  const reference = new WhisperReference(made.weights)
  const seen: Float32Array[] = []
  for (const seed of [1, 2]) {
    // Noise that swells and fades, at another pace each time.
    const samples = uniform(seed, 160 * 20, -0.5, 0.5).map((value, at) => value * Math.sin((seed * at) / 500) ** 4)
    const encoded = reference.encode(referenceMel(samples, made.filters))
    const sound = await run(model.encoder, { samples: new Tensor('float32', samples, [1, 1, samples.length]) })
    for (let layer = 0; layer < textLayers; layer++) {
      const [keys, values] = reference.soundOf(encoded, layer)
      assertClose(floats(sound[`sound_keys_${layer}`]), inHeads(keys, true), TOLERANCE, `keys ${layer}`)
      assertClose(floats(sound[`sound_values_${layer}`]), inHeads(values, false), TOLERANCE, `values ${layer}`)
    }
    const tokens = [3, 17, 3, 23, 0]
    const expected = reference.decode(encoded, tokens)
    let past: Outputs = {}
    for (let layer = 0; layer < textLayers; layer++) {
      past[`past_keys_${layer}`] = new Tensor('float32', new Float32Array(0), [1, heads, SIZE, 0])
      past[`past_values_${layer}`] = new Tensor('float32', new Float32Array(0), [1, heads, 0, SIZE])
    }
    for (const [at, token] of tokens.entries()) {
      const feeds = { token: integer(token), position: integer(at), ...past, ...sound }
      const { logits, ...state } = await run(model.decoder, feeds)
      assertClose(floats(logits), expected[at]!, TOLERANCE, `logits after token ${at}`)
      past = Object.fromEntries(Object.entries(state).map(([name, tensor]) => [`past_${name}`, tensor]))
    }
    seen.push(Float32Array.from(expected.flat()))
  }
  assert.ok(relativeError(seen[0]!, seen[1]!) > 1e-2, 'different sounds must lead to different texts')
})
