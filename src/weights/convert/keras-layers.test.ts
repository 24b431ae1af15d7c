/** Layer types against TensorFlow.js, in one small model that uses them all. */
import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { assertClose } from '../../../test/kit/weights/agreement.ts'
import { channelsFirst, uniform } from '../../../test/kit/weights/pseudo-random.ts'
import { runOnnx } from '../../../test/kit/weights/run-onnx.ts'
import { runLayers, useBackend } from '../../../test/kit/weights/tfjs-reference.ts'
import { convertKerasLayers, type KerasLayer, type KerasModel } from './keras-layers.ts'
import type { TfjsWeightSpec } from './tfjs-weights.ts'

type Config = Record<string, unknown>

/** Collects layers and pseudo-random weights. */
class ModelBuilder {
  readonly layers: KerasLayer[] = []
  readonly specs: TfjsWeightSpec[] = []
  readonly data: Float32Array[] = []

  layer(
    name: string,
    className: string,
    inputs: string[],
    config: Config,
    weights: Record<string, number[]> = {},
  ): string {
    this.layers.push({
      name,
      class_name: className,
      config: { name, ...config } as KerasLayer['config'],
      inbound_nodes: inputs.length > 0 ? [inputs.map((input) => [input, 0, 0, {}] as const)] : [],
    })
    for (const [key, shape] of Object.entries(weights)) {
      this.specs.push({ name: `${name}/${key}`, shape, dtype: 'float32' })
      const count = shape.reduce((a, b) => a * b, 1)
      const low = key === 'moving_variance' ? 0.5 : -1
      this.data.push(uniform(this.specs.length, count, low, 1))
    }
    return name
  }

  build(output: string): { model: KerasModel & { modelTopology: object }; weights: Buffer } {
    const config = { name: 'm', layers: this.layers, input_layers: [['input', 0, 0]], output_layers: [[output, 0, 0]] }
    const modelTopology = {
      keras_version: '2.2.4',
      backend: 'tensorflow',
      model_config: { class_name: 'Model', config },
    }
    const weightsManifest = [{ paths: ['w.bin'], weights: this.specs }]
    const weights = Buffer.concat(this.data.map((part) => new Uint8Array(part.buffer)))
    return { model: { modelTopology, weightsManifest }, weights }
  }
}

const last = { data_format: 'channels_last' }

function everyLayer(): ReturnType<ModelBuilder['build']> {
  const m = new ModelBuilder()
  m.layer('input', 'InputLayer', [], { batch_input_shape: [null, 9, 8, 3], dtype: 'float32', sparse: false })
  m.layer('pad', 'ZeroPadding2D', ['input'], {
    padding: [
      [0, 1],
      [2, 1],
    ],
    ...last,
  })
  m.layer(
    'conv',
    'Conv2D',
    ['pad'],
    {
      filters: 4,
      kernel_size: [3, 3],
      strides: [2, 2],
      padding: 'valid',
      activation: 'linear',
      use_bias: false,
      ...last,
    },
    { kernel: [3, 3, 3, 4] },
  )
  const statistics = { gamma: [4], beta: [4], moving_mean: [4], moving_variance: [4] }
  m.layer('bn', 'BatchNormalization', ['conv'], { axis: -1, epsilon: 0.001, center: true, scale: true }, statistics)
  m.layer('relu6', 'ReLU', ['bn'], { max_value: 6 })
  m.layer(
    'depthwise',
    'DepthwiseConv2D',
    ['relu6'],
    {
      kernel_size: [3, 3],
      strides: [1, 1],
      padding: 'same',
      depth_multiplier: 1,
      activation: 'relu',
      use_bias: true,
      ...last,
    },
    { depthwise_kernel: [3, 3, 4, 1], bias: [4] },
  )
  const { gamma: _, ...unscaled } = statistics
  m.layer('bn2', 'BatchNormalization', ['depthwise'], { axis: -1, epsilon: 0.01, center: true, scale: false }, unscaled)
  m.layer('tanh', 'Activation', ['bn2'], { activation: 'tanh' })
  m.layer('add', 'Add', ['tanh', 'relu6'], {})
  m.layer('max', 'MaxPooling2D', ['add'], { pool_size: [3, 3], strides: [1, 1], padding: 'same', ...last })
  m.layer('concat', 'Concatenate', ['add', 'max'], { axis: -1 })
  m.layer('avg', 'AveragePooling2D', ['concat'], { pool_size: [2, 2], strides: [2, 2], padding: 'same', ...last })
  m.layer('drop', 'Dropout', ['avg'], { rate: 0.5 })
  m.layer('flat', 'Flatten', ['drop'], { ...last })
  m.layer(
    'dense',
    'Dense',
    ['flat'],
    { units: 5, activation: 'sigmoid', use_bias: true },
    { kernel: [48, 5], bias: [5] },
  )
  m.layer('probs', 'Dense', ['dense'], { units: 3, activation: 'softmax', use_bias: false }, { kernel: [5, 3] })
  return m.build('probs')
}

