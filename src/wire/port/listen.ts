import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerHttp2Stream } from 'node:http2'
import { type AddressInfo, createServer, isIPv6, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type Server as TlsServer } from 'node:tls'
import type { Log } from '../../base/log.ts'
import { Http1Side, type HttpHandler } from './http1.ts'
import { Http2Side, type StreamHeaders } from './http2.ts'
import { ACCEPT_ERROR_LOG_MS, FLUSH_MS, PORT_LIMITS, type PortLimits } from './limits.ts'
import { sniff } from './sniff.ts'

/** The RPC handlers behind the port; `createRpc` makes them. */
export interface RpcHandlers {
  onGrpc(stream: ServerHttp2Stream, headers: StreamHeaders, rawHeaders: readonly string[]): void
  /** True when the request is gRPC-Web, or a browser's question whether it may send one. */
  isGrpcWeb(req: IncomingMessage): boolean
  onGrpcWeb(req: IncomingMessage, res: ServerResponse): void
  /** New calls are refused from now on. */
  drain(): void
  /** Ends the calls that still run. */
  abandon(): void
}

export interface ListenOptions {
  readonly host: string
  /** 0 picks a free one. */
  readonly port: number
  /** PEM texts; with them the port speaks TLS beside plaintext. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer }
  readonly onHttp: HttpHandler
  readonly rpc: RpcHandlers
  readonly log: Log
  readonly limits?: Partial<PortLimits>
}

export interface OpenPort {
  /** `http://host:port`, https when TLS is configured; IPv6 hosts in brackets. */
  readonly url: string
  readonly port: number
  /**
   * Stops accepting, lets running calls finish within the drain time, then ends what is left. Resolves when every
   * connection is closed; further calls return the same promise.
   */
  close(): Promise<void>
}

/**
 * Opens the one port that serves HTTP/1.1, HTTP/2, gRPC and gRPC-Web, in plaintext and with TLS.
 *
 * Rejects with the system's error when the address cannot be had. After that no connection can make it throw.
 */
export async function listen(options: ListenOptions): Promise<OpenPort> {
  const port = new SharedPort(options)
  await port.open(options.host, options.port)
  return port
}

class SharedPort implements OpenPort {
  url = ''
  port = 0
  readonly #server: Server
  readonly #tls: TlsServer | undefined
  readonly #http1: Http1Side
  readonly #http2: Http2Side
  readonly #rpc: RpcHandlers
  readonly #log: Log
  readonly #limits: PortLimits
  readonly #sockets = new Set<Socket>()
  /** Those of them that have not said yet what they are. */
  readonly #unknown = new Set<Socket>()
  #closing: Promise<void> | undefined
  #onEmpty: (() => void) | undefined
  #lastAcceptError = 0

