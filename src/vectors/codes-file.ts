import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { Codes } from './codes.ts'

/** Checksum of what follows, checksum of the vectors that the codes are of, step, error and length. */
const HEAD_BYTES = 4 + 4 + 3 * 8

/**
 * The 8-bit codes of the full segments of an index on disk, so that the first search that compares with all vectors need
 * not read and code them all. What is missing, damaged or of other vectors is not given: codes can be made anew.
 */
export class CodesFile {
  readonly #fd: number
  readonly #rows: number
  readonly #dimension: number

  constructor(path: string, segmentRows: number, dimension: number) {
    this.#fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)
    this.#rows = segmentRows
    this.#dimension = dimension
  }

  get #bytes(): number {
    return HEAD_BYTES + this.#dimension * 4 + this.#rows * this.#dimension
  }

  /** The codes of a segment whose vectors have these checksums. */
  read(segment: number, checksums: Uint32Array): Codes | undefined {
    const head = Buffer.allocUnsafeSlow(HEAD_BYTES + this.#dimension * 4)
    // In a buffer of their own, as the library that compares starts at the beginning of one.
    const codes = new Int8Array(this.#rows * this.#dimension)
    const at = segment * this.#bytes
    if (!this.#fill(head, at) || !this.#fill(bytesOf(codes), at + head.length)) return undefined
    if (head.readUInt32LE(0) !== crc32(bytesOf(codes), crc32(head.subarray(4)))) return undefined
    if (head.readUInt32LE(4) !== checksumOfAll(checksums)) return undefined
    const [step, error, length] = [8, 16, 24].map((place) => head.readDoubleLE(place)) as [number, number, number]
    const middle = new Float32Array(head.buffer, HEAD_BYTES, this.#dimension)
    return Codes.of({ codes, middle, step, error, length })
  }

  #fill(target: Uint8Array, at: number): boolean {
    for (let filled = 0; filled < target.length; ) {
      const got = readSync(this.#fd, target, filled, target.length - filled, at + filled)
      if (got === 0) return false
      filled += got
    }
    return true
  }

  /** Keeps the codes of a segment; there is no need to wait for the disk, as a part that is missing is noticed. */
  write(segment: number, checksums: Uint32Array, { parts }: Codes): void {
    const bytes = Buffer.allocUnsafe(this.#bytes)
    bytes.writeUInt32LE(checksumOfAll(checksums), 4)
    for (const [n, number] of [parts.step, parts.error, parts.length].entries()) bytes.writeDoubleLE(number, 8 + n * 8)
    bytes.set(bytesOf(parts.middle), HEAD_BYTES)
    bytes.set(bytesOf(parts.codes), HEAD_BYTES + parts.middle.byteLength)
    bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0)
    for (let written = 0; written < bytes.length; ) {
      written += writeSync(this.#fd, bytes, written, bytes.length - written, segment * bytes.length + written)
    }
  }

  close(): void {
    closeSync(this.#fd)
  }
}

const checksumOfAll = (checksums: Uint32Array): number => crc32(bytesOf(checksums))

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}
