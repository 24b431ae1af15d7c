import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { CONNECTION_CHECK_MS, type PortLimits } from './limits.ts'

export type HttpHandler = (req: IncomingMessage, res: ServerResponse) => void

/** The HTTP/1.1 side of the port. It never listens itself: connections are handed to it. */
export class Http1Side {
  readonly #server: Server
  readonly #running = new Set<ServerResponse>()
  #draining = false

  constructor(handler: HttpHandler, limits: PortLimits) {
    this.#server = createServer(
      {
        headersTimeout: limits.headersMs,
        requestTimeout: limits.requestMs,
        keepAliveTimeout: limits.keepAliveMs,
        maxHeaderSize: limits.headerBytes,
        connectionsCheckingInterval: Math.min(CONNECTION_CHECK_MS, limits.headersMs),
      },
      (req, res) => this.#onRequest(handler, req, res),
    )
    // No 'upgrade' listener on purpose: without one Node answers such requests as ordinary ones, which refuses them.
    this.#server.on('connect', (_req, socket) => refuse(socket, '405 Method Not Allowed'))
    this.#server.on('clientError', onClientError)
    this.#server.setTimeout(limits.answerIdleMs, (socket) => this.#onIdle(socket))
    // The time limits are watched from 'listening' on, which a server that is handed its connections never emits.
    this.#server.emit('listening')
  }

  /** Serves HTTP/1.1 on a connection whose first bytes are still unread. */
  accept(socket: Duplex): void {
    this.#server.emit('connection', socket)
  }

  /** Closes idle connections now and the others after the answer they are waiting for. */
  drain(): void {
    this.#draining = true
    for (const res of this.#running) sayClose(res)
    this.#server.closeIdleConnections()
  }

  /** Stops watching time limits; all connections must be closed by then. */
  stop(): void {
    this.#server.close()
  }

  /**
   * A connection on which nothing moved for a while: between requests it is over, and so is one whose client takes
   * nothing of its answer. One whose answer is still being made goes on.
   */
  #onIdle(socket: Socket): void {
    const isWorking = [...this.#running].some((res) => res.socket === socket)
    if (!isWorking || socket.writableLength > 0) socket.destroy()
  }

  #onRequest(handler: HttpHandler, req: IncomingMessage, res: ServerResponse): void {
    this.#running.add(res)
    if (this.#draining) sayClose(res)
    res.on('close', () => {
      this.#running.delete(res)
      // A client may keep a connection open although it was told that it closes.
      if (this.#draining) setImmediate(() => this.#server.closeIdleConnections())
    })
    handler(req, res)
  }
}

function sayClose(res: ServerResponse): void {
  if (!res.headersSent) res.setHeader('connection', 'close')
}

const CLIENT_ERRORS: Record<string, string> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

function onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  refuse(socket, CLIENT_ERRORS[error.code ?? ''] ?? '400 Bad Request')
}

function refuse(socket: Duplex, statusLine: string): void {
  if (!socket.writable) {
    socket.destroy()
    return
  }
  socket.end(`HTTP/1.1 ${statusLine}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`, () => socket.destroy())
}
