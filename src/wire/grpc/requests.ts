import type { Message } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { ByteBudget } from './budget.ts'
import type { RpcCall } from './call.ts'
import { decompress, type Encoding } from './compression.ts'
import { type Frame, FrameReader } from './framing.ts'
import type { RpcLimits } from './limits.ts'
import { decodeFrame } from './messages.ts'
import { GrpcError, GrpcStatus } from './status.ts'

/** The request side of one call: its frames as messages. */
export class RequestReader {
  readonly #call: RpcCall
  readonly #frames: FrameReader
  readonly #encoding: Encoding | undefined
  readonly #maxBytes: number

  constructor(call: RpcCall, encoding: Encoding | undefined, limits: RpcLimits, budget: ByteBudget) {
    this.#call = call
    this.#frames = new FrameReader(limits.messageBytes, budget)
    this.#encoding = encoding
    this.#maxBytes = limits.messageBytes
  }

  /**
   * Reads the request of a call that has exactly one and hands it over as soon as the client is done sending.
   *
   * `admitted` says whether it is to be decoded at all. `onError` gets a GrpcError when there is none, more than one,
   * or one that cannot be read.
   */
  one(admitted: Promise<boolean>, onMessage: (message: Message) => void, onError: (error: unknown) => void): void {
    const { body } = this.#call.channel
    let frame: Frame | undefined
    const onData = (chunk: Buffer): void => {
      // What still comes of an answered call would be held for ever: its bytes have been given back.
      if (this.#call.ended) return
      this.#call.waitingSince = Date.now()
      try {
        this.#frames.push(chunk)
        for (let next = this.#frames.next(); next !== undefined; next = this.#frames.next()) {
          if (frame !== undefined) throw new GrpcError(GrpcStatus.INTERNAL, 'This call takes one message only')
          frame = next
        }
      } catch (error) {
        body.off('data', onData)
        onError(error)
      }
    }
    const onEnd = async (): Promise<void> => {
      if (!(await admitted) || this.#call.ended || this.#call.channel.broken) return
      this.#call.waitingSince = 0
      try {
        this.#frames.finish()
        if (frame === undefined) throw new GrpcError(GrpcStatus.INTERNAL, 'This call needs one message')
        if (!frame.compressed) onMessage(decodeFrame(this.#call.method.input, frame.data))
        else this.#decode(frame).then((message) => this.#call.ended || onMessage(message), onError)
      } catch (error) {
        onError(error)
      }
    }
    body.on('data', onData)
    body.once('end', () => void onEnd())
    body.once('error', (error) => {
      if (error instanceof GrpcError) onError(error)
    })
  }

  /**
   * The requests one by one; the client is slowed down while none is asked for.
   *
   * A message that cannot be read goes to `onError`, which ends the call; the iteration then throws why it ended.
   */
  async *all(onError: (error: unknown) => void): AsyncGenerator<Message> {
    const { body } = this.#call.channel
    try {
      // The response may go on after the handler stops reading, so leaving the loop must not destroy the stream.
      for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        this.#frames.push(chunk)
        for (let frame = this.#frames.next(); frame !== undefined; frame = this.#frames.next()) {
          yield frame.compressed ? await this.#decode(frame) : decodeFrame(this.#call.method.input, frame.data)
          this.#frames.release()
        }
      }
      if (this.#call.channel.broken) throw new Error('the stream broke off')
      this.#frames.finish()
    } catch (error) {
      if (error instanceof GrpcError) onError(error)
      // Whatever else the stream fails with means that the client is gone; 'close' may yet have to say so.
      throw this.#call.signal.reason ?? new AppError(StatusCode.RPC_CANCELED, 'The client went away', { cause: error })
    } finally {
      this.#frames.release()
      body.resume()
    }
  }

  /** Gives the bytes of the requests back; nothing may use them any more. */
  release(): void {
    this.#frames.release()
  }

  async #decode(frame: Frame): Promise<Message> {
    const data = await decompress(frame.data, this.#encoding, this.#maxBytes)
    if (!this.#call.ended) this.#frames.hold(data.length)
    return decodeFrame(this.#call.method.input, data)
  }
}
