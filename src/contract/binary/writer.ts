/** The buffer that small messages are put together in, and its smallest size when a large one needed more. */
const SCRATCH_BYTES = 64 * 1024

/** Every value leaves this much room before it, so that the length and the tag that follow need no check. */
const SLACK_BYTES = 16

/** Strings up to this many characters are written in JavaScript when they are ASCII, longer ones by native calls. */
const SHORT_STRING = 40

const float = new Float32Array(1)
const double = new Float64Array(1)
const floatBytes = new Uint8Array(float.buffer)
const doubleBytes = new Uint8Array(double.buffer)

/** One packed run of at least this many floats is converted at once. */
const BULK_FLOATS = 16

/**
 * Writes protobuf values from the end of a buffer to its front.
 *
 * Backwards, because then the length of a nested message is known when it has to be written: nothing is measured
 * first and nothing moved afterwards. So fields go in by descending number and lists from their last item.
 */
export class Writer {
  buf: Buffer = Buffer.allocUnsafeSlow(SCRATCH_BYTES)
  pos = SCRATCH_BYTES

  /** The bytes written since the last `finish`, after that many free ones. */
  finish(headroom: number): Buffer {
    this.#need(headroom)
    const { buf, pos } = this
    if (buf.length > SCRATCH_BYTES) {
      // A large message keeps the buffer that grew for it, and the next one starts small again.
      this.buf = Buffer.allocUnsafeSlow(SCRATCH_BYTES)
      this.pos = SCRATCH_BYTES
      return buf.subarray(pos - headroom)
    }
    this.pos = buf.length
    const out = Buffer.allocUnsafe(headroom + buf.length - pos)
    buf.copy(out, headroom, pos)
    return out
  }

  /** Forgets what was written, after an error. */
  reset(): void {
    this.pos = this.buf.length
  }

  /** How much is written so far: what `len` takes as the beginning of a length-delimited value. */
  mark(): number {
    return this.buf.length - this.pos
  }

  /** Writes the length of everything since the mark. */
  len(mark: number): void {
    if (this.pos < SLACK_BYTES) this.#need(0)
    this.#varint(this.buf.length - this.pos - mark)
  }

  /** A tag of one byte. */
  tag1(a: number): void {
    this.buf[--this.pos] = a
  }

  /** A tag of two bytes. */
  tag2(a: number, b: number): void {
    const at = this.pos - 2
    this.buf[at] = a
    this.buf[at + 1] = b
    this.pos = at
  }

  /** Any tag. */
  tag(value: number): void {
    this.#varint(value)
  }

  uint32(value: number): void {
    if (value >>> 0 !== value) throw new Error(`${value} is not a uint32`)
    if (this.pos < SLACK_BYTES + 5) this.#need(5)
    this.#varint(value)
  }

  int32(value: number): void {
    if ((value | 0) !== value) throw new Error(`${value} is not an int32`)
    if (this.pos < SLACK_BYTES + 5) this.#need(5)
    if (value < 0) this.int64(value)
    else this.#varint(value)
  }

  bool(value: boolean): void {
    if (this.pos < SLACK_BYTES + 1) this.#need(1)
    this.buf[--this.pos] = value ? 1 : 0
  }

  int64(value: bigint | number | string): void {
    const big = BigInt(value)
    if (BigInt.asIntN(64, big) !== big) throw new Error(`${value} is not an int64`)
    this.#varint64(BigInt.asUintN(64, big))
  }

  uint64(value: bigint | number | string): void {
    const big = BigInt(value)
    if (BigInt.asUintN(64, big) !== big) throw new Error(`${value} is not a uint64`)
    this.#varint64(big)
  }

  float(value: number): void {
    if (this.pos < SLACK_BYTES + 4) this.#need(4)
    float[0] = value
    const { buf } = this
    const at = this.pos - 4
    buf[at] = floatBytes[0] as number
    buf[at + 1] = floatBytes[1] as number
    buf[at + 2] = floatBytes[2] as number
    buf[at + 3] = floatBytes[3] as number
    this.pos = at
  }

  /** A packed run of floats. */
  floats(values: readonly number[]): void {
    if (values.length < BULK_FLOATS) {
      for (let i = values.length - 1; i >= 0; i--) this.float(values[i] as number)
      return
    }
    // Every platform that Node runs on is little-endian, as the wire is.
    this.raw(new Uint8Array(new Float32Array(values).buffer))
  }

  double(value: number): void {
    if (this.pos < SLACK_BYTES + 8) this.#need(8)
    double[0] = value
    this.pos -= 8
    for (let i = 0; i < 8; i++) this.buf[this.pos + i] = doubleBytes[i] as number
  }

  string(value: string): void {
    if (value.length <= SHORT_STRING && this.#ascii(value)) return
    const bytes = Buffer.byteLength(value)
    this.#need(bytes)
    this.pos -= bytes
    this.buf.write(value, this.pos, bytes, 'utf8')
    this.#varint(bytes)
  }

  /** Writes a short string if it is ASCII, and says whether it was. */
  #ascii(value: string): boolean {
    if (this.pos < SLACK_BYTES + SHORT_STRING) this.#need(SHORT_STRING)
    const { buf } = this
    const start = this.pos - value.length
    for (let i = 0; i < value.length; i++) {
      const code = value.charCodeAt(i)
      if (code > 0x7f) return false
      buf[start + i] = code
    }
    this.pos = start
    this.#varint(value.length)
    return true
  }

  bytes(value: Uint8Array): void {
    this.raw(value)
    this.#varint(value.length)
  }

  /** Bytes without a length. */
  raw(value: Uint8Array): void {
    this.#need(value.length)
    this.pos -= value.length
    this.buf.set(value, this.pos)
  }

  #varint(value: number): void {
    const { buf } = this
    if (value < 0x80) {
      buf[--this.pos] = value
      return
    }
    const bytes = value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5
    let at = this.pos - bytes
    this.pos = at
    for (let rest = value; ; rest >>>= 7) {
      if (rest < 0x80) {
        buf[at] = rest
        return
      }
      buf[at++] = (rest & 0x7f) | 0x80
    }
  }

  #varint64(value: bigint): void {
    if (this.pos < SLACK_BYTES + 10) this.#need(10)
    let low = Number(BigInt.asUintN(32, value))
    let high = Number(value >> 32n)
    let bytes = 1
    for (let rest = value >> 7n; rest > 0n; rest >>= 7n) bytes++
    let at = this.pos - bytes
    this.pos = at
    for (let i = 1; i < bytes; i++) {
      this.buf[at++] = (low & 0x7f) | 0x80
      low = ((low >>> 7) | (high << 25)) >>> 0
      high >>>= 7
    }
    this.buf[at] = low
  }

  /** Makes room for so many bytes and the slack. */
  #need(bytes: number): void {
    if (this.pos >= bytes + SLACK_BYTES) return
    const used = this.buf.length - this.pos
    const size = used + bytes + Math.max(SCRATCH_BYTES, used >>> 1)
    const larger = Buffer.allocUnsafeSlow(size)
    this.buf.copy(larger, size - used, this.pos)
    this.buf = larger
    this.pos = size - used
  }
}
