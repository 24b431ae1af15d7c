/**
 * Builds ONNX graphs from sources that think in channels-last order (TensorFlow, Keras).
 *
 * Every value keeps the logical, channels-last shape of its source. Rank-4 tensors additionally know in which layout
 * they are stored; operators ask for the layout they need and a Transpose is written only where the two differ, once
 * per value. Constants are written when first used, in the layout asked for.
 */
import { type Dtype, elementCount, permuteShape, type TensorData, transposeData } from './tensor-data.ts'
import {
  type Attribute,
  type ExternalData,
  externalTensorMessage,
  type Message,
  nodeMessage,
  operatorName,
  type TensorInfo,
  tensorMessage,
  writeModel,
} from './writer.ts'

/** Storage order of a rank-4 tensor whose logical shape is [batch, height, width, channels]. */
export type Layout = 'NHWC' | 'NCHW'

/** The permutation that turns the other layout into the named one. */
export const TO_LAYOUT: Record<Layout, readonly number[]> = { NCHW: [0, 3, 1, 2], NHWC: [0, 2, 3, 1] }

/** Where each logical (channels-last) axis sits in a tensor stored channels-first. */
export const NCHW_AXIS: readonly number[] = [0, 2, 3, 1]

/** A value known while converting; `shape` is logical. */
export interface ConstantValue {
  readonly kind: 'constant'
  readonly shape: readonly number[]
  readonly dtype: Dtype
  readonly data: TensorData
  readonly names: Map<Layout, string>
}

/** A value known only when the model runs; `shape` is logical, `layout` matters for rank 4 only. */
export interface TensorValue {
  readonly kind: 'tensor'
  readonly shape: readonly number[]
  readonly dtype: Dtype
  readonly layout: Layout
  readonly names: Map<Layout, string>
}

export type Value = ConstantValue | TensorValue

/** Constants up to this many elements are shared between the nodes that use equal ones. */
const SHARED_CONSTANT_ELEMENTS = 16
/** Tensors in a data file begin at multiples of this, so that they can be mapped into memory. */
const PAGE_BYTES = 4096

/** Collects the nodes and constants of one graph. */
export class GraphBuilder {
  readonly #nodes: Message[] = []
  readonly #initializers: Message[] = []
  /** Tensors for a data file, with what is still open: the name of the file. */
  readonly #external: { name: string; dtype: Dtype; dims: readonly number[]; bytes: Uint8Array; offset: number }[] = []
  readonly #domains = new Set<string>()
  readonly #inputs: TensorInfo[] = []
  readonly #outputs: TensorInfo[] = []
  readonly #shared = new Map<string, string>()
  #counter = 0

