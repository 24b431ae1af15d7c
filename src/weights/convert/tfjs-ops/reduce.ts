/** Reductions over axes, ArgMax and TopK. */
import { layoutOf, NCHW_AXIS, type Value } from '../../onnx/builder.ts'
import { onnxDataType } from '../../onnx/writer.ts'
import { reshape } from '../layer-ops.ts'
import {
  constantAt,
  constantOf,
  inputAt,
  numbers,
  type OpContext,
  type OpHandler,
  positiveAxis,
  scalarAt,
} from './handler.ts'

const FOLD: Record<string, (values: readonly number[]) => number> = {
  ReduceProd: (values) => values.reduce((a, b) => a * b, 1),
  ReduceSum: (values) => values.reduce((a, b) => a + b, 0),
  ReduceMax: (values) => Math.max(...values),
  ReduceMin: (values) => Math.min(...values),
}

function reduceHandler(op: string): OpHandler {
  return (c) => {
    const x = inputAt(c, 0)
    const axes = numbers(constantAt(c, 1)).map((axis) => positiveAxis(axis, x.shape.length))
    const keep = c.attributes.bool('keep_dims')
    const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size))
    const shape = keep ? kept : x.shape.filter((_, axis) => !axes.includes(axis))
    const fold = FOLD[op]
    if (x.kind === 'constant' && x.shape.length === 1 && axes.length === 1 && fold) {
      return constantOf(c.b, [fold(numbers(x))], shape, x.dtype)
    }
    // Reducing in the stored layout and dropping the axes afterwards saves a Transpose of the large input.
    const layout = layoutOf(x)
    const stored = layout === 'NCHW' ? axes.map((axis) => NCHW_AXIS[axis]!) : axes
    const reduced = c.b.tensor(reduceNode(c, op, c.b.name(x, layout), stored), kept, x.dtype, layout)
    return keep ? reduced : reshape(c.b, reduced, shape)
  }
}

function reduceNode({ b }: OpContext, op: string, input: string, axes: readonly number[]): string {
  if (op === 'ReduceMean' && axes.length === 2 && axes.includes(2) && axes.includes(3)) {
    return b.node('GlobalAveragePool', [input])
  }
  // Only the sum takes its axes as an input in the operator set we write.
  if (op === 'ReduceSum') return b.node(op, [input, b.ints(axes)], { keepdims: 1 })
  return b.node(op, [input], { axes, keepdims: 1 })
}

function argMax(c: OpContext): Value {
  const x = inputAt(c, 0)
  const axis = positiveAxis(scalarAt(c, 1), x.shape.length)
  const indices = c.b.node('ArgMax', [c.b.name(x)], { axis, keepdims: 0 })
  const shape = x.shape.filter((_, i) => i !== axis)
  return c.b.tensor(c.b.node('Cast', [indices], { to: onnxDataType('int32') }), shape, 'int32')
}

function topK(c: OpContext): Value[] {
  const x = inputAt(c, 0)
  const k = scalarAt(c, 1)
  const shape = [...x.shape.slice(0, -1), k]
  const attributes = { axis: -1, largest: 1, sorted: 1 }
  const [values, indices] = c.b.nodes('TopK', [c.b.name(x), c.b.ints([k])], attributes, 2)
  const cast = c.b.node('Cast', [indices!], { to: onnxDataType('int32') })
  return [c.b.tensor(values!, shape, x.dtype), c.b.tensor(cast, shape, 'int32')]
}

export const reduceOps: Record<string, OpHandler> = {
  Mean: reduceHandler('ReduceMean'),
  Sum: reduceHandler('ReduceSum'),
  Max: reduceHandler('ReduceMax'),
  Min: reduceHandler('ReduceMin'),
  Prod: reduceHandler('ReduceProd'),
  ArgMax: argMax,
  TopKV2: topK,
}
