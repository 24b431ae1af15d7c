/** Zip files for tests, hostile ones included. */
import { crc32, deflateRawSync } from 'node:zlib'

/** A file of a zip file; the sizes and the sum may be lies. */
export interface ZipPart {
  readonly name: string
  readonly bytes: Uint8Array | string
  /** What the list says of the unpacked size. */
  readonly claimedSize?: number
  readonly claimedSum?: number
  /** General purpose flags; bit 0 says that a password is needed. */
  readonly flags?: number
  /** Type and rights of a file as Unix has them. */
  readonly mode?: number
}

/** The bytes of a zip file with these files, compressed. */
export function zipOf(parts: readonly ZipPart[]): Buffer {
  const bodies: Buffer[] = []
  const list: Buffer[] = []
  let offset = 0
  for (const part of parts) {
    const bytes = Buffer.from(part.bytes as Uint8Array)
    const packed = deflateRawSync(bytes)
    const name = Buffer.from(part.name)
    const head = Buffer.alloc(30)
    head.writeUInt32LE(0x04034b50, 0)
    common(head, 4, part, bytes, packed, name)
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50, 0)
    entry.writeUInt16LE(part.mode === undefined ? 20 : (3 << 8) | 20, 4)
    entry.writeUInt32LE(((part.mode ?? 0) << 16) >>> 0, 38)
    common(entry, 6, part, bytes, packed, name)
    entry.writeUInt32LE(offset, 42)
    bodies.push(head, name, packed)
    list.push(entry, name)
    offset += head.length + name.length + packed.length
  }
  const directory = Buffer.concat(list)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(parts.length, 8)
  end.writeUInt16LE(parts.length, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...bodies, directory, end])
}

/** The fields that the head of a file and its entry in the list share. */
function common(into: Buffer, at: number, part: ZipPart, bytes: Buffer, packed: Buffer, name: Buffer): void {
  into.writeUInt16LE(20, at)
  into.writeUInt16LE(part.flags ?? 0, at + 2)
  into.writeUInt16LE(8, at + 4)
  into.writeUInt32LE(part.claimedSum ?? crc32(bytes), at + 10)
  into.writeUInt32LE(packed.length, at + 14)
  into.writeUInt32LE(part.claimedSize ?? bytes.length, at + 18)
  into.writeUInt16LE(name.length, at + 22)
}

/** The config.pbtxt of a colour classifier. */
export const CLASSIFIER_CONFIG = `
name: "colours"  # as in Triton
max_batch_size: 0
platform: "onnxruntime_onnx"
input [
  { name: "image", data_type: TYPE_UINT8, dims: [ -1, -1, 3 ] }
]
output {
  name: "softmax_predictions"
  data_type: TYPE_FP32
  dims: [ 3 ]
  label_filename: "labels.txt"
}
`

/** A package as users of Triton make it. */
export const packageOf = (model: Uint8Array, labels = 'red\ngreen\nblue\n', config = CLASSIFIER_CONFIG): Buffer =>
  zipOf([
    { name: 'config.pbtxt', bytes: config },
    { name: 'labels.txt', bytes: labels },
    { name: '1/model.onnx', bytes: model },
  ])