  #unique(prefix: string): string {
    return `${prefix}_${this.#counter++}`
  }

  /** Declares a graph input; `shape` is logical, the file shows it in the storage order of `layout`. */
  input(name: string, shape: readonly number[], dtype: Dtype = 'float32', layout: Layout = 'NHWC'): TensorValue {
    const dims = shape.length === 4 && layout === 'NCHW' ? permuteShape(shape, TO_LAYOUT.NCHW) : shape
    this.#inputs.push({ name, dtype, dims })
    return this.tensor(name, shape, dtype, layout)
  }

  /** Declares a graph output, stored in logical order. */
  output(name: string, value: Value): void {
    this.#nodes.push(nodeMessage('Identity', [this.name(value)], [name]))
    this.#outputs.push({ name, dtype: value.dtype, dims: value.shape })
  }

  /** Declares a graph input whose sizes may vary (string sizes) and returns its name. */
  openInput(name: string, dims: readonly (number | string)[], dtype: Dtype = 'float32'): string {
    this.#inputs.push({ name, dtype, dims })
    return name
  }

  /** Declares a graph output whose sizes may vary (string sizes), by the name of a node output. */
  openOutput(name: string, from: string, dims: readonly (number | string)[], dtype: Dtype = 'float32'): void {
    this.#nodes.push(nodeMessage('Identity', [from], [name]))
    this.#outputs.push({ name, dtype, dims })
  }

  /** Wraps the name of a node output as a value. */
  tensor(name: string, shape: readonly number[], dtype: Dtype = 'float32', layout: Layout = 'NHWC'): TensorValue {
    const stored = shape.length === 4 ? layout : 'NHWC'
    return { kind: 'tensor', shape, dtype, layout: stored, names: new Map([[stored, name]]) }
  }

  /** Wraps data known now as a value; nothing is written until an operator uses it. */
  constant(data: TensorData, shape: readonly number[], dtype: Dtype = 'float32'): ConstantValue {
    if (data.length !== elementCount(shape)) {
      throw new RangeError(`a constant of shape [${shape}] needs ${elementCount(shape)} elements, not ${data.length}`)
    }
    return { kind: 'constant', shape, dtype, data, names: new Map() }
  }

  /** Writes an initializer and returns its name. */
  initializer(dtype: Dtype, dims: readonly number[], values: TensorData | readonly number[]): string {
    const sharable = values.length <= SHARED_CONSTANT_ELEMENTS
    const key = sharable ? `${dtype}|${dims}|${Array.from(values as ArrayLike<number | bigint>).join()}` : ''
    const known = sharable ? this.#shared.get(key) : undefined
    if (known) return known
    const name = this.#unique('const')
    this.#initializers.push(tensorMessage(name, dtype, dims, values))
    if (sharable) this.#shared.set(key, name)
    return name
  }

  /** Writes an initializer into the data file beside the model (see buildWithData) and returns its name. */
  external(dtype: Dtype, dims: readonly number[], values: TensorData): string {
    if (values.length !== elementCount(dims)) {
      throw new RangeError(`a tensor of shape [${dims}] needs ${elementCount(dims)} elements, not ${values.length}`)
    }
    const last = this.#external.at(-1)
    const end = last ? last.offset + last.bytes.length : 0
    const name = this.#unique('data')
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
    this.#external.push({ name, dtype, dims, bytes, offset: Math.ceil(end / PAGE_BYTES) * PAGE_BYTES })
    return name
  }

  /** Writes a list of integers as the int64 vector that shape-like operator inputs want. */
  ints(values: readonly number[]): string {
    return this.initializer('int64', [values.length], values)
  }

  /** Writes a float32 scalar. */
  scalar(value: number): string {
    return this.initializer('float32', [], [value])
  }

  /** Writes a node with one output and returns the name of that output. */
  node(op: string, inputs: readonly string[], attributes: Record<string, Attribute | undefined> = {}): string {
    return this.nodes(op, inputs, attributes, 1)[0]!
  }

  /** Writes a node with `outputCount` outputs and returns their names. */
  nodes(
    op: string,
    inputs: readonly string[],
    attributes: Record<string, Attribute | undefined>,
    outputCount: number,
  ): string[] {
    const { domain, name } = operatorName(op)
    if (domain !== '') this.#domains.add(domain)
    const prefix = name.toLowerCase()
    const outputs = Array.from({ length: outputCount }, () => this.#unique(prefix))
    this.#nodes.push(nodeMessage(op, inputs, outputs, attributes))
    return outputs
  }

  /** The name under which a value can be read in the given layout; the layout matters for rank 4 only. */
  name(value: Value, wanted: Layout = 'NHWC'): string {
    const layout = value.shape.length === 4 ? wanted : 'NHWC'
    const known = value.names.get(layout)
    if (known) return known
    const name =
      value.kind === 'constant'
        ? this.#writeConstant(value, layout)
        : this.node('Transpose', [value.names.get(value.layout)!], { perm: TO_LAYOUT[layout] })
    value.names.set(layout, name)
    return name
  }

  #writeConstant({ data, shape, dtype }: ConstantValue, layout: Layout): string {
    if (shape.length !== 4 || layout === 'NHWC') return this.initializer(dtype, shape, data)
    return this.initializer(dtype, permuteShape(shape, TO_LAYOUT.NCHW), transposeData(data, shape, TO_LAYOUT.NCHW))
  }

  /** Serialises the graph and the data file that belongs beside it, under the name given. */
  buildWithData(file: string, metadata: Readonly<Record<string, string>> = {}): { model: Buffer; data: Buffer } {
    const last = this.#external.at(-1)
    const data = Buffer.alloc(last ? last.offset + last.bytes.length : 0)
    for (const { name, dtype, dims, bytes, offset } of this.#external) {
      data.set(bytes, offset)
      const place: ExternalData = { file, offset, length: bytes.length }
      this.#initializers.push(externalTensorMessage(name, dtype, dims, place))
    }
    this.#external.length = 0
    return { model: this.build(metadata), data }
  }

  /** Serialises the graph; the metadata ends up in the model file where viewers show it. */
  build(metadata: Readonly<Record<string, string>> = {}): Buffer {
    return writeModel({
      nodes: this.#nodes,
      initializers: this.#initializers,
      inputs: this.#inputs,
      outputs: this.#outputs,
      domains: [...this.#domains],
      metadata,
    })
  }
}

/** The layout in which a value can be read without a Transpose (constants: channels-last). */
export function layoutOf(value: Value): Layout {
  return value.kind === 'tensor' ? value.layout : 'NHWC'
}
