import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { fileTypeFromFile } from 'file-type'
import { MAX_SNIFFED_IN_MEMORY } from './limits.ts'
import { knownType, type Sniffed, sniff } from './sniff.ts'

/** Encoded media that is read where a decoder wants it, so that long films need not lie in memory. */
export interface EncodedSource {
  /** In bytes. */
  readonly size: number
  /** What the content says it is; undefined for formats that are not accepted. */
  sniff(): Promise<Sniffed | undefined>
  /** Up to `length` bytes from a position; none at the end. */
  read(position: number, length: number): Buffer
}

/** Takes bytes in memory as a source; a source stays what it is. */
export function toSource(from: Uint8Array | EncodedSource): EncodedSource {
  if (!(from instanceof Uint8Array)) return from
  const buffer = Buffer.from(from.buffer, from.byteOffset, from.byteLength)
  return {
    size: buffer.length,
    sniff: () => sniff(buffer),
    read: (position, length) => buffer.subarray(position, position + length),
  }
}

/** A file as a source, for worker processes only: its reads block. Close it in any case. */
export class FileSource implements EncodedSource {
  readonly size: number
  readonly #path: string
  readonly #fd: number

  constructor(path: string) {
    this.#path = path
    this.#fd = openSync(path, 'r')
    this.size = fstatSync(this.#fd).size
  }

  async sniff(): Promise<Sniffed | undefined> {
    if (this.size <= MAX_SNIFFED_IN_MEMORY) return sniff(this.bytes())
    const type = await fileTypeFromFile(this.#path).catch(() => undefined)
    return type && knownType(type.mime)
  }

  read(position: number, length: number): Buffer {
    const chunk = Buffer.allocUnsafe(Math.max(0, Math.min(length, this.size - position)))
    return chunk.subarray(0, readSync(this.#fd, chunk, 0, chunk.length, position))
  }

  /** The whole content. */
  bytes(): Buffer {
    return this.read(0, this.size)
  }

  close(): void {
    closeSync(this.#fd)
  }
}
