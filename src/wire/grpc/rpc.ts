import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import { SERVICE_NAME } from '../../contract/methods.ts'
import { answerPreflight, isPreflight } from '../cors.ts'
import { WebChannel, webFormat } from '../grpc-web/channel.ts'
import type { StreamHeaders } from '../port/http2.ts'
import type { RpcHandlers } from '../port/listen.ts'
import { Http2Channel } from './http2-channel.ts'
import { RpcServer, type RpcServerOptions } from './server.ts'

const SERVICE_PATH = `/${SERVICE_NAME}/`

/** The gRPC and gRPC-Web handlers to give to `listen`, and the server behind them for its figures. */
export function createRpc(options: RpcServerOptions): RpcHandlers & { readonly server: RpcServer } {
  const server = new RpcServer(options)
  const addresses = new WeakMap<ServerHttp2Session, string>()

  // Asking the socket costs a system call, so once for each connection.
  const addressOf = (session: ServerHttp2Session | undefined): string => {
    if (session === undefined) return ''
    let address = addresses.get(session)
    if (address === undefined) {
      address = session.socket?.remoteAddress ?? ''
      addresses.set(session, address)
    }
    return address
  }

  return {
    server,
    onGrpc(stream: ServerHttp2Stream, headers: StreamHeaders, rawHeaders: readonly string[]): void {
      const session = stream.session as ServerHttp2Session | undefined
      server.handle(new Http2Channel(stream, headers, rawHeaders, addressOf(session)))
    },
    isGrpcWeb(req: IncomingMessage): boolean {
      if (isPreflight(req)) return req.url?.startsWith(SERVICE_PATH) === true
      return webFormat(req.headers['content-type']) !== undefined
    },
    onGrpcWeb(req: IncomingMessage, res: ServerResponse): void {
      if (isPreflight(req)) answerPreflight(req, res)
      else if (req.method === 'POST') server.handle(new WebChannel(req, res))
      else refuseMethod(req, res)
    },
    drain: () => server.drain(),
    abandon: () => server.abandon(),
  }
}

function refuseMethod(req: IncomingMessage, res: ServerResponse): void {
  req.resume()
  res.writeHead(405, { allow: 'POST' }).end()
}
