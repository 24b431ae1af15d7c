import { AppError } from '../../base/errors.ts'
import type { MethodInfo } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { IncomingCall, Transport } from '../call.ts'
import type { Channel } from './channel.ts'
import { GrpcStatus } from './status.ts'

/** One running RPC: what the dispatcher sees of it, its deadline, and the one place where it can end. */
export class RpcCall implements IncomingCall {
  readonly method: MethodInfo
  readonly transport: Transport
  readonly remoteAddress: string
  readonly channel: Channel
  /** Milliseconds since the epoch when the call began to wait for its peer; 0 while it does not. */
  waitingSince: number
  ended = false
  /** Called once when the call ends, however it does. */
  onEnd: (() => void) | undefined
  #reason: AppError | undefined
  #controller: AbortController | undefined
  #deadline: NodeJS.Timeout | undefined
  #forget: (call: RpcCall) => void

  constructor(method: MethodInfo, channel: Channel, forget: (call: RpcCall) => void) {
    this.method = method
    this.channel = channel
    this.transport = channel.transport
    this.remoteAddress = channel.remoteAddress
    this.waitingSince = Date.now()
    this.#forget = forget
    channel.onGone(() => this.#stop(new AppError(StatusCode.RPC_CANCELED, 'The client cancelled the call')))
  }

  /** Made on first use, because most calls never look at it. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  reply(name: string, value: string): void {
    this.channel.addTrailer(name, value)
  }

  // A property, because the pipeline hands the function on without its call.
  readonly header = (name: string): string | undefined => this.channel.header(name)

  /** Ends the call with DEADLINE_EXCEEDED after that many milliseconds. */
  expireIn(ms: number): void {
    this.#deadline = setTimeout(() => {
      const reason = new AppError(StatusCode.RPC_REQUEST_TIMEOUT, 'The deadline of the call passed')
      this.abort(GrpcStatus.DEADLINE_EXCEEDED, reason)
    }, ms)
  }

  /** Ends the call with a status and aborts the signal, so that whoever works on it stops. */
  abort(status: GrpcStatus, reason: AppError): void {
    if (this.ended) return
    this.#stop(reason)
    this.channel.finish(status, reason.details)
  }

  /** Ends the call with a status, and a last message frame before it. Does nothing when it has ended already. */
  finish(status: GrpcStatus, message: string, lastFrame?: Buffer): void {
    if (this.ended) return
    this.#close()
    this.channel.finish(status, message, lastFrame)
  }

  #stop(reason: AppError): void {
    if (this.ended) return
    this.#reason = reason
    this.#close()
    this.#controller?.abort(reason)
  }

  #close(): void {
    this.ended = true
    clearTimeout(this.#deadline)
    this.#forget(this)
    this.onEnd?.()
  }
}
