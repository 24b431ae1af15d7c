/** Convolution-like building blocks that TensorFlow graphs and Keras layers have in common. */
import { type ConstantValue, type GraphBuilder, layoutOf, type TensorValue, type Value } from '../onnx/builder.ts'
import { transposeData } from '../onnx/tensor-data.ts'
import { float } from '../onnx/writer.ts'

/** `SAME` and `VALID` as TensorFlow defines them, or explicit [top, bottom, left, right] padding. */
export type Padding = 'SAME' | 'VALID' | readonly [number, number, number, number]

/** A sliding window; every pair is [height, width]. */
export interface Window {
  kernel: readonly [number, number]
  strides: readonly [number, number]
  dilations?: readonly [number, number]
  padding: Padding
}

/** Output size and ONNX pads [top, left, bottom, right] of a window that slides over an input. */
export interface WindowGeometry {
  height: number
  width: number
  pads: readonly [number, number, number, number]
}

/** The sizes of a rank-4 value; throws when the value has another rank. */
export function imageShape(value: Value): readonly [number, number, number, number] {
  const { shape } = value
  if (shape.length !== 4) throw new Error(`expected an image-like value of rank 4, got shape [${shape}]`)
  return shape as unknown as readonly [number, number, number, number]
}

function slide(input: number, kernel: number, stride: number, dilation: number, before: number, after: number): number {
  const reach = (kernel - 1) * dilation + 1
  return Math.floor((input + before + after - reach) / stride) + 1
}

function samePads(input: number, kernel: number, stride: number, dilation: number): [number, number] {
  const output = Math.ceil(input / stride)
  const total = Math.max(0, (output - 1) * stride + (kernel - 1) * dilation + 1 - input)
  return [total >> 1, total - (total >> 1)]
}

/** Works out where a window lands on an input of the given height and width, in TensorFlow's rules. */
export function windowGeometry(height: number, width: number, window: Window): WindowGeometry {
  const { kernel, strides, padding } = window
  const [dilationY, dilationX] = window.dilations ?? [1, 1]
  let [top, bottom, left, right] = [0, 0, 0, 0]
  if (padding === 'SAME') {
    ;[top, bottom] = samePads(height, kernel[0], strides[0], dilationY)
    ;[left, right] = samePads(width, kernel[1], strides[1], dilationX)
  } else if (padding !== 'VALID') {
    ;[top, bottom, left, right] = padding
  }
  return {
    height: slide(height, kernel[0], strides[0], dilationY, top, bottom),
    width: slide(width, kernel[1], strides[1], dilationX, left, right),
    pads: [top, left, bottom, right],
  }
}

/**
 * Writes a 2-d convolution.
 *
 * `filter` is [height, width, in, out], or [height, width, in, multiplier] when depthwise; `bias` is [out].
 */
export function convolution(
  b: GraphBuilder,
  x: Value,
  filter: ConstantValue,
  bias: ConstantValue | undefined,
  options: Omit<Window, 'kernel'> & { depthwise: boolean },
): TensorValue {
  const [batch, height, width, channels] = imageShape(x)
  const [kernelHeight, kernelWidth, filterIn, last] = imageShape(filter)
  const { depthwise, strides, dilations = [1, 1] } = options
  const outChannels = depthwise ? filterIn * last : last
  const groups = depthwise ? filterIn : channels / filterIn
  if (!Number.isInteger(groups)) throw new Error(`${channels} channels do not fit a filter of [${filter.shape}]`)
  const kernel = [kernelHeight, kernelWidth] as const
  const geometry = windowGeometry(height, width, { ...options, kernel })
  const inputs = [
    b.name(x, 'NCHW'),
    b.initializer(
      'float32',
      [outChannels, depthwise ? 1 : filterIn, kernelHeight, kernelWidth],
      transposeData(filter.data, filter.shape, depthwise ? [2, 3, 0, 1] : [3, 2, 0, 1]),
    ),
  ]
  if (bias) inputs.push(b.initializer('float32', [outChannels], bias.data))
  const { pads } = geometry
  const output = b.node('Conv', inputs, { kernel_shape: kernel, strides, dilations, pads, group: groups })
  return b.tensor(output, [batch, geometry.height, geometry.width, outChannels], 'float32', 'NCHW')
}

/** Writes a max or average pooling; averages leave out padded cells, as TensorFlow does. */
export function pool(b: GraphBuilder, x: Value, op: 'MaxPool' | 'AveragePool', window: Window): TensorValue {
  const [batch, height, width, channels] = imageShape(x)
  const geometry = windowGeometry(height, width, window)
  const output = b.node(op, [b.name(x, 'NCHW')], {
    kernel_shape: window.kernel,
    strides: window.strides,
    pads: geometry.pads,
  })
  return b.tensor(output, [batch, geometry.height, geometry.width, channels], 'float32', 'NCHW')
}

/** Learned and running statistics of a batch normalisation, each [channels]. */
export interface BatchNormWeights {
  scale: ConstantValue
  offset: ConstantValue
  mean: ConstantValue
  variance: ConstantValue
}

/** Writes a batch normalisation over the channels of a rank-4 value. */
export function batchNorm(b: GraphBuilder, x: Value, weights: BatchNormWeights, epsilon: number): TensorValue {
  const { scale, offset, mean, variance } = weights
  const inputs = [b.name(x, 'NCHW'), ...[scale, offset, mean, variance].map((value) => b.name(value))]
  return b.tensor(b.node('BatchNormalization', inputs, { epsilon: float(epsilon) }), x.shape, 'float32', 'NCHW')
}

/** Averages a rank-4 value over height and width; the result is [batch, channels]. */
export function globalAverage(b: GraphBuilder, x: Value): TensorValue {
  const [batch, , , channels] = imageShape(x)
  return reshape(
    b,
    b.tensor(b.node('GlobalAveragePool', [b.name(x, 'NCHW')]), [batch, 1, 1, channels], 'float32', 'NCHW'),
    [batch, channels],
  )
}

/** Writes a Reshape in logical (channels-last) element order. */
export function reshape(b: GraphBuilder, x: Value, shape: readonly number[]): TensorValue {
  return b.tensor(b.node('Reshape', [b.name(x), b.ints(shape)]), shape, x.dtype)
}

/** Writes an elementwise operator that keeps shape, element type and storage layout. */
export function elementwise(
  b: GraphBuilder,
  x: Value,
  op: string,
  extra: { inputs?: readonly string[]; attributes?: Parameters<GraphBuilder['node']>[2] } = {},
): TensorValue {
  const layout = layoutOf(x)
  const output = b.node(op, [b.name(x, layout), ...(extra.inputs ?? [])], extra.attributes)
  return b.tensor(output, x.shape, x.dtype, layout)
}

/** Limits a value to a closed range. */
export function clip(b: GraphBuilder, x: Value, low: number, high: number): TensorValue {
  return elementwise(b, x, 'Clip', { inputs: [b.scalar(low), b.scalar(high)] })
}
