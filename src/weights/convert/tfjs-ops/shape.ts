/** Operators that move, join, cut or describe data without computing on it. */
import { type Layout, layoutOf, type Value } from '../../onnx/builder.ts'
import { elementCount, transposeData } from '../../onnx/tensor-data.ts'
import { onnxDataType } from '../../onnx/writer.ts'
import { reshape } from '../layer-ops.ts'
import {
  broadcastShape,
  constantAt,
  constantOf,
  inputAt,
  numbers,
  type OpContext,
  type OpHandler,
  positiveAxis,
  scalarAt,
  storedAxis,
} from './handler.ts'
import { slice, stridedSlice } from './slice.ts'

function reshapeTo({ b }: OpContext, x: Value, shape: readonly number[]): Value {
  return x.kind === 'constant' ? b.constant(x.data, shape, x.dtype) : reshape(b, x, shape)
}

function reshapeOp(c: OpContext): Value {
  const x = inputAt(c, 0)
  const wanted = numbers(constantAt(c, 1))
  const known = elementCount(wanted.filter((size) => size !== -1))
  const shape = wanted.map((size) => (size === -1 ? elementCount(x.shape) / known : size))
  if (elementCount(shape) !== elementCount(x.shape)) throw new Error(`cannot reshape [${x.shape}] to [${wanted}]`)
  return reshapeTo(c, x, shape)
}

function transposeOp(c: OpContext): Value {
  const x = inputAt(c, 0)
  const perm = numbers(constantAt(c, 1))
  const shape = perm.map((axis) => x.shape[axis]!)
  if (x.kind === 'constant') return c.b.constant(transposeData(x.data, x.shape, perm), shape, x.dtype)
  // A transpose between the two layouts only changes how the same stored data is read.
  const order = perm.join()
  if (layoutOf(x) === 'NCHW' && order === '0,3,1,2') return c.b.tensor(c.b.name(x, 'NCHW'), shape, x.dtype, 'NHWC')
  if (layoutOf(x) === 'NHWC' && order === '0,2,3,1') return c.b.tensor(c.b.name(x, 'NHWC'), shape, x.dtype, 'NCHW')
  return c.b.tensor(c.b.node('Transpose', [c.b.name(x)], { perm }), shape, x.dtype)
}

function squeeze(c: OpContext): Value {
  const x = inputAt(c, 0)
  const listed = c.attributes.ints('squeeze_dims').map((axis) => positiveAxis(axis, x.shape.length))
  const dropped = listed.length > 0 ? listed : [...x.shape.keys()].filter((axis) => x.shape[axis] === 1)
  return reshapeTo(
    c,
    x,
    x.shape.filter((_, axis) => !dropped.includes(axis)),
  )
}

function expandDims(c: OpContext): Value {
  const x = inputAt(c, 0)
  const axis = positiveAxis(scalarAt(c, 1), x.shape.length + 1)
  return reshapeTo(c, x, [...x.shape.slice(0, axis), 1, ...x.shape.slice(axis)])
}

function concatenate(c: OpContext): Value {
  const parts = c.inputs.slice(0, -1)
  const first = inputAt(c, 0)
  const rank = first.shape.length
  const axis = positiveAxis(scalarAt(c, c.inputs.length - 1), rank)
  const shape = first.shape.map((size, i) => (i === axis ? parts.reduce((sum, part) => sum + part.shape[i]!, 0) : size))
  if (rank === 1 && parts.every((part) => part.kind === 'constant')) {
    return constantOf(c.b, parts.flatMap(numbers), shape, first.dtype)
  }
  const layout: Layout = parts.some((part) => layoutOf(part) === 'NCHW') ? 'NCHW' : 'NHWC'
  const names = parts.map((part) => c.b.name(part, layout))
  const stored = layout === 'NCHW' ? [0, 2, 3, 1][axis]! : axis
  return c.b.tensor(c.b.node('Concat', names, { axis: stored }), shape, first.dtype, layout)
}

function pack(c: OpContext): Value {
  const first = inputAt(c, 0)
  const axis = positiveAxis(c.attributes.int('axis', 0), first.shape.length + 1)
  const shape = [...first.shape.slice(0, axis), c.inputs.length, ...first.shape.slice(axis)]
  if (first.shape.length === 0 && c.inputs.every((value) => value.kind === 'constant')) {
    return constantOf(c.b, c.inputs.flatMap(numbers), shape, first.dtype)
  }
  const single = [...first.shape.slice(0, axis), 1, ...first.shape.slice(axis)]
  const names = c.inputs.map((value) => c.b.name(reshapeTo(c, value, single)))
  return c.b.tensor(c.b.node('Concat', names, { axis }), shape, first.dtype)
}

function unpack(c: OpContext): Value[] {
  const x = inputAt(c, 0)
  const axis = positiveAxis(c.attributes.int('axis', 0), x.shape.length)
  const shape = x.shape.filter((_, i) => i !== axis)
  if (x.kind === 'constant' && x.shape.length === 1) {
    return numbers(x).map((value) => constantOf(c.b, [value], [], x.dtype))
  }
  const single = x.shape.map((size, i) => (i === axis ? 1 : size))
  return c.b
    .nodes('Split', [c.b.name(x)], { axis }, x.shape[axis]!)
    .map((name) => reshape(c.b, c.b.tensor(name, single, x.dtype), shape))
}

