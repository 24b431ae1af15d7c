import type { Duplex } from 'node:stream'
import { deserialize, serialize } from 'node:v8'
import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import { MAX_FRAME_BYTES } from './limits.ts'

/** A message with large byte arrays beside it, which are sent without being copied. */
export interface Frame {
  readonly message: unknown
  readonly attachments: readonly Uint8Array[]
}

/** Frames up to this many bytes are copied together: a write of one piece costs less than one of several. */
const JOINED_BYTES_MAX = 128 * 1024

/** Length of a frame and length of its head, each as 32 bits. */
const PREFIX_BYTES = 8

/**
 * Sends and receives frames over a pipe.
 *
 * Compared with `process.send` and 'advanced' serialization (round trip here and there, same machine): 0.03 against
 * 0.04 ms for nothing, 0.28 against 0.33 ms for 100 KB, 6.9 against 7.8 ms for 5 MB, at 40 % less CPU for large ones.
 */
export class FrameChannel {
  readonly #pipe: Duplex
  readonly #receive: (frame: Frame) => void
  readonly #prefix = Buffer.alloc(PREFIX_BYTES)
  #prefixFilled = 0
  #body: Buffer | undefined
  #bodyFilled = 0

  /** `closed` is called once: with an error when the other side breaks the format, without one when it goes away. */
  constructor(pipe: Duplex, receive: (frame: Frame) => void, closed: (error?: Error) => void) {
    this.#pipe = pipe
    this.#receive = receive
    let isClosed = false
    const close = (error?: Error): void => {
      if (isClosed) return
      isClosed = true
      pipe.destroy()
      closed(error)
    }
    pipe.on('data', (chunk: Buffer) => {
      try {
        this.#take(chunk)
      } catch (error) {
        close(error as Error)
      }
    })
    pipe.on('end', () => close())
    pipe.on('close', () => close())
    // A broken pipe is how the other side's death looks; the reason is found elsewhere.
    pipe.on('error', () => close())
  }

  /** Sends a frame. Throws AppError when it is larger than MAX_FRAME_BYTES. */
  send({ message, attachments }: Frame): void {
    const head = serialize({ message, sizes: attachments.map((bytes) => bytes.length) })
    const length = attachments.reduce((sum, bytes) => sum + bytes.length, head.length)
    if (length > MAX_FRAME_BYTES) {
      throw new AppError(
        StatusCode.MODEL_PREDICTION_FAILED,
        `The request needs ${length} bytes at once, more than the ${MAX_FRAME_BYTES} allowed; send fewer or smaller inputs.`,
      )
    }
    if (this.#pipe.destroyed) return
    const prefix = Buffer.alloc(PREFIX_BYTES)
    prefix.writeUInt32LE(length, 0)
    prefix.writeUInt32LE(head.length, 4)
    if (length <= JOINED_BYTES_MAX) {
      this.#pipe.write(Buffer.concat([prefix, head, ...attachments], PREFIX_BYTES + length))
      return
    }
    this.#pipe.cork()
    this.#pipe.write(prefix)
    this.#pipe.write(head)
    for (const bytes of attachments) if (bytes.length > 0) this.#pipe.write(bytes)
    this.#pipe.uncork()
  }

  /** Resolves when everything sent so far has left this process, or the pipe is gone. */
  async flushed(): Promise<void> {
    if (this.#pipe.destroyed || this.#pipe.writableLength === 0) return
    await new Promise<void>((resolve) => {
      this.#pipe.once('close', resolve)
      this.#pipe.write(Buffer.alloc(0), () => resolve())
    })
  }

  #take(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (!this.#body) {
        const taken = chunk.copy(this.#prefix, this.#prefixFilled, at)
        this.#prefixFilled += taken
        at += taken
        if (this.#prefixFilled < PREFIX_BYTES) return
        const length = this.#prefix.readUInt32LE(0)
        if (length > MAX_FRAME_BYTES || this.#prefix.readUInt32LE(4) > length)
          throw new Error('a frame has a bad length')
        // Unpooled, so that arrays inside stay valid and nothing else is kept alive by them.
        this.#body = Buffer.allocUnsafeSlow(length)
        this.#bodyFilled = 0
      }
      const taken = chunk.copy(this.#body, this.#bodyFilled, at)
      this.#bodyFilled += taken
      at += taken
      if (this.#bodyFilled < this.#body.length) return
      const body = this.#body
      this.#body = undefined
      this.#prefixFilled = 0
      this.#receive(parse(body, this.#prefix.readUInt32LE(4)))
    }
  }
}

function parse(body: Buffer, headLength: number): Frame {
  const { message, sizes } = deserialize(body.subarray(0, headLength)) as { message: unknown; sizes: number[] }
  let at = headLength
  const attachments = sizes.map((size) => {
    at += size
    return body.subarray(at - size, at)
  })
  if (at !== body.length) throw new Error('a frame does not have the announced size')
  return { message, attachments }
}
