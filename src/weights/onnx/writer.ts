/**
 * Writes ONNX models (protobuf wire format) with nothing but the few message fields that our graphs use.
 * Field numbers are those of onnx.proto3.
 */
import { type Dtype, elementCount, holdsDtype, type TensorData, toTensorData } from './tensor-data.ts'

/** The IR version and operator set that the written graphs follow. */
export const ONNX_IR_VERSION = 8
export const ONNX_OPSET = 17

const PRODUCER = 'limpid'

const DATA_TYPE: Record<Dtype, number> = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float16: 10 }

/** The ONNX number of an element type, as the `to` attribute of Cast wants it. */
export function onnxDataType(dtype: Dtype): number {
  return DATA_TYPE[dtype]
}

/** A node attribute: a plain number is an integer, `float(x)` a float, a list of numbers integers. */
export type Attribute = number | readonly number[] | string | { readonly float: number }

/** Marks an attribute value as a float, which a plain number cannot tell apart from an integer. */
export function float(value: number): Attribute {
  return { float: value }
}

/** Name, element type and sizes of a graph input or output; a string size is a symbolic dimension. */
export interface TensorInfo {
  name: string
  dtype: Dtype
  dims: readonly (number | string)[]
}

/** Where the elements of a tensor lie that are kept in a file beside the model. */
export interface ExternalData {
  readonly file: string
  readonly offset: number
  readonly length: number
}

/** Everything a model file holds; nodes must be in an order in which every input is written before it is read. */
export interface ModelParts {
  nodes: readonly Message[]
  initializers: readonly Message[]
  inputs: readonly TensorInfo[]
  outputs: readonly TensorInfo[]
  graphName?: string
  /** Operator sets beside that of ONNX itself; all have one version. */
  domains?: readonly string[]
  metadata?: Readonly<Record<string, string>>
}

const WIRE_VARINT = 0
const WIRE_BYTES = 2
const WIRE_FIXED32 = 5

/** One protobuf message under construction; the parts are joined once, when the whole file is written. */
export class Message {
  readonly #parts: Uint8Array[] = []
  #length = 0

  get length(): number {
    return this.#length
  }

