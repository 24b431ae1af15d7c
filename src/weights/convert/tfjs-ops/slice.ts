/** Slice and StridedSlice, with TensorFlow's bit masks. */
import { type Layout, layoutOf, NCHW_AXIS, type Value } from '../../onnx/builder.ts'
import { reshape } from '../layer-ops.ts'
import { constantAt, constantOf, inputAt, numbers, type OpContext } from './handler.ts'

/** A cut along one source axis; `end` is exclusive and may be -1 (past the start) when the step is negative. */
interface Cut {
  axis: number
  begin: number
  end: number
  step: number
}

interface Plan {
  cuts: Cut[]
  /** The shape before single positions are dropped and new axes added. */
  cutShape: number[]
  shape: number[]
}

function cutLength({ begin, end, step }: Cut): number {
  return Math.max(0, Math.ceil((end - begin) / step))
}

function normalise(size: number, begin: number | undefined, end: number | undefined, step: number): Omit<Cut, 'axis'> {
  const [low, high] = step > 0 ? [0, size] : [-1, size - 1]
  const place = (value: number | undefined, fallback: number): number =>
    value === undefined ? fallback : Math.min(high, Math.max(low, value < 0 ? value + size : value))
  return { begin: place(begin, step > 0 ? low : high), end: place(end, step > 0 ? high : low), step }
}

function planStridedSlice(c: OpContext, x: Value): Plan {
  const [begin, end, steps] = [1, 2, 3].map((index) => numbers(constantAt(c, index))) as [number[], number[], number[]]
  const [beginMask, endMask, ellipsisMask, newAxisMask, shrinkMask] = [
    'begin_mask',
    'end_mask',
    'ellipsis_mask',
    'new_axis_mask',
    'shrink_axis_mask',
  ].map((key) => c.attributes.int(key, 0)) as [number, number, number, number, number]
  const has = (mask: number, position: number): boolean => (mask & (1 << position)) !== 0
  const plan: Plan = { cuts: [], cutShape: [...x.shape], shape: [] }
  let axis = 0
  const keepUntil = (limit: number): void => {
    for (; axis < limit; axis++) plan.shape.push(x.shape[axis]!)
  }
  for (let i = 0; i < begin.length; i++) {
    if (has(ellipsisMask, i)) {
      const later = begin.keys().filter((j) => j > i && !has(newAxisMask, j))
      keepUntil(x.shape.length - [...later].length)
    } else if (has(newAxisMask, i)) {
      plan.shape.push(1)
    } else {
      const size = x.shape[axis]
      if (size === undefined) throw new Error(`StridedSlice has more cuts than shape [${x.shape}] has axes`)
      const cut = { axis, ...cutAt(i, size) }
      plan.cuts.push(cut)
      plan.cutShape[axis] = cutLength(cut)
      if (!has(shrinkMask, i)) plan.shape.push(cutLength(cut))
      axis++
    }
  }
  keepUntil(x.shape.length)
  return plan

  function cutAt(i: number, size: number): Omit<Cut, 'axis'> {
    if (has(shrinkMask, i)) {
      const position = begin[i]! < 0 ? begin[i]! + size : begin[i]!
      return { begin: position, end: position + 1, step: 1 }
    }
    return normalise(size, has(beginMask, i) ? undefined : begin[i], has(endMask, i) ? undefined : end[i], steps[i]!)
  }
}

/** ONNX counts a negative end from the back, so "before the first element" needs a number that cannot mean another. */
const BEFORE_START = -(2 ** 31)

function applyCuts(c: OpContext, x: Value, cuts: readonly Cut[], cutShape: readonly number[]): Value {
  const effective = cuts.filter(({ axis, begin, end, step }) => !(begin === 0 && end === x.shape[axis] && step === 1))
  if (effective.length === 0) return x
  if (x.kind === 'constant' && x.shape.length === 1) {
    const [cut] = effective
    const data = numbers(x)
    const values = Array.from({ length: cutLength(cut!) }, (_, i) => data[cut!.begin + i * cut!.step]!)
    return constantOf(c.b, values, cutShape, x.dtype)
  }
  const layout: Layout = layoutOf(x)
  const name = c.b.node('Slice', [
    c.b.name(x, layout),
    c.b.ints(effective.map((cut) => cut.begin)),
    c.b.ints(effective.map((cut) => (cut.end < 0 ? BEFORE_START : cut.end))),
    c.b.ints(effective.map((cut) => (layout === 'NCHW' ? NCHW_AXIS[cut.axis]! : cut.axis))),
    c.b.ints(effective.map((cut) => cut.step)),
  ])
  return c.b.tensor(name, cutShape, x.dtype, layout)
}

/** Translates StridedSlice. */
export function stridedSlice(c: OpContext): Value {
  const x = inputAt(c, 0)
  const plan = planStridedSlice(c, x)
  const cut = applyCuts(c, x, plan.cuts, plan.cutShape)
  if (plan.shape.join() === cut.shape.join()) return cut
  return cut.kind === 'constant' ? c.b.constant(cut.data, plan.shape, cut.dtype) : reshape(c.b, cut, plan.shape)
}

/** Translates Slice; a size of -1 reaches to the end of its axis. */
export function slice(c: OpContext): Value {
  const x = inputAt(c, 0)
  const begin = numbers(constantAt(c, 1))
  const shape = numbers(constantAt(c, 2)).map((size, axis) => (size < 0 ? x.shape[axis]! - begin[axis]! : size))
  const cuts = begin.map((start, axis) => ({ axis, begin: start, end: start + shape[axis]!, step: 1 }))
  return applyCuts(c, x, cuts, shape)
}
