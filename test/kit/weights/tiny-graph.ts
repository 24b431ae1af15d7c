/** Builds small TensorFlow.js graph models, one operator at a time. */
import type { TfAttributeValue, TfNode } from '../../../src/weights/convert/tfjs-node.ts'
import type { TfjsWeightSpec } from '../../../src/weights/convert/tfjs-weights.ts'
import { uniform } from './pseudo-random.ts'
import type { PlainTensor } from './run-onnx.ts'

/** An input of the operator under test: fed at run time, or a constant of the model. */
export type Operand =
  | { kind: 'feed'; shape: number[]; data: Float32Array | Int32Array }
  | { kind: 'constant'; shape: number[]; data: Float32Array | Int32Array }

let seed = 0

/** A run-time input with pseudo-random values. */
export function feed(shape: number[], low = -1, high = 1): Operand {
  const count = shape.reduce((a, b) => a * b, 1)
  return { kind: 'feed', shape, data: uniform(++seed, count, low, high) }
}

/** A constant with pseudo-random values. */
export function weights(shape: number[], low = -1, high = 1): Operand {
  return { ...feed(shape, low, high), kind: 'constant' }
}

/** A constant vector of integers. */
export function ints(...values: number[]): Operand {
  return { kind: 'constant', shape: [values.length], data: Int32Array.from(values) }
}

/** A constant integer scalar. */
export function int(value: number): Operand {
  return { kind: 'constant', shape: [], data: Int32Array.of(value) }
}

/** A constant float tensor. */
export function floats(values: readonly number[], shape: number[] = [values.length]): Operand {
  return { kind: 'constant', shape, data: Float32Array.from(values) }
}

/** An attribute that is a list of integers, in the string form that protobuf JSON uses. */
export function list(...values: number[]): TfAttributeValue {
  return { list: { i: values.map(String) } }
}

/** A string attribute. */
export function text(value: string): TfAttributeValue {
  return { s: Buffer.from(value).toString('base64') }
}

/** A list of strings. */
export function texts(...values: string[]): TfAttributeValue {
  return { list: { s: values.map((value) => Buffer.from(value).toString('base64')) } }
}

/** A graph with its weights, in the form both the converter and TensorFlow.js read. */
export interface TinyGraph {
  model: {
    modelTopology: { node: TfNode[]; library: object; versions: object }
    weightsManifest: { paths: string[]; weights: TfjsWeightSpec[] }[]
  }
  weights: Uint8Array
  feeds: Record<string, PlainTensor>
  inputs: { tensor: string; as: string; shape: number[]; dtype: 'float32' | 'int32' }[]
}

function dtypeName(data: Float32Array | Int32Array): 'float32' | 'int32' {
  return data instanceof Float32Array ? 'float32' : 'int32'
}

/** Collects nodes, weights and feeds. */
class TinyGraphBuilder {
  readonly nodes: TfNode[] = []
  readonly specs: TfjsWeightSpec[] = []
  readonly chunks: Uint8Array[] = []
  readonly graph: Pick<TinyGraph, 'feeds' | 'inputs'> = { feeds: {}, inputs: [] }

  add(name: string, operand: Operand): string {
    const { shape, data } = operand
    const dtype = dtypeName(data)
    const type = dtype === 'float32' ? 'DT_FLOAT' : 'DT_INT32'
    const dim = shape.map((size) => ({ size: String(size) }))
    this.nodes.push({
      name,
      op: operand.kind === 'feed' ? 'Placeholder' : 'Const',
      attr: { dtype: { type }, shape: { shape: { dim } } },
    })
    if (operand.kind === 'constant') {
      this.specs.push({ name, shape, dtype })
      this.chunks.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    } else {
      this.graph.feeds[name] = { dims: shape, data }
      this.graph.inputs.push({ tensor: name, as: name, shape, dtype })
    }
    return name
  }

  finish(): TinyGraph {
    return {
      model: {
        modelTopology: { node: this.nodes, library: {}, versions: {} },
        weightsManifest: [{ paths: ['weights.bin'], weights: this.specs }],
      },
      weights: Buffer.concat(this.chunks),
      ...this.graph,
    }
  }
}

/**
 * A graph of one operator node called `op`.
 *
 * With `afterConvolution`, float inputs of rank 4 first pass a 1x1 convolution, so that they reach the operator in the
 * layout that convolutions produce.
 */
export function operatorGraph(
  op: string,
  operands: readonly Operand[],
  attr: Record<string, TfAttributeValue> = {},
  { afterConvolution = false } = {},
): TinyGraph {
  const b = new TinyGraphBuilder()
  const input = operands.map((operand, i) => {
    const name = b.add(`in${i}`, operand)
    if (!afterConvolution || !isImage(operand)) return name
    const channels = operand.shape[3]!
    const filter = b.add(`filter${i}`, weights([1, 1, channels, channels]))
    const convolution: TfNode = {
      name: `conv${i}`,
      op: 'Conv2D',
      input: [name, filter],
      attr: { strides: list(1, 1, 1, 1), dilations: list(1, 1, 1, 1), padding: text('VALID') },
    }
    b.nodes.push(convolution)
    return convolution.name
  })
  b.nodes.push({ name: 'op', op, input, attr })
  return b.finish()
}

/** Whether an operand is a float tensor of rank 4 that is fed at run time. */
export function isImage(operand: Operand): boolean {
  return operand.kind === 'feed' && operand.shape.length === 4 && operand.data instanceof Float32Array
}
