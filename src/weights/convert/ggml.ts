/** Reads the ggml files of whisper.cpp: settings, mel filters, vocabulary, then the tensors one after the other. */
import { elementCount } from '../onnx/tensor-data.ts'

/** Sizes of a Whisper network, in the order in which the file lists them. */
export interface WhisperSizes {
  vocabulary: number
  audioContext: number
  audioState: number
  audioHeads: number
  audioLayers: number
  textContext: number
  textState: number
  textHeads: number
  textLayers: number
  mels: number
}

/** A tensor as it is stored; `shape` is in the order of the framework that trained it, half floats are bit patterns. */
export type GgmlTensor = { readonly shape: readonly number[] } & (
  | { readonly dtype: 'float32'; readonly data: Float32Array }
  | { readonly dtype: 'float16'; readonly data: Uint16Array }
)

/** The contents of a ggml file. */
export interface GgmlWhisper {
  sizes: WhisperSizes
  /** Mel filters, row-major [mels, frequencies]. */
  filters: { shape: readonly [number, number]; data: Float32Array }
  /** Bytes of each token that stands for text; the control tokens have numbers behind them. */
  tokens: readonly Buffer[]
  /** One tensor; throws when the file has none of that name. */
  tensor(name: string): GgmlTensor
}

const MAGIC = 0x67676d6c
const SIZE_KEYS = [
  'vocabulary',
  'audioContext',
  'audioState',
  'audioHeads',
  'audioLayers',
  'textContext',
  'textState',
  'textHeads',
  'textLayers',
  'mels',
] as const satisfies readonly (keyof WhisperSizes)[]
const MAX_SIZE = 1_000_000
const MAX_DIMENSIONS = 4
const MAX_NAME_BYTES = 256
const MAX_TOKEN_BYTES = 1_024
const TYPE_FLOAT32 = 0
const TYPE_FLOAT16 = 1

/** Steps through the file; every read checks that the file is long enough. */
class Cursor {
  readonly #bytes: Buffer
  #offset = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  get isAtEnd(): boolean {
    return this.#offset >= this.#bytes.length
  }

  uint32(): number {
    return this.take(4).readUInt32LE()
  }

  count(limit: number, what: string): number {
    const value = this.uint32()
    if (value > limit) throw new RangeError(`${value} ${what} are more than the limit of ${limit}`)
    return value
  }

  take(length: number): Buffer {
    const end = this.#offset + length
    if (!(end <= this.#bytes.length)) throw new RangeError('the ggml file is cut short')
    const part = this.#bytes.subarray(this.#offset, end)
    this.#offset = end
    return part
  }

  /** The next bytes in memory of their own, which aligns them for typed arrays. */
  copy(length: number): ArrayBuffer {
    return new Uint8Array(this.take(length)).buffer
  }
}

function readTensor(cursor: Cursor): [string, GgmlTensor] {
  const rank = cursor.count(MAX_DIMENSIONS, 'dimensions')
  const nameBytes = cursor.count(MAX_NAME_BYTES, 'bytes of a tensor name')
  const type = cursor.uint32()
  // ggml lists the fastest-changing dimension first.
  const shape = Array.from({ length: rank }, () => cursor.count(MAX_SIZE, 'elements of a dimension')).reverse()
  const name = cursor.take(nameBytes).toString('utf8')
  const count = elementCount(shape)
  if (type === TYPE_FLOAT32) return [name, { shape, dtype: 'float32', data: new Float32Array(cursor.copy(count * 4)) }]
  if (type === TYPE_FLOAT16) return [name, { shape, dtype: 'float16', data: new Uint16Array(cursor.copy(count * 2)) }]
  throw new Error(`tensor ${name} has the quantised element type ${type}, which is not supported`)
}

/** Reads a Whisper model in ggml form; throws when the bytes are something else, quantised or cut short. */
export function readGgmlWhisper(bytes: Buffer): GgmlWhisper {
  const cursor = new Cursor(bytes)
  if (cursor.uint32() !== MAGIC) throw new Error('this is not a ggml file')
  const sizes = Object.fromEntries(
    SIZE_KEYS.map((key) => [key, cursor.count(MAX_SIZE, key)]),
  ) as unknown as WhisperSizes
  // The element type of most tensors; each tensor says its own.
  cursor.uint32()
  const shape = [cursor.count(MAX_SIZE, 'mel filters'), cursor.count(MAX_SIZE, 'frequencies')] as const
  const filters = { shape, data: new Float32Array(cursor.copy(shape[0] * shape[1] * 4)) }
  const tokens = Array.from({ length: cursor.count(sizes.vocabulary, 'tokens') }, () =>
    Buffer.from(cursor.take(cursor.count(MAX_TOKEN_BYTES, 'bytes of a token'))),
  )
  const tensors = new Map<string, GgmlTensor>()
  while (!cursor.isAtEnd) tensors.set(...readTensor(cursor))
  return {
    sizes,
    filters,
    tokens,
    tensor(name) {
      const tensor = tensors.get(name)
      if (!tensor) throw new Error(`the file has no tensor ${name}`)
      return tensor
    },
  }
}
