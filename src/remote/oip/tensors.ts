import { garbage } from '../failure.ts'
import { TENSORS_MAX } from '../limits.ts'

/** A tensor of the Open Inference Protocol. */
export interface Tensor {
  readonly name: string
  readonly datatype: string
  readonly shape: readonly number[]
  /** Elements as little-endian bytes; for BYTES the elements themselves. */
  readonly data: Uint8Array | readonly Uint8Array[]
}

interface Kind {
  readonly bytes: number
  readonly numpy: string
  /** Element values of raw bytes as JSON numbers; absent where JSON cannot carry them. */
  readonly read?: (view: DataView, at: number) => number
  readonly write?: (view: DataView, at: number, value: number) => void
}

const LITTLE = true

/** The datatypes with elements of one size. */
const KINDS: Readonly<Record<string, Kind>> = {
  BOOL: { bytes: 1, numpy: 'bool', read: (v, i) => v.getUint8(i), write: (v, i, x) => v.setUint8(i, x) },
  UINT8: { bytes: 1, numpy: 'uint8', read: (v, i) => v.getUint8(i), write: (v, i, x) => v.setUint8(i, x) },
  UINT16: {
    bytes: 2,
    numpy: 'uint16',
    read: (v, i) => v.getUint16(i, LITTLE),
    write: (v, i, x) => v.setUint16(i, x, LITTLE),
  },
  UINT32: {
    bytes: 4,
    numpy: 'uint32',
    read: (v, i) => v.getUint32(i, LITTLE),
    write: (v, i, x) => v.setUint32(i, x, LITTLE),
  },
  UINT64: {
    bytes: 8,
    numpy: 'uint64',
    read: (v, i) => Number(v.getBigUint64(i, LITTLE)),
    write: (v, i, x) => v.setBigUint64(i, BigInt(Math.trunc(x)), LITTLE),
  },
  INT8: { bytes: 1, numpy: 'int8', read: (v, i) => v.getInt8(i), write: (v, i, x) => v.setInt8(i, x) },
  INT16: {
    bytes: 2,
    numpy: 'int16',
    read: (v, i) => v.getInt16(i, LITTLE),
    write: (v, i, x) => v.setInt16(i, x, LITTLE),
  },
  INT32: {
    bytes: 4,
    numpy: 'int32',
    read: (v, i) => v.getInt32(i, LITTLE),
    write: (v, i, x) => v.setInt32(i, x, LITTLE),
  },
  INT64: {
    bytes: 8,
    numpy: 'int64',
    read: (v, i) => Number(v.getBigInt64(i, LITTLE)),
    write: (v, i, x) => v.setBigInt64(i, BigInt(Math.trunc(x)), LITTLE),
  },
  // Half floats have no form in JSON; they travel as bytes alone.
  FP16: { bytes: 2, numpy: 'float16' },
  FP32: {
    bytes: 4,
    numpy: 'float32',
    read: (v, i) => v.getFloat32(i, LITTLE),
    write: (v, i, x) => v.setFloat32(i, x, LITTLE),
  },
  FP64: {
    bytes: 8,
    numpy: 'float64',
    read: (v, i) => v.getFloat64(i, LITTLE),
    write: (v, i, x) => v.setFloat64(i, x, LITTLE),
  },
}

/** Datatype for numpy's name of it, or undefined. */
export const datatypeOf = (numpy: string): string | undefined =>
  Object.keys(KINDS).find((name) => KINDS[name]!.numpy === numpy)

/** Numpy's name of a datatype, or undefined for BYTES and unknown ones. */
export const numpyOf = (datatype: string): string | undefined => KINDS[datatype]?.numpy

/** Bytes of one element, or undefined for BYTES and unknown datatypes. */
export const elementBytes = (datatype: string): number | undefined => KINDS[datatype]?.bytes

/** Whether the elements of a datatype can be written as JSON. */
export const fitsJson = (datatype: string): boolean => datatype === 'BYTES' || KINDS[datatype]?.read !== undefined

/** Number of elements of a shape. */
export const elementCount = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1)

/** The elements of a numeric tensor as numbers; throws a failure of the server for BYTES. */
export function numbersOf({ datatype, data }: Tensor): number[] {
  const kind = KINDS[datatype]
  if (!(data instanceof Uint8Array) || !kind?.read) throw garbage('a tensor of numbers')
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  return Array.from({ length: data.byteLength / kind.bytes }, (_, at) => kind.read!(view, at * kind.bytes))
}