  #raw(bytes: Uint8Array): this {
    this.#parts.push(bytes)
    this.#length += bytes.length
    return this
  }

  #varint(value: number | bigint): this {
    let rest = BigInt.asUintN(64, BigInt(value))
    const bytes: number[] = []
    do {
      const low = Number(rest & 127n)
      rest >>= 7n
      bytes.push(rest ? low | 128 : low)
    } while (rest)
    return this.#raw(Uint8Array.from(bytes))
  }

  #tag(field: number, wireType: number): this {
    return this.#varint((field << 3) | wireType)
  }

  int(field: number, value: number | bigint): this {
    return this.#tag(field, WIRE_VARINT).#varint(value)
  }

  float(field: number, value: number): this {
    const bytes = Buffer.alloc(4)
    bytes.writeFloatLE(value)
    return this.#tag(field, WIRE_FIXED32).#raw(bytes)
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#tag(field, WIRE_BYTES).#varint(value.length).#raw(value)
  }

  string(field: number, value: string): this {
    return this.bytes(field, Buffer.from(value, 'utf8'))
  }

  message(field: number, value: Message): this {
    this.#tag(field, WIRE_BYTES).#varint(value.#length)
    for (const part of value.#parts) this.#raw(part)
    return this
  }

  toBuffer(): Buffer {
    return Buffer.concat(this.#parts, this.#length)
  }
}

/**
 * A TensorProto with the elements in raw form.
 *
 * Throws RangeError when the number of elements does not match `dims`. Elements are stored in the byte order of the
 * machine, which is little-endian (what ONNX wants) on every platform that the inference runtime supports.
 */
export function tensorMessage(
  name: string,
  dtype: Dtype,
  dims: readonly number[],
  values: TensorData | readonly number[],
): Message {
  const data = ArrayBuffer.isView(values) && holdsDtype(values, dtype) ? values : convertValues(dtype, values)
  if (data.length !== elementCount(dims)) {
    throw new RangeError(`tensor ${name} has ${data.length} elements but shape [${dims}]`)
  }
  const message = new Message()
  for (const dim of dims) message.int(1, dim)
  message.int(2, DATA_TYPE[dtype]).string(8, name)
  return message.bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
}

const DATA_LOCATION_EXTERNAL = 1

/** A TensorProto whose elements lie in another file. */
export function externalTensorMessage(
  name: string,
  dtype: Dtype,
  dims: readonly number[],
  { file, offset, length }: ExternalData,
): Message {
  const message = new Message()
  for (const dim of dims) message.int(1, dim)
  message.int(2, DATA_TYPE[dtype]).string(8, name)
  for (const [key, value] of Object.entries({ location: file, offset: `${offset}`, length: `${length}` })) {
    message.message(13, new Message().string(1, key).string(2, value))
  }
  return message.int(14, DATA_LOCATION_EXTERNAL)
}

function convertValues(dtype: Dtype, values: TensorData | readonly number[]): TensorData {
  return toTensorData(dtype, Array.from(values as ArrayLike<number | bigint>, Number))
}

const ATTRIBUTE_FLOAT = 1
const ATTRIBUTE_INT = 2
const ATTRIBUTE_STRING = 3
const ATTRIBUTE_INTS = 7

function attributeMessage(name: string, value: Attribute): Message {
  const message = new Message().string(1, name)
  if (typeof value === 'string') return message.string(4, value).int(20, ATTRIBUTE_STRING)
  if (typeof value === 'number') return message.int(3, wholeNumber(name, value)).int(20, ATTRIBUTE_INT)
  if ('float' in value) return message.float(2, value.float).int(20, ATTRIBUTE_FLOAT)
  for (const item of value) message.int(8, wholeNumber(name, item))
  return message.int(20, ATTRIBUTE_INTS)
}

function wholeNumber(name: string, value: number): number {
  if (!Number.isSafeInteger(value)) throw new RangeError(`attribute ${name} is ${value}, not a whole number`)
  return value
}

/** Takes the name of an operator apart: operators of other sets than that of ONNX are written `domain:Name`. */
export function operatorName(op: string): { readonly domain: string; readonly name: string } {
  const colon = op.indexOf(':')
  return { domain: op.slice(0, Math.max(0, colon)), name: op.slice(colon + 1) }
}

/** A NodeProto; an empty input name leaves out an optional input, an undefined attribute is not written. */
export function nodeMessage(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, Attribute | undefined>> = {},
): Message {
  const message = new Message()
  for (const input of inputs) message.string(1, input)
  for (const output of outputs) message.string(2, output)
  if (outputs[0]) message.string(3, outputs[0])
  const { domain, name: type } = operatorName(op)
  message.string(4, type)
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) message.message(5, attributeMessage(name, value))
  }
  return domain === '' ? message : message.string(7, domain)
}

/** A ValueInfoProto: what a graph says of an input or output. */
export function valueInfoMessage({ name, dtype, dims }: TensorInfo): Message {
  const shape = new Message()
  for (const dim of dims) {
    const dimension = new Message()
    if (typeof dim === 'string') dimension.string(2, dim)
    else dimension.int(1, dim)
    shape.message(1, dimension)
  }
  const tensorType = new Message().int(1, DATA_TYPE[dtype]).message(2, shape)
  return new Message().string(1, name).message(2, new Message().message(1, tensorType))
}

/** Serialises a whole model to the bytes of an `.onnx` file. */
export function writeModel({ nodes, initializers, inputs, outputs, graphName, domains, metadata }: ModelParts): Buffer {
  const graph = new Message()
  for (const node of nodes) graph.message(1, node)
  graph.string(2, graphName ?? 'graph')
  for (const tensor of initializers) graph.message(5, tensor)
  for (const input of inputs) graph.message(11, valueInfoMessage(input))
  for (const output of outputs) graph.message(12, valueInfoMessage(output))
  const model = new Message().int(1, ONNX_IR_VERSION).string(2, PRODUCER).message(7, graph)
  model.message(8, new Message().string(1, '').int(2, ONNX_OPSET))
  for (const domain of domains ?? []) model.message(8, new Message().string(1, domain).int(2, 1))
  for (const [key, value] of Object.entries(metadata ?? {})) {
    model.message(14, new Message().string(1, key).string(2, value))
  }
  return model.toBuffer()
}
