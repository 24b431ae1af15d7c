/** Operators that work element by element: arithmetic, comparisons, activations, casts. */
import { type ConstantValue, type GraphBuilder, type Layout, layoutOf, type Value } from '../../onnx/builder.ts'
import { type Dtype, elementCount, permuteShape, transposeData } from '../../onnx/tensor-data.ts'
import { float, onnxDataType } from '../../onnx/writer.ts'
import { clip, elementwise } from '../layer-ops.ts'
import { broadcastShape, constantOf, inputAt, numbers, type OpContext, type OpHandler } from './handler.ts'

type Fold = (x: number, y: number) => number

const FOLD: Record<string, Fold> = {
  Add: (x, y) => x + y,
  Sub: (x, y) => x - y,
  Mul: (x, y) => x * y,
  Div: (x, y) => x / y,
  Max: Math.max,
  Min: Math.min,
  Pow: (x, y) => x ** y,
  FloorDiv: (x, y) => Math.floor(x / y),
  FloorMod: (x, y) => x - y * Math.floor(x / y),
  SquaredDifference: (x, y) => (x - y) ** 2,
  Equal: (x, y) => Number(x === y),
  Less: (x, y) => Number(x < y),
  Greater: (x, y) => Number(x > y),
  GreaterOrEqual: (x, y) => Number(x >= y),
  And: (x, y) => Number(Boolean(x) && Boolean(y)),
}

function foldBinary(b: GraphBuilder, op: string, x: ConstantValue, y: ConstantValue, dtype: Dtype): Value {
  const fold = FOLD[op]
  if (!fold) throw new Error(`${op} of two constants is not supported`)
  const shape = broadcastShape(x.shape, y.shape)
  const expand = (value: ConstantValue): number[] => {
    const data = numbers(value)
    return data.length === 1 ? new Array<number>(elementCount(shape)).fill(data[0]!) : broadcastData(data, value, shape)
  }
  const left = expand(x)
  const right = expand(y)
  return constantOf(
    b,
    left.map((value, i) => fold(value, right[i]!)),
    shape,
    dtype,
  )
}

function broadcastData(data: readonly number[], value: ConstantValue, shape: readonly number[]): number[] {
  const offset = shape.length - value.shape.length
  const strides = new Array<number>(shape.length).fill(0)
  let stride = 1
  for (let axis = shape.length - 1; axis >= offset; axis--) {
    const size = value.shape[axis - offset]!
    strides[axis] = size === 1 ? 0 : stride
    stride *= size
  }
  return Array.from({ length: elementCount(shape) }, (_, flat) => {
    let rest = flat
    let position = 0
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      position += (rest % shape[axis]!) * strides[axis]!
      rest = Math.floor(rest / shape[axis]!)
    }
    return data[position]!
  })
}

function commonLayout(operands: readonly Value[], shape: readonly number[]): Layout {
  if (shape.length !== 4) return 'NHWC'
  const wantsChannelsFirst = operands.some((value) => layoutOf(value) === 'NCHW')
  // Lower-rank run-time operands broadcast against the last axes, which are the channels only when those come last.
  const movable = operands.every(
    (value) => value.shape.length === 4 || value.kind === 'constant' || elementCount(value.shape) === 1,
  )
  return wantsChannelsFirst && movable ? 'NCHW' : 'NHWC'
}

function operandName(b: GraphBuilder, value: Value, layout: Layout): string {
  if (layout === 'NHWC' || value.shape.length === 4 || elementCount(value.shape) === 1) return b.name(value, layout)
  const { data, shape, dtype } = value as ConstantValue
  return b.name(b.constant(data, [...new Array<number>(4 - shape.length).fill(1), ...shape], dtype), 'NCHW')
}

/** Writes an ONNX operator with two broadcasting operands, or computes it now when both are constants. */
export function binary(b: GraphBuilder, op: string, x: Value, y: Value, resultType?: Dtype): Value {
  const dtype = resultType ?? x.dtype
  if (x.kind === 'constant' && y.kind === 'constant') return foldBinary(b, op, x, y, dtype)
  const shape = broadcastShape(x.shape, y.shape)
  const layout = commonLayout([x, y], shape)
  const names = [operandName(b, x, layout), operandName(b, y, layout)]
  return b.tensor(binaryNode(b, op, names, x.dtype), shape, dtype, layout)
}

function binaryNode(b: GraphBuilder, op: string, names: string[], dtype: Dtype): string {
  switch (op) {
    case 'FloorDiv':
      // ONNX cuts the quotient of integers off towards zero; less the remainder, it is whole already.
      if (dtype !== 'float32') return b.node('Div', [b.node('Sub', [names[0]!, b.node('Mod', names)]), names[1]!])
      return b.node('Floor', [b.node('Div', names)])
    case 'FloorMod':
      if (dtype !== 'float32') return b.node('Mod', names)
      // ONNX has the sign of the dividend for floats, TensorFlow that of the divisor.
      return b.node('Sub', [names[0]!, b.node('Mul', [names[1]!, b.node('Floor', [b.node('Div', names)])])])
    case 'SquaredDifference': {
      const difference = b.node('Sub', names)
      return b.node('Mul', [difference, difference])
    }
    default:
      return b.node(op, names)
  }
}

