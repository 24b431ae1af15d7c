/** Convolutions, matrix products, pooling, normalisation and resizing. */
import { layoutOf, NCHW_AXIS, type Value } from '../../onnx/builder.ts'
import { transposeData } from '../../onnx/tensor-data.ts'
import { batchNorm, convolution, imageShape, type Padding, pool } from '../layer-ops.ts'
import { activation, binary } from './elementwise.ts'
import { broadcastShape, constantAt, inputAt, numbers, type OpContext, type OpHandler, scalarAt } from './handler.ts'

/** Additions to what a fused operator computes, in the order TensorFlow lists them. */
interface Fusion {
  bias: boolean
  activations: readonly string[]
}

function fusion({ attributes }: OpContext): Fusion {
  const names = attributes.strings('fused_ops')
  return { bias: names[0] === 'BiasAdd', activations: names.filter((name) => name !== 'BiasAdd') }
}

function paddingOf({ attributes }: OpContext): Padding {
  const padding = attributes.string('padding')
  if (padding === 'SAME' || padding === 'VALID') return padding
  const explicit = attributes.ints('explicit_paddings')
  if (padding !== 'EXPLICIT' || explicit.length !== 8) throw new Error(`padding '${padding}' is not supported`)
  return [explicit[2]!, explicit[3]!, explicit[4]!, explicit[5]!]
}

function convolutionHandler(depthwise: boolean): OpHandler {
  return (c) => {
    const { bias, activations } = fusion(c)
    const result = convolution(c.b, inputAt(c, 0), constantAt(c, 1), bias ? constantAt(c, 2) : undefined, {
      depthwise,
      strides: c.attributes.heightWidth('strides'),
      dilations: c.attributes.heightWidth('dilations'),
      padding: paddingOf(c),
    })
    return activations.reduce<Value>((value, name) => activation(c, value, name, c.inputs[3]), result)
  }
}

function transposedConvolution(c: OpContext): Value {
  const filter = constantAt(c, 1)
  const x = inputAt(c, 2)
  const [kernelHeight, kernelWidth, outChannels, inChannels] = imageShape(filter)
  const [batch, height, width] = imageShape(x)
  const wanted = numbers(constantAt(c, 0))
  const strides = c.attributes.heightWidth('strides')
  // The gradient of a convolution drops what the forward padding added; what it lacks is added at the far end.
  const axisPads = (output: number, input: number, kernel: number, stride: number): [number, number, number] => {
    const excess = (input - 1) * stride + kernel - output
    return excess >= 0 ? [excess >> 1, excess - (excess >> 1), 0] : [0, 0, -excess]
  }
  const [top, bottom, extraY] = axisPads(wanted[1]!, height, kernelHeight, strides[0])
  const [left, right, extraX] = axisPads(wanted[2]!, width, kernelWidth, strides[1])
  const weights = c.b.initializer(
    'float32',
    [inChannels, outChannels, kernelHeight, kernelWidth],
    transposeData(filter.data, filter.shape, [3, 2, 0, 1]),
  )
  const output = c.b.node('ConvTranspose', [c.b.name(x, 'NCHW'), weights], {
    kernel_shape: [kernelHeight, kernelWidth],
    strides,
    pads: [top, left, bottom, right],
    output_padding: [extraY, extraX],
  })
  return c.b.tensor(output, [batch, wanted[1]!, wanted[2]!, outChannels], 'float32', 'NCHW')
}

function poolHandler(op: 'MaxPool' | 'AveragePool'): OpHandler {
  return (c) =>
    pool(c.b, inputAt(c, 0), op, {
      kernel: c.attributes.heightWidth('ksize'),
      strides: c.attributes.heightWidth('strides'),
      padding: paddingOf(c),
    })
}

const DEFAULT_BATCH_NORM_EPSILON = 1e-4

function fusedBatchNorm(c: OpContext): Value {
  if (c.attributes.bool('is_training')) throw new Error('batch normalisation in training mode is not supported')
  const weights = {
    scale: constantAt(c, 1),
    offset: constantAt(c, 2),
    mean: constantAt(c, 3),
    variance: constantAt(c, 4),
  }
  return batchNorm(c.b, inputAt(c, 0), weights, c.attributes.float('epsilon', DEFAULT_BATCH_NORM_EPSILON))
}

function matMul(c: OpContext): Value {
  const [x, y] = [inputAt(c, 0), inputAt(c, 1)]
  const [transA, transB] = [c.attributes.bool('transpose_a'), c.attributes.bool('transpose_b')]
  if (x.shape.length !== 2 || y.shape.length !== 2) throw new Error(`MatMul of [${x.shape}] and [${y.shape}]`)
  const shape = [x.shape[transA ? 1 : 0]!, y.shape[transB ? 0 : 1]!]
  const attributes = { transA: Number(transA), transB: Number(transB) }
  return c.b.tensor(c.b.node('Gemm', [c.b.name(x), c.b.name(y)], attributes), shape)
}

