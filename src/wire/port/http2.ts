import {
  constants,
  createServer,
  type Http2Server,
  Http2ServerRequest,
  Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { Duplex } from 'node:stream'
import {
  MAX_FRAME_BYTES,
  type PortLimits,
  RESET_BURST,
  RESETS_PER_SECOND,
  SESSION_MEMORY_MB,
  SESSION_WINDOW_BYTES,
  STREAM_WINDOW_BYTES,
} from './limits.ts'

export type StreamHeaders = IncomingHttpHeaders & { ':path'?: string; ':method'?: string }

export interface Http2Handlers {
  /** A stream whose content type is gRPC. */
  onGrpc(stream: ServerHttp2Stream, headers: StreamHeaders, rawHeaders: readonly string[]): void
  /** Any other stream, dressed as the request and response of HTTP/1.1. */
  onRequest(req: Http2ServerRequest, res: Http2ServerResponse): void
}

const GRPC_TYPE = /^application\/grpc(\+proto)?\s*(;|$)/i

/** True for the content types of gRPC with protobuf messages; not for gRPC-Web or other message formats. */
export function isGrpc(contentType: string | undefined): boolean {
  return contentType === 'application/grpc' || (contentType !== undefined && GRPC_TYPE.test(contentType))
}

/** The HTTP/2 side of the port. It never listens itself: connections are handed to it. */
export class Http2Side {
  readonly #server: Http2Server
  readonly #sessions = new Set<ServerHttp2Session>()
  readonly #unanswered = new WeakSet<ServerHttp2Session>()
  readonly #pinger: NodeJS.Timeout
  readonly #handlers: Http2Handlers
  readonly #bodyIdleMs: number
  readonly #answerIdleMs: number
  #draining = false

  constructor(handlers: Http2Handlers, limits: PortLimits) {
    this.#handlers = handlers
    this.#bodyIdleMs = limits.bodyIdleMs
    this.#answerIdleMs = limits.answerIdleMs
    this.#server = createServer({
      maxSessionMemory: SESSION_MEMORY_MB,
      streamResetBurst: RESET_BURST,
      streamResetRate: RESETS_PER_SECOND,
      settings: {
        initialWindowSize: STREAM_WINDOW_BYTES,
        maxConcurrentStreams: limits.concurrentStreams,
        maxFrameSize: MAX_FRAME_BYTES,
        maxHeaderListSize: limits.headerBytes,
        enablePush: false,
      },
    })
    this.#server.on('session', (session) => this.#onSession(session))
    this.#server.on('sessionError', ignore)
    this.#server.on('stream', (stream, headers, flags, raw) => this.#onStream(stream, headers, flags, raw))
    this.#pinger = setInterval(() => this.#pingAll(), limits.pingMs).unref()
  }

  /** Serves HTTP/2 on a connection whose first bytes are still unread. */
  accept(socket: Duplex): void {
    this.#server.emit('connection', socket)
  }

  /** Sends GOAWAY everywhere: no new streams, and each connection closes with the last stream it has. */
  drain(): void {
    this.#draining = true
    for (const session of this.#sessions) session.close()
  }

  /** Ends the pings; all connections must be closed by then. */
  stop(): void {
    clearInterval(this.#pinger)
  }

  #onSession(session: ServerHttp2Session): void {
    this.#sessions.add(session)
    session.on('error', ignore)
    session.once('close', () => this.#sessions.delete(session))
    session.setLocalWindowSize(SESSION_WINDOW_BYTES)
    if (this.#draining) session.close()
  }

  #onStream(stream: ServerHttp2Stream, headers: StreamHeaders, flags: number, rawHeaders: readonly string[]): void {
    if (isGrpc(headers['content-type']) && headers[':method'] === 'POST') {
      this.#handlers.onGrpc(stream, headers, rawHeaders)
      return
    }
    const req = new Http2ServerRequest(stream, headers, {}, rawHeaders as string[])
    const res = new Http2ServerResponse(stream)
    // An error of the stream is followed by 'close', which is what handlers look at.
    stream.on('error', ignore)
    if (headers[':method'] === 'CONNECT') {
      res.statusCode = 405
      res.end()
      return
    }
    let isAnswering = false
    const onWhole = (): void => {
      isAnswering = true
      stream.setTimeout(this.#answerIdleMs)
    }
    stream.setTimeout(this.#bodyIdleMs)
    if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) onWhole()
    else req.once('end', onWhole)
    stream.on('timeout', () => {
      // While an answer is being made, there is nothing that the client could take.
      if (!isAnswering || stream.writableLength > 0) stream.close(constants.NGHTTP2_CANCEL)
    })
    if (headers.expect === '100-continue') res.writeContinue()
    this.#handlers.onRequest(req, res)
  }

  #pingAll(): void {
    for (const session of this.#sessions) {
      if (this.#unanswered.has(session)) session.destroy()
      else if (!session.destroyed) this.#ping(session)
    }
  }

  #ping(session: ServerHttp2Session): void {
    this.#unanswered.add(session)
    session.ping((error) => {
      if (error === null) this.#unanswered.delete(session)
    })
  }
}

function ignore(): void {}
