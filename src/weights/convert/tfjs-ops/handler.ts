/** What an operator handler gets and gives, and the helpers that all of them share. */
import { type ConstantValue, type GraphBuilder, layoutOf, NCHW_AXIS, type Value } from '../../onnx/builder.ts'
import { type Dtype, toTensorData } from '../../onnx/tensor-data.ts'
import type { NodeAttributes } from '../tfjs-node.ts'

/** One TensorFlow node to translate; `inputs` are its data inputs in order. */
export interface OpContext {
  readonly b: GraphBuilder
  readonly op: string
  readonly attributes: NodeAttributes
  readonly inputs: readonly Value[]
}

/** Translates one node; several outputs come as a list. Throws when it cannot keep the meaning. */
export type OpHandler = (context: OpContext) => Value | Value[]

/** The input at `index`; throws when the node has fewer. */
export function inputAt({ op, inputs }: OpContext, index: number): Value {
  const value = inputs[index]
  if (!value) throw new Error(`${op} has no input ${index}`)
  return value
}

/** The input at `index`, which must be known while converting. */
export function constantAt(context: OpContext, index: number): ConstantValue {
  const value = inputAt(context, index)
  if (value.kind !== 'constant') throw new Error(`input ${index} of ${context.op} must be a constant`)
  return value
}

/** The elements of a constant as plain numbers. */
export function numbers(value: ConstantValue): number[] {
  return Array.from(value.data as ArrayLike<number | bigint>, Number)
}

/** The single number of a scalar constant input. */
export function scalarAt(context: OpContext, index: number): number {
  const [value] = numbers(constantAt(context, index))
  if (value === undefined) throw new Error(`input ${index} of ${context.op} is empty`)
  return value
}

/** A constant from plain numbers. */
export function constantOf(b: GraphBuilder, values: readonly number[], shape: readonly number[], dtype: Dtype): Value {
  return b.constant(toTensorData(dtype, values), shape, dtype)
}

/** Turns an axis that may count from the end into one that counts from the start. */
export function positiveAxis(axis: number, rank: number): number {
  const result = axis < 0 ? axis + rank : axis
  if (!Number.isInteger(result) || result < 0 || result >= rank) throw new Error(`axis ${axis} is outside rank ${rank}`)
  return result
}

/** Where a logical axis of `value` sits in its own storage layout. */
export function storedAxis(value: Value, axis: number): number {
  return layoutOf(value) === 'NCHW' ? NCHW_AXIS[axis]! : axis
}

/** The shape two operands broadcast to, by NumPy rules. */
export function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length)
  return Array.from({ length: rank }, (_, i) => {
    const x = a[a.length - rank + i] ?? 1
    const y = b[b.length - rank + i] ?? 1
    if (x !== y && x !== 1 && y !== 1) throw new Error(`shapes [${a}] and [${b}] do not broadcast`)
    return x === 1 ? y : x
  })
}
