import type { Message } from '@bufbuild/protobuf'
import type { AppError } from '../base/errors.ts'
import type { Soon } from '../base/soon.ts'
import type { MethodInfo } from '../contract/methods.ts'

/** Which door a call came through; rules are the same behind all of them. */
export type Transport = 'http' | 'grpc' | 'grpc-web'

/** What a transport knows of a call before anybody has looked at its message. */
export interface IncomingCall {
  readonly method: MethodInfo
  readonly transport: Transport
  /** Header or metadata value by lower-case name; of repeated ones the first. */
  header(name: string): string | undefined
  readonly remoteAddress: string
  /** Sends a header along with the answer, before anything of it is out; of gRPC a trailer. */
  reply?(name: string, value: string): void
  /** Aborts when the client goes away, its deadline passes or the server gives up draining. */
  readonly signal: AbortSignal
}

/**
 * What every transport hands decoded requests to. Application errors never throw out of it: they come back as the
 * RPC's own response message with `status` filled, so the transports only encode.
 */
export interface Dispatcher {
  /**
   * The answer to a call whose credential is no good; undefined for others. Transports ask before they spend anything
   * on unpacking and decoding the message. A dispatcher that lets everybody in leaves it out.
   */
  refusal?(call: IncomingCall): Soon<Message | undefined>
  unary(call: IncomingCall, request: Message): Promise<Message>
  /** Server-streaming and bidirectional RPCs; a server-streaming one gets exactly one request. */
  stream(call: IncomingCall, requests: AsyncIterable<Message>): AsyncIterable<Message>
  /** The answer to a request that never became a call (unknown path, wrong verb, unreadable body). */
  failure(header: IncomingCall['header'], error: AppError, method?: MethodInfo): Message
}