function binaryHandler(op: string, resultType?: Dtype): OpHandler {
  return (c) => binary(c.b, op, inputAt(c, 0), inputAt(c, 1), resultType)
}

function unaryHandler(op: string): OpHandler {
  return (c) => elementwise(c.b, inputAt(c, 0), op)
}

function prelu(b: GraphBuilder, x: Value, slope: Value): Value {
  if (slope.kind !== 'constant') throw new Error('the slope of Prelu must be a constant')
  const layout = layoutOf(x)
  if (layout === 'NHWC') return b.tensor(b.node('PRelu', [b.name(x), b.name(slope)]), x.shape)
  const shape = [...new Array<number>(4 - slope.shape.length).fill(1), ...slope.shape]
  const data = transposeData(slope.data, shape, [0, 3, 1, 2])
  const name = b.initializer('float32', permuteShape(shape, [0, 3, 1, 2]), data)
  return b.tensor(b.node('PRelu', [b.name(x, layout), name]), x.shape, 'float32', layout)
}

const PLAIN_ACTIVATIONS: ReadonlySet<string> = new Set(['Relu', 'Elu', 'Sigmoid', 'Tanh'])
const DEFAULT_LEAK = 0.2

/** Writes a named activation, alone or fused into another operator; `slope` is the extra input of a fused Prelu. */
export function activation({ b, attributes }: OpContext, x: Value, name: string, slope?: Value): Value {
  if (PLAIN_ACTIVATIONS.has(name)) return elementwise(b, x, name)
  if (name === 'Relu6') return clip(b, x, 0, 6)
  if (name === 'LeakyRelu') {
    const alpha = attributes.float('leakyrelu_alpha', attributes.float('alpha', DEFAULT_LEAK))
    return elementwise(b, x, 'LeakyRelu', { attributes: { alpha: float(alpha) } })
  }
  if (name === 'Prelu' && slope) return prelu(b, x, slope)
  throw new Error(`activation ${name} is not supported`)
}

function cast(c: OpContext): Value {
  const { b, attributes } = c
  const x = inputAt(c, 0)
  const dtype = attributes.dtype('DstT') ?? 'float32'
  if (x.dtype === dtype) return x
  if (x.kind === 'constant') return constantOf(b, numbers(x), x.shape, dtype)
  const layout = layoutOf(x)
  const name = b.node('Cast', [b.name(x, layout)], { to: onnxDataType(dtype) })
  return b.tensor(name, x.shape, dtype, layout)
}

const activationHandler =
  (name: string): OpHandler =>
  (c) =>
    activation(c, inputAt(c, 0), name, c.inputs[1])

const add = binaryHandler('Add')
const divide = binaryHandler('Div')

export const elementwiseOps: Record<string, OpHandler> = {
  Add: add,
  AddV2: add,
  BiasAdd: add,
  AddN: (c) => c.inputs.slice(1).reduce<Value>((sum, value) => binary(c.b, 'Add', sum, value), inputAt(c, 0)),
  Sub: binaryHandler('Sub'),
  Mul: binaryHandler('Mul'),
  Div: divide,
  RealDiv: divide,
  Maximum: binaryHandler('Max'),
  Minimum: binaryHandler('Min'),
  Pow: binaryHandler('Pow'),
  FloorDiv: binaryHandler('FloorDiv'),
  FloorMod: binaryHandler('FloorMod'),
  SquaredDifference: binaryHandler('SquaredDifference'),
  Equal: binaryHandler('Equal', 'bool'),
  Less: binaryHandler('Less', 'bool'),
  Greater: binaryHandler('Greater', 'bool'),
  GreaterEqual: binaryHandler('GreaterOrEqual', 'bool'),
  LogicalAnd: binaryHandler('And', 'bool'),
  Relu: activationHandler('Relu'),
  Relu6: activationHandler('Relu6'),
  Elu: activationHandler('Elu'),
  LeakyRelu: activationHandler('LeakyRelu'),
  Prelu: activationHandler('Prelu'),
  Sigmoid: activationHandler('Sigmoid'),
  Tanh: activationHandler('Tanh'),
  Exp: unaryHandler('Exp'),
  Log: unaryHandler('Log'),
  Sqrt: unaryHandler('Sqrt'),
  Neg: unaryHandler('Neg'),
  Abs: unaryHandler('Abs'),
  Floor: unaryHandler('Floor'),
  Reciprocal: unaryHandler('Reciprocal'),
  Rsqrt: (c) => elementwise(c.b, elementwise(c.b, inputAt(c, 0), 'Sqrt'), 'Reciprocal'),
  Square: (c) => binary(c.b, 'Mul', inputAt(c, 0), inputAt(c, 0)),
  Softmax: (c) => c.b.tensor(c.b.node('Softmax', [c.b.name(inputAt(c, 0))], { axis: -1 }), inputAt(c, 0).shape),
  Cast: cast,
  Identity: (c) => inputAt(c, 0),
  StopGradient: (c) => inputAt(c, 0),
}
