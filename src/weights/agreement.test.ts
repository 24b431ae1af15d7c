/** Each converted model computes what its source computes when TensorFlow.js runs it. */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { assertClose, relativeError } from '../../test/kit/weights/agreement.ts'
import { channelsFirst, picture } from '../../test/kit/weights/pseudo-random.ts'
import { type PlainTensor, runOnnx } from '../../test/kit/weights/run-onnx.ts'
import { sourceFiles, testWeightStore } from '../../test/kit/weights/source-files.ts'
import { runGraph, runLayers, type TfjsSource, useBackend } from '../../test/kit/weights/tfjs-reference.ts'
import { exportedLiteral } from './convert/js-literal.ts'
import type { GraphCut } from './convert/tfjs-graph.ts'
import { type WeightId, weightCatalogue } from './manifest.ts'
import type { Conversion } from './manifest-types.ts'

/** Largest difference between two implementations of the same float32 arithmetic, relative to the largest value. */
const TOLERANCE = 1e-4
/** Two pictures must lead to results at least this far apart, or the comparison would prove nothing. */
const DISTINCT = 1e-2

/** For outputs that hardly move as long as no picture shows what they look for. */
const BARELY_DISTINCT: ReadonlyMap<string, number> = new Map([['hand_logit', 5 * TOLERANCE]])

/** Values that a model sees in use. */
const RANGES: Partial<Record<WeightId, readonly [number, number]>> = {
  'coco-ssd': [-1, 1],
  blazeface: [-0.5, 1.5],
  facemesh: [0, 1],
  faceres: [0, 255],
  emotion: [-1, 1],
  'movenet-lightning': [0, 255],
  'movenet-thunder': [0, 255],
  'movenet-multipose': [0, 255],
  nanodet: [-2, 2],
  'hand-detector': [-1, 1],
  'hand-landmarks': [0, 1],
  'selfie-segmentation': [0, 1],
}

async function graphSource(id: WeightId): Promise<TfjsSource> {
  const conversion: Conversion = weightCatalogue[id].conversion
  assert.ok(conversion.kind === 'tfjs-graph')
  const read = await sourceFiles(id)
  return {
    model: JSON.parse((await read(conversion.model)).toString('utf8')) as TfjsSource['model'],
    weights: Buffer.concat(await Promise.all(conversion.weights.map(read))),
  }
}

function averaged({ dims, data }: PlainTensor): PlainTensor {
  const channels = dims.at(-1)!
  const sums = new Float32Array(channels)
  for (let i = 0; i < data.length; i++) sums[i % channels]! += Number(data[i])
  return { dims: [1, channels], data: sums.map((sum) => (sum * channels) / data.length) }
}

async function referenceOutputs(source: TfjsSource, cut: GraphCut, pixels: Float32Array): Promise<PlainTensor[]> {
  const { tensor, shape } = cut.inputs[0]!
  const results = await runGraph(
    source,
    { [tensor]: { dims: shape, data: pixels } },
    cut.outputs.map((output) => output.tensor),
  )
  return results.map((result, i) => (cut.outputs[i]!.globalAverage ? averaged(result) : result))
}

describe('converted models agree with their sources', () => {
  before(() => useBackend('wasm'))

  for (const [id, range] of Object.entries(RANGES) as [WeightId, readonly [number, number]][]) {
    it(id, async () => {
      const { conversion } = weightCatalogue[id]
      assert.ok(conversion.kind === 'tfjs-graph')
      const cut: GraphCut = conversion.cut
      const { files } = await testWeightStore().ensure(id)
      const source = await graphSource(id)
      const { as, shape, layout } = cut.inputs[0]!
      const [, height, width, channels] = shape as [number, number, number, number]
      const seen: PlainTensor[][] = []
      for (const seed of [1, 2]) {
        const pixels = picture(seed, [height, width, channels], ...range)
        const feed =
          layout === 'NCHW'
            ? { dims: [1, channels, height, width], data: channelsFirst(pixels, height, width, channels) }
            : { dims: shape, data: pixels }
        const actual = await runOnnx((files as { model: string }).model, { [as]: feed })
        const expected = await referenceOutputs(source, cut, pixels)
        seen.push(expected)
        for (const [i, output] of cut.outputs.entries()) {
          const { dims, data } = actual[output.as]!
          assert.deepEqual(dims, expected[i]!.dims, `shape of ${output.as}`)
          assertClose(data as Float32Array, expected[i]!.data as Float32Array, TOLERANCE, `${id} ${output.as}`)
        }
      }
      for (const [i, output] of cut.outputs.entries()) {
        const distance = relativeError(seen[0]![i]!.data as Float32Array, seen[1]![i]!.data as Float32Array)
        const least = BARELY_DISTINCT.get(output.as) ?? DISTINCT
        assert.ok(distance > least, `${output.as} says the same about different pictures (${distance})`)
      }
    })
  }

  it('esrgan-slim-2x', async () => {
    const { conversion } = weightCatalogue['esrgan-slim-2x']
    const { files } = await testWeightStore().ensure('esrgan-slim-2x')
    const read = await sourceFiles('esrgan-slim-2x')
    const model = JSON.parse((await read(conversion.model)).toString('utf8')) as TfjsSource['model']
    const dims = [1, 96, 96, 3]
    const pixels = picture(1, [96, 96, 3], 0, 1)
    const { large } = await runOnnx(files.model, { input: { dims, data: pixels } })
    const expected = await runLayers({ model, weights: await read(conversion.weights[0]) }, { dims, data: pixels })
    assert.deepEqual(large!.dims, [1, 192, 192, 3])
    assertClose(large!.data as Float32Array, expected.data as Float32Array, TOLERANCE, 'large')
  })

  it('nsfw-mobilenet-v2', async () => {
    const { conversion } = weightCatalogue['nsfw-mobilenet-v2']
    const { files } = await testWeightStore().ensure('nsfw-mobilenet-v2')
    const read = await sourceFiles('nsfw-mobilenet-v2')
    const literal = async (path: string): Promise<unknown> => exportedLiteral((await read(path)).toString('utf8'))
    const source: TfjsSource = {
      // TensorFlow.js expects objects with a prototype.
      model: JSON.parse(JSON.stringify(await literal(conversion.model))) as TfjsSource['model'],
      weights: Buffer.from(String(await literal(conversion.weights[0])), 'base64'),
    }
    const seen: Float32Array[] = []
    for (const seed of [1, 2]) {
      const pixels = picture(seed, [224, 224, 3], 0, 1)
      const actual = await runOnnx(files.model, {
        input: { dims: [1, 3, 224, 224], data: channelsFirst(pixels, 224, 224, 3) },
      })
      const expected = await runLayers(source, { dims: [1, 224, 224, 3], data: pixels })
      assert.deepEqual(actual.probs!.dims, [1, 5])
      assertClose(actual.probs!.data as Float32Array, expected.data as Float32Array, TOLERANCE, 'probs')
      seen.push(expected.data as Float32Array)
    }
    assert.ok(relativeError(seen[0]!, seen[1]!) > DISTINCT)
  })
})