function splitInto(c: OpContext, x: Value, axis: number, sizes: readonly number[]): Value[] {
  const layout = layoutOf(x)
  const inputs = [c.b.name(x, layout), c.b.ints(sizes)]
  return c.b.nodes('Split', inputs, { axis: storedAxis(x, axis) }, sizes.length).map((name, part) => {
    const shape = x.shape.map((size, i) => (i === axis ? sizes[part]! : size))
    return c.b.tensor(name, shape, x.dtype, layout)
  })
}

function split(c: OpContext): Value[] {
  const x = inputAt(c, 1)
  const axis = positiveAxis(scalarAt(c, 0), x.shape.length)
  const count = c.attributes.int('num_split', 1)
  return splitInto(c, x, axis, new Array<number>(count).fill(x.shape[axis]! / count))
}

function splitV(c: OpContext): Value[] {
  const x = inputAt(c, 0)
  const axis = positiveAxis(scalarAt(c, 2), x.shape.length)
  const sizes = numbers(constantAt(c, 1))
  const known = sizes.reduce((sum, size) => sum + Math.max(0, size), 0)
  return splitInto(
    c,
    x,
    axis,
    sizes.map((size) => (size < 0 ? x.shape[axis]! - known : size)),
  )
}

function gather(c: OpContext): Value {
  const x = inputAt(c, 0)
  const indices = inputAt(c, 1)
  const axis = positiveAxis(c.inputs[2] ? scalarAt(c, 2) : 0, x.shape.length)
  if (c.attributes.int('batch_dims', 0) !== 0) throw new Error('GatherV2 with batch dimensions is not supported')
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)]
  return c.b.tensor(c.b.node('Gather', [c.b.name(x), c.b.name(indices)], { axis }), shape, x.dtype)
}

function gatherNd(c: OpContext): Value {
  const x = inputAt(c, 0)
  const indices = inputAt(c, 1)
  const depth = indices.shape.at(-1)!
  const wide = c.b.node('Cast', [c.b.name(indices)], { to: onnxDataType('int64') })
  const shape = [...indices.shape.slice(0, -1), ...x.shape.slice(depth)]
  return c.b.tensor(c.b.node('GatherND', [c.b.name(x), wide]), shape, x.dtype)
}

function tile(c: OpContext): Value {
  const x = inputAt(c, 0)
  const repeats = numbers(constantAt(c, 1))
  const shape = x.shape.map((size, axis) => size * repeats[axis]!)
  return c.b.tensor(c.b.node('Tile', [c.b.name(x), c.b.ints(repeats)]), shape, x.dtype)
}

function fill(c: OpContext): Value {
  const shape = numbers(constantAt(c, 0))
  const value = scalarAt(c, 1)
  return constantOf(c.b, new Array<number>(elementCount(shape)).fill(value), shape, inputAt(c, 1).dtype)
}

function range(c: OpContext): Value {
  const [start, limit, step] = [scalarAt(c, 0), scalarAt(c, 1), scalarAt(c, 2)]
  const count = Math.max(0, Math.ceil((limit - start) / step))
  const values = Array.from({ length: count }, (_, i) => start + i * step)
  return constantOf(c.b, values, [count], inputAt(c, 0).dtype)
}

function select(c: OpContext): Value {
  const [condition, x, y] = [inputAt(c, 0), inputAt(c, 1), inputAt(c, 2)]
  const shape = broadcastShape(condition.shape, broadcastShape(x.shape, y.shape))
  return c.b.tensor(c.b.node('Where', [c.b.name(condition), c.b.name(x), c.b.name(y)]), shape, x.dtype)
}

/** Writes values into an array of a default; with everything known while converting, as padding amounts are. */
function sparseToDense(c: OpContext): Value {
  const [places, size, values, [otherwise = 0]] = [0, 1, 2, 3].map((at) => numbers(constantAt(c, at))) as [
    number[],
    number[],
    number[],
    number[],
  ]
  const rank = size.length
  const dense = new Array<number>(elementCount(size)).fill(otherwise)
  for (let row = 0; row * rank < places.length; row++) {
    const at = size.reduce((offset, side, axis) => offset * side + places[row * rank + axis]!, 0)
    dense[at] = values.length === 1 ? values[0]! : values[row]!
  }
  return constantOf(c.b, dense, size, constantAt(c, 2).dtype)
}

export const shapeOps: Record<string, OpHandler> = {
  Reshape: reshapeOp,
  Transpose: transposeOp,
  Squeeze: squeeze,
  ExpandDims: expandDims,
  ConcatV2: concatenate,
  Pack: pack,
  Unpack: unpack,
  Split: split,
  SplitV: splitV,
  Shape: (c) => constantOf(c.b, inputAt(c, 0).shape, [inputAt(c, 0).shape.length], 'int32'),
  Size: (c) => constantOf(c.b, [elementCount(inputAt(c, 0).shape)], [], 'int32'),
  Slice: slice,
  StridedSlice: stridedSlice,
  GatherV2: gather,
  GatherNd: gatherNd,
  Tile: tile,
  Fill: fill,
  ZerosLike: (c) => {
    const { shape, dtype } = inputAt(c, 0)
    return constantOf(c.b, new Array<number>(elementCount(shape)).fill(0), shape, dtype)
  },
  Range: range,
  SparseToDense: sparseToDense,
  Select: select,
  SelectV2: select,
}
