import type { ByteBudget } from './budget.ts'
import { GrpcError, GrpcStatus } from './status.ts'

/** Every message on the wire has this many bytes before it: a flag and a 32-bit length. */
export const PREFIX_BYTES = 5

/** Flag of a message frame whose bytes are compressed. */
const COMPRESSED = 1

/** One message as it was on the wire. */
export interface Frame {
  readonly compressed: boolean
  readonly data: Buffer
}

/** Fills in the prefix of a buffer whose first five bytes were left free; flag 0x80 marks gRPC-Web trailers. */
export function writePrefix(frame: Buffer, flag = 0): Buffer {
  frame[0] = flag
  frame.writeUInt32BE(frame.length - PREFIX_BYTES, 1)
  return frame
}

/** True for a frame made by `compressedFrame`. */
export function isCompressed(frame: Buffer): boolean {
  return frame[0] === COMPRESSED
}

/** The complete frame of a compressed message. */
export function compressedFrame(data: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + data.length)
  data.copy(frame, PREFIX_BYTES)
  return writePrefix(frame, COMPRESSED)
}

/**
 * Cuts a byte stream into message frames, however the bytes are split over chunks.
 *
 * A frame inside one chunk is a view of that chunk. Longer ones are gathered as they come, never allocated by the
 * length they claim, and count against the budget until `release`.
 */
export class FrameReader {
  readonly #maxBytes: number
  readonly #budget: ByteBudget
  #chunks: Buffer[] = []
  #pending = 0
  #held = 0
  #frameBytes = 0

  constructor(maxBytes: number, budget: ByteBudget) {
    this.#maxBytes = maxBytes
    this.#budget = budget
  }

  /** Adds bytes; throws GrpcError when the frame they begin is too large or malformed, or the budget is used up. */
  push(chunk: Buffer): void {
    if (this.#pending > 0) this.hold(chunk.length)
    this.#chunks.push(chunk)
    this.#pending += chunk.length
    if (this.#frameBytes === 0) this.#readPrefix()
  }

  /** The next whole frame, or undefined until more bytes come. */
  next(): Frame | undefined {
    if (this.#frameBytes === 0 || this.#pending < this.#frameBytes) return undefined
    const all = this.#join()
    const frame = all.subarray(0, this.#frameBytes)
    const rest = all.subarray(this.#frameBytes)
    this.#chunks = rest.length > 0 ? [rest] : []
    this.#pending = rest.length
    this.#frameBytes = 0
    if (rest.length > 0) this.#readPrefix()
    return { compressed: frame[0] === COMPRESSED, data: frame.subarray(PREFIX_BYTES) }
  }

  /** Throws GrpcError INTERNAL when the bytes so far end in the middle of a frame. */
  finish(): void {
    if (this.#pending > 0) throw new GrpcError(GrpcStatus.INTERNAL, 'The request ended in the middle of a message')
  }

  /** Counts further bytes against the budget until `release`; throws GrpcError when they are not to be had. */
  hold(bytes: number): void {
    this.#budget.take(bytes)
    this.#held += bytes
  }

  /** Gives the gathered bytes back to the budget: nothing uses the frames taken so far any more. */
  release(): void {
    this.#budget.give(this.#held)
    this.#held = 0
  }

  #join(): Buffer {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks, this.#pending)]
    return this.#chunks[0] as Buffer
  }

  #readPrefix(): void {
    if (this.#pending < PREFIX_BYTES) return
    const first = this.#chunks[0] as Buffer
    const prefix = first.length >= PREFIX_BYTES ? first : this.#join()
    const flag = prefix[0] as number
    if (flag > COMPRESSED) throw new GrpcError(GrpcStatus.INTERNAL, `A message starts with the unknown flag ${flag}`)
    const length = prefix.readUInt32BE(1)
    if (length > this.#maxBytes) throw tooLarge(this.#maxBytes)
    this.#frameBytes = PREFIX_BYTES + length
  }
}

/** The failure of a message that is over the size limit, in either direction. */
export function tooLarge(maxBytes: number): GrpcError {
  return new GrpcError(GrpcStatus.RESOURCE_EXHAUSTED, `The message is larger than the limit of ${maxBytes} bytes`)
}
