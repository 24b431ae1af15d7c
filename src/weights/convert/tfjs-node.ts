/** The JSON form of TensorFlow graph nodes inside TensorFlow.js models, and typed access to their attributes. */
import type { Dtype } from '../onnx/tensor-data.ts'

/** An attribute value as protobuf JSON writes it; numbers may be strings, byte strings are base64 or byte lists. */
export interface TfAttributeValue {
  i?: number | string
  f?: number | string
  b?: boolean
  s?: string | readonly number[]
  type?: string | number
  shape?: { dim?: readonly { size?: number | string }[]; unknownRank?: boolean }
  list?: {
    i?: readonly (number | string)[]
    s?: readonly (string | readonly number[])[]
  }
}

/** A node of the graph. */
export interface TfNode {
  name: string
  op: string
  input?: readonly string[]
  attr?: Readonly<Record<string, TfAttributeValue>>
}

const DTYPES: Record<string, Dtype> = {
  DT_FLOAT: 'float32',
  '1': 'float32',
  DT_INT32: 'int32',
  '3': 'int32',
  // TensorFlow.js has no 64-bit integers: it stores and computes them in 32 bits.
  DT_INT64: 'int32',
  '9': 'int32',
  DT_UINT8: 'uint8',
  '4': 'uint8',
  DT_BOOL: 'bool',
  '10': 'bool',
}

function text(value: string | readonly number[]): string {
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : Buffer.from(value).toString('utf8')
}

/** Typed access to the attributes of one node. */
export class NodeAttributes {
  readonly #node: TfNode

  constructor(node: TfNode) {
    this.#node = node
  }

  #get(key: string): TfAttributeValue | undefined {
    return this.#node.attr?.[key]
  }

  has(key: string): boolean {
    return this.#get(key) !== undefined
  }

  /** Protobuf JSON leaves out zeros, so a present attribute without a value is 0. */
  int(key: string, fallback: number): number {
    const value = this.#get(key)
    return value ? Number(value.i ?? 0) : fallback
  }

  float(key: string, fallback: number): number {
    const value = this.#get(key)
    return value ? Number(value.f ?? 0) : fallback
  }

  bool(key: string): boolean {
    return this.#get(key)?.b === true
  }

  string(key: string, fallback = ''): string {
    const value = this.#get(key)?.s
    return value === undefined ? fallback : text(value)
  }

  ints(key: string): number[] {
    return (this.#get(key)?.list?.i ?? []).map(Number)
  }

  strings(key: string): string[] {
    return (this.#get(key)?.list?.s ?? []).map(text)
  }

  dtype(key: string): Dtype | undefined {
    const type = this.#get(key)?.type
    if (type === undefined) return undefined
    const dtype = DTYPES[String(type)]
    if (!dtype) throw new Error(`element type ${type} of ${this.#node.name} is not supported`)
    return dtype
  }

  /** Height and width of an attribute that lists [batch, height, width, channels]. */
  heightWidth(key: string): readonly [number, number] {
    const values = this.ints(key)
    if (values.length === 0) return [1, 1]
    if (values.length !== 4) throw new Error(`attribute ${key} of ${this.#node.name} does not have four entries`)
    if (this.string('data_format', 'NHWC') !== 'NHWC') {
      throw new Error(`node ${this.#node.name} is channels-first, which is not supported`)
    }
    return [values[1]!, values[2]!]
  }
}