  constructor(options: ListenOptions) {
    this.#limits = { ...PORT_LIMITS, ...options.limits }
    this.#log = options.log
    this.#rpc = options.rpc
    const onHttp: HttpHandler = (req, res) => this.#onRequest(options.onHttp, req, res)
    this.#http1 = new Http1Side(onHttp, this.#limits)
    this.#http2 = new Http2Side(
      {
        onGrpc: options.rpc.onGrpc,
        // The compatibility objects of HTTP/2 offer what handlers use of the HTTP/1.1 ones.
        onRequest: (req, res) => onHttp(req as unknown as IncomingMessage, res as unknown as ServerResponse),
      },
      this.#limits,
    )
    this.#tls = options.tls && this.#createTls(options.tls)
    this.#server = createServer({ noDelay: true, keepAlive: true }, (socket) => this.#onConnection(socket))
    this.#server.maxConnections = this.#limits.connections
    this.#server.on('drop', () => this.#onAcceptError(new Error('Too many open connections')))
  }

  async open(host: string, port: number): Promise<void> {
    this.#server.listen({ host, port })
    await once(this.#server, 'listening')
    this.#server.on('error', (error) => this.#onAcceptError(error))
    this.port = (this.#server.address() as AddressInfo).port
    this.url = `${this.#tls ? 'https' : 'http'}://${isIPv6(host) ? `[${host}]` : host}:${this.port}`
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    for (const socket of this.#unknown) socket.destroy()
    this.#rpc.drain()
    this.#http1.drain()
    this.#http2.drain()
    if (!(await this.#emptyWithin(this.#limits.drainMs))) {
      this.#log.warn({ connections: this.#sockets.size }, 'drain time is over; ending the calls that still run')
      this.#rpc.abandon()
      await this.#emptyWithin(FLUSH_MS)
    }
    for (const socket of this.#sockets) socket.destroy()
    await closed
    this.#http1.stop()
    this.#http2.stop()
  }

  #emptyWithin(ms: number): Promise<boolean> {
    if (this.#sockets.size === 0) return Promise.resolve(true)
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ms)
      this.#onEmpty = () => {
        clearTimeout(timer)
        resolve(true)
      }
    })
  }

  #onConnection(socket: Socket): void {
    this.#sockets.add(socket)
    this.#unknown.add(socket)
    // Every error is followed by 'close'; broken connections are everyday business and none of the server's failures.
    socket.on('error', ignore)
    socket.once('close', () => {
      this.#sockets.delete(socket)
      this.#unknown.delete(socket)
      if (this.#sockets.size === 0) this.#onEmpty?.()
    })
    sniff(socket, this.#limits.firstBytesMs, (protocol) => {
      this.#unknown.delete(socket)
      if (protocol === 'http2') this.#http2.accept(socket)
      else if (protocol === 'http1') this.#http1.accept(socket)
      else if (this.#tls) this.#tls.emit('connection', socket)
      else this.#refuseTls(socket)
    })
  }

  #createTls(tls: NonNullable<ListenOptions['tls']>): TlsServer {
    const server = createTlsServer({
      cert: tls.cert,
      key: tls.key,
      ALPNProtocols: ['h2', 'http/1.1'],
      handshakeTimeout: this.#limits.firstBytesMs,
    })
    server.on('tlsClientError', (error, socket) => {
      this.#log.debug({ err: error }, 'TLS handshake failed')
      socket.destroy()
    })
    server.on('secureConnection', (socket: TLSSocket) => {
      socket.on('error', ignore)
      if (this.#closing) socket.destroy()
      else if (socket.alpnProtocol === 'h2') this.#http2.accept(socket)
      else this.#http1.accept(socket)
    })
    return server
  }

  #refuseTls(socket: Socket): void {
    this.#log.debug({ remote: socket.remoteAddress }, 'TLS client on a port without certificate')
    socket.end(TLS_HANDSHAKE_FAILURE, () => socket.destroy())
  }

  #onRequest(onHttp: HttpHandler, req: IncomingMessage, res: ServerResponse): void {
    try {
      if (this.#rpc.isGrpcWeb(req)) this.#rpc.onGrpcWeb(req, res)
      else if (req.headers['content-type']?.startsWith('application/grpc')) refuseGrpc(req, res)
      else onHttp(req, res)
    } catch (error) {
      // Handlers answer their own failures; one that throws all the same must not take the process down.
      this.#log.error({ err: error, method: req.method }, 'a request handler threw')
      res.destroy()
    }
  }

  #onAcceptError(error: Error): void {
    const now = Date.now()
    if (now - this.#lastAcceptError < ACCEPT_ERROR_LOG_MS) return
    this.#lastAcceptError = now
    this.#log.warn({ err: error, connections: this.#sockets.size }, 'a connection could not be accepted')
  }
}

/** TLS alert record: fatal (2), handshake_failure (40). */
const TLS_HANDSHAKE_FAILURE = Buffer.from([0x15, 3, 1, 0, 2, 2, 40])

function refuseGrpc(req: IncomingMessage, res: ServerResponse): void {
  req.resume()
  res.writeHead(415, { 'content-type': 'text/plain' })
  res.end('gRPC needs POST over HTTP/2 with protobuf messages; over HTTP/1.1 use application/grpc-web or JSON\n')
}

function ignore(): void {}
