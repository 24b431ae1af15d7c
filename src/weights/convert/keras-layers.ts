/** Translates TensorFlow.js layers models (Keras functional or sequential models) to ONNX. */
import { GraphBuilder, type Layout, type Value } from '../onnx/builder.ts'
import { elementCount } from '../onnx/tensor-data.ts'
import { batchNorm, clip, convolution, elementwise, globalAverage, imageShape, pool, reshape } from './layer-ops.ts'
import { type DecodedWeight, decodeWeights, type TfjsWeightGroup } from './tfjs-weights.ts'

/** The settings of a layer that are read here. */
interface LayerConfig {
  batch_input_shape?: readonly (number | null)[]
  strides?: readonly [number, number]
  dilation_rate?: readonly [number, number]
  pool_size?: readonly [number, number]
  padding?: 'same' | 'valid' | readonly [readonly [number, number], readonly [number, number]]
  activation?: string
  use_bias?: boolean
  epsilon?: number
  max_value?: number | null
  negative_slope?: number
  threshold?: number
  data_format?: string
  size?: readonly [number, number]
  interpolation?: string
}

/** A layer of the model; each inbound node lists [layer, node index, tensor index, arguments] per input. */
export interface KerasLayer {
  name: string
  class_name: string
  config: LayerConfig
  inbound_nodes?: readonly (readonly (readonly [string, number, number, unknown?])[])[]
}

/** The model.json of a layers model, as far as it is read here. */
export interface KerasModel {
  modelTopology: { model_config: { config: { layers: readonly KerasLayer[] } } }
  weightsManifest: readonly TfjsWeightGroup[]
}

/** What to feed and what to compute. */
export interface KerasCut {
  /** Name and storage layout of the one input in the ONNX file, and its height and width where the model leaves them open. */
  input: { as: string; layout: Layout; size?: readonly [number, number] }
  /** Layers whose result becomes an output; without `layer` it is the last one. */
  outputs: readonly { layer?: string; as: string }[]
}

interface LayerContext {
  b: GraphBuilder
  layer: KerasLayer
  config: LayerConfig
  inputs: readonly Value[]
  weight(name: string): DecodedWeight | undefined
}

function firstInput({ inputs, layer }: LayerContext): Value {
  const [value] = inputs
  if (!value) throw new Error(`layer ${layer.name} has no input`)
  return value
}

function constantWeight(c: LayerContext, name: string): ReturnType<GraphBuilder['constant']> {
  const weight = c.weight(name)
  if (!weight) throw new Error(`the model has no weight ${c.layer.name}/${name}`)
  return c.b.constant(weight.data, weight.shape, weight.dtype)
}

function activate(b: GraphBuilder, x: Value, name: string | undefined): Value {
  switch (name) {
    case undefined:
    case 'linear':
      return x
    case 'relu':
      return elementwise(b, x, 'Relu')
    case 'sigmoid':
      return elementwise(b, x, 'Sigmoid')
    case 'tanh':
      return elementwise(b, x, 'Tanh')
    case 'softmax':
      return b.tensor(b.node('Softmax', [b.name(x)], { axis: -1 }), x.shape)
    default:
      throw new Error(`activation ${name} is not supported`)
  }
}

function windowPadding(config: LayerConfig): 'SAME' | 'VALID' {
  return config.padding === 'same' ? 'SAME' : 'VALID'
}

function convolve(c: LayerContext, depthwise: boolean): Value {
  const { b, config } = c
  const filter = constantWeight(c, depthwise ? 'depthwise_kernel' : 'kernel')
  const bias = config.use_bias === false ? undefined : constantWeight(c, 'bias')
  const result = convolution(b, firstInput(c), filter, bias, {
    depthwise,
    strides: config.strides ?? [1, 1],
    dilations: config.dilation_rate ?? [1, 1],
    padding: windowPadding(config),
  })
  return activate(b, result, config.activation)
}

function poolLayer(c: LayerContext, op: 'MaxPool' | 'AveragePool'): Value {
  const kernel = c.config.pool_size ?? [2, 2]
  return pool(c.b, firstInput(c), op, {
    kernel,
    strides: c.config.strides ?? kernel,
    padding: windowPadding(c.config),
  })
}

function normalise(c: LayerContext): Value {
  const x = firstInput(c)
  const channels = imageShape(x)[3]
  // Keras leaves out the learned scale or offset when the layer is told not to use it.
  const optional = (name: string, value: number) =>
    c.weight(name) ? constantWeight(c, name) : c.b.constant(new Float32Array(channels).fill(value), [channels])
  const weights = {
    scale: optional('gamma', 1),
    offset: optional('beta', 0),
    mean: constantWeight(c, 'moving_mean'),
    variance: constantWeight(c, 'moving_variance'),
  }
  return batchNorm(c.b, x, weights, c.config.epsilon ?? 1e-3)
}

function relu(c: LayerContext): Value {
  const { max_value: max, negative_slope: slope = 0, threshold = 0 } = c.config
  if (slope !== 0 || threshold !== 0) throw new Error(`ReLU ${c.layer.name} with a slope or threshold is not supported`)
  return max ? clip(c.b, firstInput(c), 0, max) : elementwise(c.b, firstInput(c), 'Relu')
}