function fusedMatMul(c: OpContext): Value {
  const { bias, activations } = fusion(c)
  const product = matMul(c)
  const sum = bias ? binary(c.b, 'Add', product, inputAt(c, 2)) : product
  return activations.reduce<Value>((value, name) => activation(c, value, name, c.inputs[3]), sum)
}

function batchMatMul(c: OpContext): Value {
  const operand = (index: number, adjoint: boolean): { name: string; shape: number[] } => {
    const value = inputAt(c, index)
    const shape = [...value.shape]
    if (!adjoint) return { name: c.b.name(value), shape }
    const rank = shape.length
    const perm = [...shape.keys()]
    ;[perm[rank - 1], perm[rank - 2]] = [rank - 2, rank - 1]
    return { name: c.b.node('Transpose', [c.b.name(value)], { perm }), shape: perm.map((axis) => shape[axis]!) }
  }
  const x = operand(0, c.attributes.bool('adj_x'))
  const y = operand(1, c.attributes.bool('adj_y'))
  const shape = [...broadcastShape(x.shape.slice(0, -2), y.shape.slice(0, -2)), x.shape.at(-2)!, y.shape.at(-1)!]
  return c.b.tensor(c.b.node('MatMul', [x.name, y.name]), shape)
}

function resizeHandler(mode: 'linear' | 'nearest'): OpHandler {
  return (c) => {
    const x = inputAt(c, 0)
    const [batch, , , channels] = imageShape(x)
    const [height, width] = numbers(constantAt(c, 1)) as [number, number]
    const corners = c.attributes.bool('align_corners')
    const halfPixel = c.attributes.bool('half_pixel_centers')
    const output = c.b.node('Resize', [c.b.name(x, 'NCHW'), '', '', c.b.ints([batch, channels, height, width])], {
      mode,
      coordinate_transformation_mode: corners ? 'align_corners' : halfPixel ? 'half_pixel' : 'asymmetric',
      nearest_mode: mode === 'linear' ? undefined : corners || halfPixel ? 'round_prefer_ceil' : 'floor',
    })
    return c.b.tensor(output, [batch, height, width, channels], 'float32', 'NCHW')
  }
}

function depthToSpace(c: OpContext): Value {
  const x = inputAt(c, 0)
  const [batch, height, width, channels] = imageShape(x)
  const block = c.attributes.int('block_size', 1)
  const output = c.b.node('DepthToSpace', [c.b.name(x, 'NCHW')], { blocksize: block, mode: 'DCR' })
  return c.b.tensor(output, [batch, height * block, width * block, channels / block ** 2], 'float32', 'NCHW')
}

function pad(c: OpContext): Value {
  const x = inputAt(c, 0)
  const amounts = numbers(constantAt(c, 1))
  const mode = c.op === 'MirrorPad' ? c.attributes.string('mode').toLowerCase() : 'constant'
  if (mode !== 'constant' && mode !== 'reflect') throw new Error(`padding mode ${mode} is not supported`)
  const layout = layoutOf(x)
  const begin = x.shape.map((_, axis) => amounts[2 * axis]!)
  const end = x.shape.map((_, axis) => amounts[2 * axis + 1]!)
  const shape = x.shape.map((size, axis) => size + begin[axis]! + end[axis]!)
  const stored = (values: readonly number[]): number[] => {
    if (layout === 'NHWC') return [...values]
    const result = [...values]
    for (const [axis, value] of values.entries()) result[NCHW_AXIS[axis]!] = value
    return result
  }
  const inputs = [c.b.name(x, layout), c.b.ints([...stored(begin), ...stored(end)])]
  if (mode === 'constant') inputs.push(c.b.initializer(x.dtype, [], [c.inputs[2] ? scalarAt(c, 2) : 0]))
  return c.b.tensor(c.b.node('Pad', inputs, { mode }), shape, x.dtype, layout)
}

const convolve = convolutionHandler(false)
const convolveDepthwise = convolutionHandler(true)

export const matrixOps: Record<string, OpHandler> = {
  Conv2D: convolve,
  _FusedConv2D: convolve,
  DepthwiseConv2dNative: convolveDepthwise,
  FusedDepthwiseConv2dNative: convolveDepthwise,
  Conv2DBackpropInput: transposedConvolution,
  MaxPool: poolHandler('MaxPool'),
  AvgPool: poolHandler('AveragePool'),
  FusedBatchNorm: fusedBatchNorm,
  FusedBatchNormV2: fusedBatchNorm,
  FusedBatchNormV3: fusedBatchNorm,
  MatMul: matMul,
  _FusedMatMul: fusedMatMul,
  BatchMatMul: batchMatMul,
  BatchMatMulV2: batchMatMul,
  ResizeBilinear: resizeHandler('linear'),
  ResizeNearestNeighbor: resizeHandler('nearest'),
  DepthToSpace: depthToSpace,
  Pad: pad,
  PadV2: pad,
  MirrorPad: pad,
}
