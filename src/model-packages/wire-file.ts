import { readSync } from 'node:fs'

/** A field of a protobuf message inside a file: a number, or where its bytes lie. */
export type WireField =
  | { readonly number: number; readonly kind: 'varint'; readonly value: bigint }
  | { readonly number: number; readonly kind: 'bytes'; readonly start: number; readonly end: number }
  | { readonly number: number; readonly kind: 'fixed' }

/** A file that is not a protobuf message. */
export class WireError extends Error {}

/** Bytes that are read from the file at a time. */
const WINDOW_BYTES = 64 * 1024
const VARINT_BYTES_MAX = 10

/** Reads protobuf messages straight from a file and skips what nobody asks for, so that weights are never read. */
export class WireFile {
  readonly #fd: number
  readonly #window = Buffer.allocUnsafe(WINDOW_BYTES)
  #windowStart = 0
  #windowEnd = 0

  constructor(fd: number) {
    this.#fd = fd
  }

  /** The fields of the message from `start` to `end`, in order. Throws WireError where they make no sense. */
  *fields(start: number, end: number): Generator<WireField, void, undefined> {
    for (let at = start; at < end; ) {
      const [tag, afterTag] = this.#varint(at, end)
      const number = Number(tag >> 3n)
      if (number < 1 || number > 0x1fffffff) throw new WireError('a field has no number')
      const type = Number(tag & 7n)
      if (type === 0) {
        const [value, next] = this.#varint(afterTag, end)
        at = next
        yield { number, kind: 'varint', value }
      } else if (type === 2) {
        const [length, from] = this.#varint(afterTag, end)
        if (length > BigInt(end - from)) throw new WireError('a field ends behind its message')
        at = from + Number(length)
        yield { number, kind: 'bytes', start: from, end: at }
      } else if (type === 1 || type === 5) {
        at = afterTag + (type === 1 ? 8 : 4)
        if (at > end) throw new WireError('a field ends behind its message')
        yield { number, kind: 'fixed' }
      } else {
        throw new WireError(`a field has the type ${type}`)
      }
    }
  }

  /** The text from `start` to `end`, at most `bytesMax` bytes of it. */
  text(start: number, end: number, bytesMax: number): string {
    const bytes = Buffer.alloc(Math.min(end - start, bytesMax))
    if (readSync(this.#fd, bytes, 0, bytes.length, start) < bytes.length) throw new WireError('the file is cut off')
    return bytes.toString('utf8')
  }

  #varint(at: number, end: number): [bigint, number] {
    let value = 0n
    for (let count = 0; count < VARINT_BYTES_MAX && at + count < end; count++) {
      const byte = this.#byte(at + count)
      value |= BigInt(byte & 127) << BigInt(7 * count)
      if (byte < 128) return [BigInt.asUintN(64, value), at + count + 1]
    }
    throw new WireError('a number has no end')
  }

  #byte(at: number): number {
    if (at < this.#windowStart || at >= this.#windowEnd) {
      const got = readSync(this.#fd, this.#window, 0, WINDOW_BYTES, at)
      if (got === 0) throw new WireError('the file is cut off')
      this.#windowStart = at
      this.#windowEnd = at + got
    }
    return this.#window[at - this.#windowStart]!
  }
}