/** The elements of a BYTES tensor as texts; throws a failure of the server for numbers. */
export function textsOf({ data }: Tensor): string[] {
  if (data instanceof Uint8Array) throw garbage('a tensor of texts')
  return data.map((bytes) => Buffer.from(bytes).toString('utf8'))
}

/** A tensor of one text. */
export const textTensor = (name: string, text: string, shape: readonly number[]): Tensor => ({
  name,
  datatype: 'BYTES',
  shape,
  data: [Buffer.from(text)],
})

/** The elements as JSON has them. */
export function toJsonData(tensor: Tensor): (number | boolean | string)[] {
  if (tensor.datatype === 'BYTES') return textsOf(tensor)
  const numbers = numbersOf(tensor)
  return tensor.datatype === 'BOOL' ? numbers.map((value) => value !== 0) : numbers
}

/** The elements as bytes: numbers packed, texts each behind its length in 4 bytes. */
export function toRawData({ data }: Tensor): Uint8Array {
  if (data instanceof Uint8Array) return data
  return Buffer.concat(
    data.flatMap((bytes) => {
      const length = Buffer.alloc(4)
      length.writeUInt32LE(bytes.length)
      return [length, bytes]
    }),
  )
}

/** Reads tensors of an answer: `rest` are the bytes behind its JSON. Throws a failure of the server when they do not fit. */
export function readTensors(outputs: unknown, rest: Uint8Array): Map<string, Tensor> {
  if (!Array.isArray(outputs) || outputs.length > TENSORS_MAX) throw garbage('an inference answer')
  const tensors = new Map<string, Tensor>()
  let at = 0
  for (const output of outputs as unknown[]) {
    const { name, datatype, shape, data, parameters } = (output ?? {}) as Record<string, unknown>
    if (typeof name !== 'string' || typeof datatype !== 'string' || !isShape(shape))
      throw garbage('an inference answer')
    const size = (parameters as { binary_data_size?: unknown } | null | undefined)?.binary_data_size
    const count = elementCount(shape)
    if (size === undefined) {
      tensors.set(name, { name, datatype, shape, data: fromJsonData(datatype, count, data) })
      continue
    }
    const end = at + Number(size)
    if (!Number.isInteger(end) || end < at || end > rest.length) throw garbage('an inference answer')
    tensors.set(name, { name, datatype, shape, data: fromRawData(datatype, count, rest.subarray(at, end)) })
    at = end
  }
  return tensors
}

const isShape = (shape: unknown): shape is number[] =>
  Array.isArray(shape) && shape.length <= 8 && shape.every((side) => Number.isSafeInteger(side) && side >= 0)

function fromRawData(datatype: string, count: number, raw: Uint8Array): Tensor['data'] {
  if (datatype !== 'BYTES') {
    if (raw.length !== count * (KINDS[datatype]?.bytes ?? Number.NaN)) throw garbage(`a tensor of ${count} ${datatype}`)
    return raw
  }
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength)
  const elements: Uint8Array[] = []
  for (let at = 0; at < raw.length; ) {
    if (at + 4 > raw.length) throw garbage('a tensor of texts')
    const end = at + 4 + view.getUint32(at, LITTLE)
    if (end > raw.length) throw garbage('a tensor of texts')
    elements.push(raw.subarray(at + 4, end))
    at = end
  }
  if (elements.length !== count) throw garbage(`a tensor of ${count} texts`)
  return elements
}

/** JSON data may be nested like the shape or flat. */
function fromJsonData(datatype: string, count: number, data: unknown): Tensor['data'] {
  const flat: unknown[] = Array.isArray(data) ? (data.flat(Number.POSITIVE_INFINITY) as unknown[]) : []
  const kind = KINDS[datatype]
  if (flat.length !== count || (datatype !== 'BYTES' && !kind?.write)) throw garbage(`a tensor of ${count} ${datatype}`)
  if (datatype === 'BYTES') {
    return flat.map((element) => {
      if (typeof element !== 'string') throw garbage('a tensor of texts')
      return Buffer.from(element)
    })
  }
  const bytes = new Uint8Array(count * kind!.bytes)
  const view = new DataView(bytes.buffer)
  for (const [at, element] of flat.entries()) {
    if (typeof element !== 'number' && typeof element !== 'boolean') throw garbage('a tensor of numbers')
    kind!.write!(view, at * kind!.bytes, Number(element))
  }
  return bytes
}