describe('layers models', () => {
  before(() => useBackend('cpu'))

  it('compute the same with every layer type', async () => {
    const { model, weights } = everyLayer()
    const cut = { input: { as: 'x', layout: 'NCHW' }, outputs: [{ as: 'y' }] } as const
    const onnx = convertKerasLayers(model, weights, cut)
    const pixels = uniform(7, 9 * 8 * 3)
    const { y } = await runOnnx(onnx, { x: { dims: [1, 3, 9, 8], data: channelsFirst(pixels, 9, 8, 3) } })
    const expected = await runLayers({ model, weights }, { dims: [1, 9, 8, 3], data: pixels })
    assert.deepEqual(y!.dims, [1, 3])
    assertClose(y!.data as Float32Array, expected.data as Float32Array, 1e-5, 'probs')
  })

  it('average a feature map of an inner layer', async () => {
    const m = new ModelBuilder()
    m.layer('input', 'InputLayer', [], { batch_input_shape: [null, 2, 2, 2] })
    m.layer('gap', 'GlobalAveragePooling2D', ['input'], {})
    m.layer('end', 'Dense', ['gap'], { use_bias: false }, { kernel: [2, 1] })
    const { model, weights } = m.build('end')
    const cut = { input: { as: 'x', layout: 'NHWC' }, outputs: [{ layer: 'gap', as: 'mean' }] } as const
    const { mean } = await runOnnx(convertKerasLayers(model, weights, cut), {
      x: { dims: [1, 2, 2, 2], data: Float32Array.of(1, 10, 2, 20, 3, 30, 6, 60) },
    })
    assert.deepEqual(Array.from(mean!.data as Float32Array), [3, 30])
  })

  it('say which layer is not supported', () => {
    const convert = (
      className: string,
      config: Config,
      weights: Record<string, number[]> = {},
      input = 'input',
    ): void => {
      const m = new ModelBuilder()
      m.layer('input', 'InputLayer', [], { batch_input_shape: [null, 4, 4, 2] })
      m.layer('odd', className, [input], config, weights)
      const built = m.build('odd')
      convertKerasLayers(built.model, built.weights, { input: { as: 'x', layout: 'NHWC' }, outputs: [{ as: 'y' }] })
    }
    assert.throws(() => convert('LSTM', {}), /layer type LSTM \(odd\)/)
    assert.throws(() => convert('ReLU', { negative_slope: 0.1 }), /slope/)
    assert.throws(() => convert('Activation', { activation: 'mish' }), /mish/)
    assert.throws(() => convert('Conv2D', { data_format: 'channels_first' }), /channels-first/)
    assert.throws(() => convert('Conv2D', {}), /no weight odd\/kernel/)
    assert.throws(() => convert('Conv2D', {}, { kernel: [1, 1, 5, 1], bias: [1] }), /do not fit/)
    assert.throws(() => convert('ReLU', {}, {}, 'later'), /reads later/)
  })
})
