import { closeSync, constants, fdatasync, openSync, readSync, writeSync } from 'node:fs'
import { promisify } from 'node:util'
import { crc32 } from 'node:zlib'
import { DamagedIndex } from './damaged.ts'

const flushData = promisify(fdatasync)

/** The raw vectors of an index on disk, one after the other, 32-bit floats; each segment has a checksum. */
export class RowFile {
  readonly #fd: number

  constructor(path: string) {
    this.#fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600)
  }

  /** Reads `target.byteLength` bytes from a byte offset on; throws DamagedIndex when the file is too short. */
  read(target: Float32Array, at: number): void {
    const bytes = bytesOf(target)
    let filled = 0
    while (filled < bytes.length) {
      const got = readSync(this.#fd, bytes, filled, bytes.length - filled, at + filled)
      if (got === 0) throw new DamagedIndex('the file of vectors is shorter than it should be')
      filled += got
    }
  }

  /** Writes vectors at a byte offset. */
  write(source: Float32Array, at: number): void {
    const bytes = bytesOf(source)
    let written = 0
    while (written < bytes.length) {
      written += writeSync(this.#fd, bytes, written, bytes.length - written, at + written)
    }
  }

  /** Resolves when everything written is on disk. */
  flush(): Promise<void> {
    return flushData(this.#fd)
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/** Checksum of vectors as they are stored. */
export function checksumOf(vectors: Float32Array): number {
  return crc32(bytesOf(vectors))
}

function bytesOf(vectors: Float32Array): Uint8Array {
  return new Uint8Array(vectors.buffer, vectors.byteOffset, vectors.byteLength)
}
