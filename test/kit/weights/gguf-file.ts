/** Writes GGUF files for tests. */

const u32 = (value: number): Buffer => {
  const part = Buffer.alloc(4)
  part.writeUInt32LE(value)
  return part
}
const u64 = (value: number | bigint): Buffer => {
  const part = Buffer.alloc(8)
  part.writeBigUInt64LE(BigInt(value))
  return part
}
const text = (value: string): Buffer => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)])
const f32 = (value: number): Buffer => Buffer.from(Float32Array.of(value).buffer)

/** A header value: text, whole number, float in a box, or a list of texts, of whole numbers or of floats. */
export type HeaderValue =
  | string
  | number
  | { readonly float: number }
  | readonly string[]
  | { readonly floats: number[] }

function headerBytes(value: HeaderValue): Buffer {
  if (typeof value === 'string') return Buffer.concat([u32(8), text(value)])
  if (typeof value === 'number') return Buffer.concat([u32(4), u32(value)])
  if ('float' in value) return Buffer.concat([u32(6), f32(value.float)])
  if ('floats' in value) return Buffer.concat([u32(9), u32(6), u64(value.floats.length), ...value.floats.map(f32)])
  return Buffer.concat([u32(9), u32(8), u64(value.length), ...value.map(text)])
}

/** A tensor as it lies in the file; `shape` in the order of the framework that trained it. */
export interface FileTensor {
  readonly shape: readonly number[]
  readonly type: number
  readonly bytes: Uint8Array
}

const ALIGNMENT = 32
const padded = (length: number): number => Math.ceil(length / ALIGNMENT) * ALIGNMENT

/** The bytes of a GGUF file. */
export function ggufFile(
  header: Readonly<Record<string, HeaderValue>>,
  tensors: Readonly<Record<string, FileTensor>>,
): Buffer {
  const entries: Buffer[] = []
  let offset = 0
  for (const [name, { shape, type, bytes }] of Object.entries(tensors)) {
    entries.push(Buffer.concat([text(name), u32(shape.length), ...shape.toReversed().map(u64), u32(type), u64(offset)]))
    offset += padded(bytes.length)
  }
  const head = Buffer.concat([
    Buffer.from('GGUF'),
    u32(3),
    u64(entries.length),
    u64(Object.keys(header).length),
    ...Object.entries(header).map(([key, value]) => Buffer.concat([text(key), headerBytes(value)])),
    ...entries,
  ])
  const data = Buffer.alloc(offset)
  let at = 0
  for (const { bytes } of Object.values(tensors)) {
    data.set(bytes, at)
    at += padded(bytes.length)
  }
  return Buffer.concat([head, Buffer.alloc(padded(head.length) - head.length), data])
}

/** A tensor of plain floats. */
export const floatTensor = (shape: readonly number[], values: Float32Array): FileTensor => ({
  shape,
  type: 0,
  bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength),
})
