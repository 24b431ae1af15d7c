/** How deep messages may be nested, as protobuf implementations agree on. */
export const MAX_DEPTH = 100
/**
 * Most messages within one, itself included: two bytes on the wire become hundreds in memory, so that a small
 * compressed request could otherwise fill it.
 */
export const MAX_MESSAGES = 1_000_000
/** Most times that Structs are put together from pieces, each of which costs as much as all before it. */
export const MAX_STRUCT_MERGES = 64

/** Strings up to this many bytes are read in JavaScript, longer ones by a native call: V8 builds these few flat. */
const SHORT_STRING_BYTES = 12

const VARINT = 0
const FIXED64 = 1
const LENGTH_DELIMITED = 2
const GROUP = 3
const GROUP_END = 4
const FIXED32 = 5

const REPLACEMENT = '\ufffd'
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const scratch = new DataView(new ArrayBuffer(8))

/**
 * Reads protobuf values from one buffer, front to back.
 *
 * Reading past the end gives zeros and moves `pos` past the end, which every message checks when it is done; only what
 * would allocate or loop by a wrong length checks at once. All errors are plain Errors.
 */
export class Reader {
  readonly buf: Buffer
  readonly view: DataView
  pos = 0
  #messages = 0
  #merges = 0

  constructor(bytes: Uint8Array) {
    this.buf = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  /** Called at the start of each message; throws when it is nested too deeply or one too many. */
  begin(depth: number): void {
    if (depth > MAX_DEPTH) throw new Error('the message is nested too deeply')
    if (++this.#messages > MAX_MESSAGES) throw new Error(`there are more than ${MAX_MESSAGES} messages in it`)
  }

  /** Called before a Struct is read into one that came before it; throws when that happens too often. */
  merge(): void {
    if (++this.#merges > MAX_STRUCT_MERGES) throw new Error('its Structs come in too many pieces')
  }

  uint32(): number {
    const { buf } = this
    let byte = buf[this.pos++] as number
    if (byte < 0x80) return byte
    let value = byte & 0x7f
    for (let shift = 7; shift < 35; shift += 7) {
      byte = this.#byte()
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    // Negative int32 values are sent as ten bytes; the upper ones say nothing more.
    for (let i = 0; i < 5; i++) if (this.#byte() < 0x80) return value >>> 0
    throw new Error('a varint is longer than ten bytes')
  }

  int32(): number {
    return this.uint32() | 0
  }

  bool(): boolean {
    const byte = this.buf[this.pos] as number
    if (byte < 0x80) {
      this.pos++
      return byte !== 0
    }
    return this.uint64() !== 0n
  }

  uint64(): bigint {
    this.#varint64()
    return scratch.getBigUint64(0, true)
  }

  int64(): bigint {
    this.#varint64()
    return scratch.getBigInt64(0, true)
  }

  float(): number {
    const at = this.pos
    this.pos = at + 4
    return this.view.getFloat32(at, true)
  }

  double(): number {
    const at = this.pos
    this.pos = at + 8
    return this.view.getFloat64(at, true)
  }

  fixed32(): number {
    const at = this.pos
    this.pos = at + 4
    return this.view.getUint32(at, true)
  }

  fixed64(): bigint {
    const at = this.pos
    this.pos = at + 8
    return this.view.getBigUint64(at, true)
  }

  /** Where the length-delimited value at `pos` ends; throws when that is past `limit`. */
  end(limit: number): number {
    const length = this.uint32()
    const end = this.pos + length
    if (end > limit) throw new Error('a length reaches past the end of its message')
    return end
  }

  /** A view of the buffer, not a copy. */
  bytes(limit: number): Uint8Array {
    const end = this.end(limit)
    const view = this.buf.subarray(this.pos, end)
    this.pos = end
    return view
  }

  /** Throws for bytes that are not UTF-8. */
  string(limit: number): string {
    const end = this.end(limit)
    const start = this.pos
    this.pos = end
    const { buf } = this
    if (end - start > SHORT_STRING_BYTES) return longString(buf, start, end)
    let text = ''
    for (let i = start; i < end; i++) {
      const byte = buf[i] as number
      if (byte > 0x7f) return longString(buf, start, end)
      text += String.fromCharCode(byte)
    }
    return text
  }

  /** Steps over the value of a field that is not in the contract. */
  skip(tag: number, limit: number, depth: number): void {
    if (tag >>> 3 === 0) throw new Error('field number 0 is not valid')
    switch (tag & 7) {
      case VARINT:
        this.#varint64()
        break
      case FIXED64:
        this.pos += 8
        break
      case LENGTH_DELIMITED:
        this.pos = this.end(limit)
        break
      case GROUP:
        this.#skipGroup(tag, limit, depth + 1)
        break
      case FIXED32:
        this.pos += 4
        break
      default:
        throw new Error(`wire type ${tag & 7} is not valid here`)
    }
  }

  #skipGroup(start: number, limit: number, depth: number): void {
    if (depth > MAX_DEPTH) throw new Error('the message is nested too deeply')
    while (this.pos < limit) {
      const tag = this.uint32()
      if ((tag & 7) !== GROUP_END) this.skip(tag, limit, depth)
      else if (tag >>> 3 === start >>> 3) return
      else throw new Error('a group ends that did not begin')
    }
    throw new Error('a group does not end')
  }

  /** Leaves the 64 bits of a varint in `scratch`. */
  #varint64(): void {
    let low = 0
    let high = 0
    for (let i = 0; i < 10; i++) {
      const byte = this.#byte()
      const bits = byte & 0x7f
      if (i < 5) low |= bits << (7 * i)
      if (i === 4) high = bits >> 4
      else if (i > 4) high |= bits << (7 * i - 32)
      if (byte < 0x80) {
        scratch.setInt32(0, low, true)
        scratch.setInt32(4, high, true)
        return
      }
    }
    throw new Error('a varint is longer than ten bytes')
  }

  #byte(): number {
    if (this.pos >= this.buf.length) throw new Error('the message ends in the middle of a number')
    return this.buf[this.pos++] as number
  }
}

/** What `toString('utf8')` calls in the end, after work that shows in the figures for short strings. */
interface SliceableBuffer extends Buffer {
  utf8Slice(start: number, end: number): string
}

function longString(buf: Buffer, start: number, end: number): string {
  const text = (buf as SliceableBuffer).utf8Slice(start, end)
  // Node puts a replacement character where bytes are not UTF-8; the sender may also have meant one.
  return text.includes(REPLACEMENT) ? strictUtf8.decode(buf.subarray(start, end)) : text
}
