/** Reads GGUF files: a header, typed key-value pairs, a table of tensors, then the aligned tensor data. */
import { elementCount, halvesToFloats } from '../onnx/tensor-data.ts'
import { bytesOf } from './ggml-blocks.ts'

/** A value of the header; integers of 64 bits stay bigints. */
export type GgufValue = number | bigint | boolean | string | GgufValue[]

/** A tensor with float32 elements in row-major order; `shape` is in the order of the framework that trained it. */
export interface GgufTensor {
  shape: readonly number[]
  data: Float32Array
}

/** A tensor as the file has it; `type` is the number of its format in ggml. */
export interface GgufRawTensor {
  shape: readonly number[]
  type: number
  bytes: Buffer
}

/** The contents of a GGUF file. */
export interface GgufFile {
  metadata: ReadonlyMap<string, GgufValue>
  tensorNames: readonly string[]
  /** The bytes of one tensor as they lie in the file, whatever its element type; throws when it is not whole. */
  raw(name: string): GgufRawTensor
  /** Decodes one tensor; throws when the file has none of that name or when its element type is quantised. */
  tensor(name: string): GgufTensor
}

const MAGIC = 'GGUF'
const SUPPORTED_VERSIONS: ReadonlySet<number> = new Set([2, 3])
const DEFAULT_ALIGNMENT_BYTES = 32
const MAX_TENSORS = 10_000
const MAX_PAIRS = 10_000
const MAX_ARRAY_ITEMS = 1_000_000
const MAX_DIMENSIONS = 4
const MAX_NESTING = 4
const TYPE_FLOAT32 = 0
const TYPE_FLOAT16 = 1

interface TensorEntry {
  shape: number[]
  type: number
  offset: number
}

/** Steps through the header; reads past the end throw RangeError (from Buffer). */
class Cursor {
  readonly #bytes: Buffer
  offset = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  #advance(size: number): number {
    const start = this.offset
    this.offset += size
    return start
  }

  uint32(): number {
    return this.#bytes.readUInt32LE(this.#advance(4))
  }

  uint64(): number {
    const value = this.#bytes.readBigUInt64LE(this.#advance(8))
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new RangeError(`the number ${value} is too large`)
    return Number(value)
  }

  count(limit: number, what: string): number {
    const value = this.uint64()
    if (value > limit) throw new RangeError(`${value} ${what} are more than the limit of ${limit}`)
    return value
  }

  string(): string {
    const length = this.uint64()
    const start = this.#advance(length)
    if (this.offset > this.#bytes.length) throw new RangeError('the file ends inside a string')
    return this.#bytes.toString('utf8', start, this.offset)
  }

  value(type: number, depth = 0): GgufValue {
    const bytes = this.#bytes
    switch (type) {
      case 0:
        return bytes.readUInt8(this.#advance(1))
      case 1:
        return bytes.readInt8(this.#advance(1))
      case 2:
        return bytes.readUInt16LE(this.#advance(2))
      case 3:
        return bytes.readInt16LE(this.#advance(2))
      case 4:
        return this.uint32()
      case 5:
        return bytes.readInt32LE(this.#advance(4))
      case 6:
        return bytes.readFloatLE(this.#advance(4))
      case 7:
        return bytes.readUInt8(this.#advance(1)) !== 0
      case 8:
        return this.string()
      case 9:
        return this.#array(depth)
      case 10:
        return bytes.readBigUInt64LE(this.#advance(8))
      case 11:
        return bytes.readBigInt64LE(this.#advance(8))
      case 12:
        return bytes.readDoubleLE(this.#advance(8))
      default:
        throw new Error(`header value type ${type} is not known`)
    }
  }

  #array(depth: number): GgufValue[] {
    if (depth >= MAX_NESTING) throw new RangeError(`header lists are nested deeper than ${MAX_NESTING}`)
    const type = this.uint32()
    const length = this.count(MAX_ARRAY_ITEMS, 'list items')
    const items: GgufValue[] = []
    for (let i = 0; i < length; i++) items.push(this.value(type, depth + 1))
    return items
  }
}

function readEntry(cursor: Cursor): [string, TensorEntry] {
  const name = cursor.string()
  const rank = cursor.uint32()
  if (rank > MAX_DIMENSIONS) throw new RangeError(`tensor ${name} has ${rank} dimensions`)
  // GGUF lists the fastest-changing dimension first.
  const shape = Array.from({ length: rank }, () => cursor.uint64()).reverse()
  return [name, { shape, type: cursor.uint32(), offset: cursor.uint64() }]
}

function decodeTensor(name: string, { shape, type, offset }: TensorEntry, bytes: Buffer, base: number): GgufTensor {
  const size = type === TYPE_FLOAT32 ? 4 : type === TYPE_FLOAT16 ? 2 : undefined
  if (!size) throw new Error(`tensor ${name} has the quantised element type ${type}, which is not supported`)
  const start = base + offset
  const end = start + elementCount(shape) * size
  if (!(end <= bytes.length)) throw new RangeError(`the file ends inside tensor ${name}`)
  const copy = new Uint8Array(bytes.subarray(start, end)).buffer
  return { shape, data: size === 4 ? new Float32Array(copy) : halvesToFloats(new Uint16Array(copy)) }
}

/** Reads the header of a GGUF file; throws when the bytes are not a GGUF file of a known version or are cut short. */
export function readGguf(bytes: Buffer): GgufFile {
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) throw new Error('this is not a GGUF file')
  const cursor = new Cursor(bytes)
  cursor.offset = MAGIC.length
  const version = cursor.uint32()
  if (!SUPPORTED_VERSIONS.has(version)) throw new Error(`GGUF version ${version} is not supported`)
  const tensorCount = cursor.count(MAX_TENSORS, 'tensors')
  const pairCount = cursor.count(MAX_PAIRS, 'header entries')
  const metadata = new Map<string, GgufValue>()
  for (let i = 0; i < pairCount; i++) {
    const key = cursor.string()
    metadata.set(key, cursor.value(cursor.uint32()))
  }
  const entries = new Map(Array.from({ length: tensorCount }, () => readEntry(cursor)))
  const alignment = Number(metadata.get('general.alignment') ?? DEFAULT_ALIGNMENT_BYTES)
  if (!(alignment > 0)) throw new Error('the alignment of the tensor data is not a positive number')
  const base = Math.ceil(cursor.offset / alignment) * alignment
  const entryOf = (name: string): TensorEntry => {
    const entry = entries.get(name)
    if (!entry) throw new Error(`the file has no tensor ${name}`)
    return entry
  }
  return {
    metadata,
    tensorNames: [...entries.keys()],
    raw(name) {
      const { shape, type, offset } = entryOf(name)
      const start = base + offset
      const end = start + bytesOf(type, elementCount(shape))
      if (!(end <= bytes.length)) throw new RangeError(`the file ends inside tensor ${name}`)
      return { shape, type, bytes: bytes.subarray(start, end) }
    },
    tensor: (name) => decodeTensor(name, entryOf(name), bytes, base),
  }
}
