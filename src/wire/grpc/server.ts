import type { Message } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import { findMethod, type MethodInfo, SERVICE_NAME } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Dispatcher } from '../call.ts'
import { ByteBudget } from './budget.ts'
import { RpcCall } from './call.ts'
import type { Channel } from './channel.ts'
import { type Encoding, requestEncoding, responseEncoding } from './compression.ts'
import { COMPRESS_MIN_BYTES, RPC_LIMITS, type RpcLimits, STALL_CHECK_MS } from './limits.ts'
import { deflateFrame, encodeFrame } from './messages.ts'
import { RequestReader } from './requests.ts'
import { GrpcError, GrpcStatus } from './status.ts'
import { parseTimeout } from './timeout.ts'

export interface RpcServerOptions {
  readonly dispatcher: Dispatcher
  readonly log: Log
  readonly limits?: Partial<RpcLimits>
}

const PATH_PREFIX = `/${SERVICE_NAME}/`

/** Runs the RPCs that the gRPC and gRPC-Web channels bring in, and knows which of them are still running. */
export class RpcServer {
  readonly limits: RpcLimits
  readonly #dispatcher: Dispatcher
  readonly #log: Log
  readonly #budget: ByteBudget
  readonly #running = new Set<RpcCall>()
  readonly #forget = (call: RpcCall): void => {
    this.#running.delete(call)
  }
  readonly #watch: NodeJS.Timeout
  #draining = false

  constructor(options: RpcServerOptions) {
    this.limits = { ...RPC_LIMITS, ...options.limits }
    this.#dispatcher = options.dispatcher
    this.#log = options.log
    this.#budget = new ByteBudget(this.limits.bufferedBytes)
    this.#watch = setInterval(() => this.#endStalled(), Math.min(STALL_CHECK_MS, this.limits.stallMs)).unref()
  }

  /** Calls that have neither been answered nor cancelled. */
  get running(): number {
    return this.#running.size
  }

  /** Request bytes now held in memory for calls. */
  get bufferedBytes(): number {
    return this.#budget.used
  }

  /** From now on every new call is answered UNAVAILABLE, which clients retry elsewhere. */
  drain(): void {
    this.#draining = true
    clearInterval(this.#watch)
  }

  /** Ends what still runs with UNAVAILABLE and aborts its signals. */
  abandon(): void {
    const reason = new AppError(StatusCode.RPC_SERVER_UNAVAILABLE, 'The server is shutting down')
    for (const call of this.#running) call.abort(GrpcStatus.UNAVAILABLE, reason)
  }

  /** Takes one call and answers it over its channel; never throws. */
  handle(channel: Channel): void {
    const { path } = channel
    const method = path.startsWith(PATH_PREFIX) ? findMethod(path.slice(PATH_PREFIX.length)) : undefined
    if (this.#draining) channel.finish(GrpcStatus.UNAVAILABLE, 'The server is shutting down')
    else if (method === undefined) channel.finish(GrpcStatus.UNIMPLEMENTED, `There is no method ${path}`)
    else this.#begin(method, channel)
  }

  #begin(method: MethodInfo, channel: Channel): void {
    const call = new RpcCall(method, channel, this.#forget)
    this.#running.add(call)
    try {
      const timeout = parseTimeout(channel.header('grpc-timeout'))
      if (timeout !== undefined) call.expireIn(timeout)
      const encoding = requestEncoding(channel.header('grpc-encoding'))
      this.#start(call, new RequestReader(call, encoding, this.limits, this.#budget))
    } catch (error) {
      this.#fail(call, error)
    }
  }

  #start(call: RpcCall, requests: RequestReader): void {
    const fail = (error: unknown): void => this.#fail(call, error)
    call.onEnd = () => requests.release()
    // Asked before anything of a message is unpacked or decoded.
    const admitted = this.#admit(call)
    switch (call.method.kind) {
      case 'unary':
        requests.one(admitted, (request) => void this.#unary(call, request), fail)
        break
      case 'server_streaming':
        requests.one(admitted, (request) => void this.#stream(call, oneOf(request)), fail)
        break
      default:
        call.waitingSince = 0
        void admitted.then((yes) => (yes ? this.#stream(call, requests.all(fail)) : undefined))
    }
  }

  /** Whether a call may go on; one with a bad credential is answered here. Never rejects. */
  async #admit(call: RpcCall): Promise<boolean> {
    try {
      const refusal = await this.#dispatcher.refusal?.(call)
      if (refusal === undefined) return true
      call.finish(GrpcStatus.OK, '', encodeFrame(call.method.output, refusal, this.limits.messageBytes))
    } catch (error) {
      this.#fail(call, error)
    }
    return false
  }

  async #unary(call: RpcCall, request: Message): Promise<void> {
    try {
      const response = await this.#dispatcher.unary(call, request)
      if (call.ended) return
      const frame = encodeFrame(call.method.output, response, this.limits.messageBytes)
      const encoding = acceptedBy(call, frame)
      call.finish(GrpcStatus.OK, '', encoding === undefined ? frame : await deflateFrame(frame, encoding))
    } catch (error) {
      this.#fail(call, error)
    }
  }

  async #stream(call: RpcCall, requests: AsyncIterable<Message>): Promise<void> {
    let responses: AsyncIterator<Message> | undefined
    try {
      responses = this.#dispatcher.stream(call, requests)[Symbol.asyncIterator]()
      for (;;) {
        const { value, done } = await responses.next()
        if (done || call.ended) break
        const frame = encodeFrame(call.method.output, value, this.limits.messageBytes)
        const encoding = acceptedBy(call, frame)
        const ready = encoding === undefined ? frame : await deflateFrame(frame, encoding)
        if (call.ended) break
        if (!call.channel.send(ready)) await this.#untilDrained(call)
      }
      call.finish(GrpcStatus.OK, '')
    } catch (error) {
      this.#fail(call, error)
    } finally {
      await responses
        ?.return?.()
        .catch((error: unknown) => this.#log.debug({ err: error }, 'stream failed after its end'))
    }
  }

  async #untilDrained(call: RpcCall): Promise<void> {
    call.waitingSince = Date.now()
    await call.channel.drained()
    call.waitingSince = 0
  }

  #fail(call: RpcCall, error: unknown): void {
    if (call.ended) return
    if (error instanceof GrpcError) {
      this.#log.debug({ err: error, rpc: call.method.name }, 'call refused by the transport')
      call.abort(error.status, new AppError(StatusCode.CONN_BAD_REQUEST_FORMAT, error.message, { cause: error }))
    } else {
      this.#log.error({ err: error, rpc: call.method.name }, 'call failed outside its handler')
      call.abort(GrpcStatus.INTERNAL, new AppError(StatusCode.INTERNAL_UNCATEGORIZED, 'The server failed on this call'))
    }
  }

  #endStalled(): void {
    const limit = Date.now() - this.limits.stallMs
    for (const call of this.#running) {
      if (call.waitingSince === 0 || call.waitingSince > limit) continue
      const reason = new AppError(
        StatusCode.RPC_REQUEST_TIMEOUT,
        'The client neither sent nor took anything for too long',
      )
      call.abort(GrpcStatus.DEADLINE_EXCEEDED, reason)
    }
  }
}

function acceptedBy(call: RpcCall, frame: Buffer): Encoding | undefined {
  if (frame.length < COMPRESS_MIN_BYTES) return undefined
  return responseEncoding(call.header('grpc-accept-encoding'))
}

async function* oneOf(message: Message): AsyncGenerator<Message> {
  yield message
}