function zeroPadding({ b, config, ...c }: LayerContext): Value {
  const x = firstInput({ b, config, ...c })
  if (!Array.isArray(config.padding)) throw new Error(`padding of ${c.layer.name} is not a pair of pairs`)
  const [[top, bottom], [left, right]] = config.padding
  const [batch, height, width, channels] = imageShape(x)
  const inputs = [b.name(x, 'NCHW'), b.ints([0, 0, top, left, 0, 0, bottom, right])]
  const shape = [batch, height + top + bottom, width + left + right, channels]
  return b.tensor(b.node('Pad', inputs, { mode: 'constant' }), shape, 'float32', 'NCHW')
}

function add({ b, inputs, layer }: LayerContext): Value {
  const [first, ...rest] = inputs
  if (!first) throw new Error(`layer ${layer.name} has no input`)
  const layout: Layout = first.shape.length === 4 ? 'NCHW' : 'NHWC'
  return rest.reduce<Value>((sum, value) => {
    if (value.shape.join() !== first.shape.join()) throw new Error(`layer ${layer.name} adds unequal shapes`)
    return b.tensor(b.node('Add', [b.name(sum, layout), b.name(value, layout)]), first.shape, 'float32', layout)
  }, first)
}

function concatenate(c: LayerContext): Value {
  const [batch, height, width] = imageShape(firstInput(c))
  const channels = c.inputs.reduce((sum, value) => sum + imageShape(value)[3], 0)
  const names = c.inputs.map((value) => c.b.name(value, 'NCHW'))
  return c.b.tensor(c.b.node('Concat', names, { axis: 1 }), [batch, height, width, channels], 'float32', 'NCHW')
}

function enlarge(c: LayerContext): Value {
  const { b, config, layer } = c
  const [scaleY, scaleX] = config.size ?? [2, 2]
  if (config.interpolation && config.interpolation !== 'nearest') {
    throw new Error(`layer ${layer.name} enlarges by ${config.interpolation}, which is not supported`)
  }
  const x = firstInput(c)
  const [batch, height, width, channels] = imageShape(x)
  const scales = b.constant(Float32Array.of(1, 1, scaleY, scaleX), [4])
  const inputs = [b.name(x, 'NCHW'), '', b.name(scales)]
  const attributes = { mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }
  const shape = [batch, height * scaleY, width * scaleX, channels]
  return b.tensor(b.node('Resize', inputs, attributes), shape, 'float32', 'NCHW')
}

function dense(c: LayerContext): Value {
  const x = firstInput(c)
  const kernel = constantWeight(c, 'kernel')
  const inputs = [c.b.name(x), c.b.name(kernel)]
  if (c.config.use_bias !== false) inputs.push(c.b.name(constantWeight(c, 'bias')))
  const result = c.b.tensor(c.b.node('Gemm', inputs), [x.shape[0]!, kernel.shape[1]!])
  return activate(c.b, result, c.config.activation)
}

const LAYERS: Record<string, (c: LayerContext) => Value> = {
  Conv2D: (c) => convolve(c, false),
  DepthwiseConv2D: (c) => convolve(c, true),
  BatchNormalization: normalise,
  ReLU: relu,
  Activation: (c) => activate(c.b, firstInput(c), c.config.activation),
  Add: add,
  Concatenate: concatenate,
  UpSampling2D: enlarge,
  ZeroPadding2D: zeroPadding,
  MaxPooling2D: (c) => poolLayer(c, 'MaxPool'),
  AveragePooling2D: (c) => poolLayer(c, 'AveragePool'),
  GlobalAveragePooling2D: (c) => globalAverage(c.b, firstInput(c)),
  Flatten: (c) => {
    const x = firstInput(c)
    const [batch] = x.shape
    return reshape(c.b, x, [batch!, elementCount(x.shape) / batch!])
  },
  Dropout: firstInput,
  Dense: dense,
}

/**
 * Translates a layers model with one input to the bytes of an `.onnx` file; the batch size becomes 1.
 *
 * `weightBytes` are the shards joined in manifest order. Throws when a layer or one of its settings is not supported.
 */
export function convertKerasLayers(
  model: KerasModel,
  weightBytes: Uint8Array,
  cut: KerasCut,
  metadata: Readonly<Record<string, string>> = {},
): Buffer {
  const weights = decodeWeights(
    model.weightsManifest.flatMap((group) => group.weights),
    weightBytes,
  )
  const { layers } = model.modelTopology.model_config.config
  const b = new GraphBuilder()
  const values = new Map<string, Value>()
  for (const layer of layers) values.set(layer.name, translate(layer))
  for (const { layer = layers.at(-1)?.name ?? '', as } of cut.outputs) {
    const value = values.get(layer)
    if (!value) throw new Error(`the model has no layer ${layer}`)
    b.output(as, value)
  }
  return b.build(metadata)

  function translate(layer: KerasLayer): Value {
    const { config } = layer
    if (config.data_format === 'channels_first') throw new Error(`layer ${layer.name} is channels-first`)
    if (layer.class_name === 'InputLayer') {
      const open = cut.input.size ?? []
      const shape = [1, ...(config.batch_input_shape ?? []).slice(1).map((side, at) => side ?? open[at] ?? 0)]
      return b.input(cut.input.as, shape, 'float32', cut.input.layout)
    }
    const handler = LAYERS[layer.class_name]
    if (!handler) throw new Error(`layer type ${layer.class_name} (${layer.name}) is not supported`)
    const inputs = (layer.inbound_nodes?.[0] ?? []).map(([name]) => {
      const value = values.get(name)
      if (!value) throw new Error(`layer ${layer.name} reads ${name}, which comes later or does not exist`)
      return value
    })
    return handler({ b, layer, config, inputs, weight: (name) => weights.get(`${layer.name}/${name}`) })
  }
}
