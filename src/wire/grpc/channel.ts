import type { Readable } from 'node:stream'
import type { Transport } from '../call.ts'
import type { GrpcStatus } from './status.ts'

/**
 * One RPC on its way through some HTTP version: where the bytes of the request come from, and how message frames and
 * the final status go out. All that gRPC and gRPC-Web do differently is behind this.
 */
export interface Channel {
  readonly transport: Transport
  /** `/package.Service/Method` */
  readonly path: string
  readonly remoteAddress: string
  header(name: string): string | undefined
  /** Message frames of the request. */
  readonly body: Readable
  /** True when the request ended because the peer is gone, which the end of `body` alone does not tell. */
  readonly broken: boolean
  /** Calls back once when the peer is gone before `finish`. */
  onGone(callback: () => void): void
  /** Adds something to what goes out with the final status. */
  addTrailer(name: string, value: string): void
  /** Sends a frame, false when the peer takes no more for now. */
  send(frame: Buffer): boolean
  /** Resolves when `send` may go on, or when the peer is gone. */
  drained(): Promise<void>
  /** Sends the last frame, if any, and the status; nothing may be sent after it. */
  finish(status: GrpcStatus, message: string, lastFrame?: Buffer): void
}
