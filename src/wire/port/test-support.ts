import { webcrypto } from 'node:crypto'
import { once } from 'node:events'
import { get } from 'node:http'
import { type ClientHttp2Session, connect } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import type { TestContext } from 'node:test'
import { create, fromBinary, type Message, toBinary } from '@bufbuild/protobuf'
import {
  type CallOptions,
  ChannelCredentials,
  Client,
  type ClientOptions,
  Metadata,
  type ServiceError,
  type status,
} from '@grpc/grpc-js'
import * as x509 from '@peculiar/x509'
import { silentLog } from '../../base/log.ts'
import {
  GetUserRequestSchema,
  MultiInputResponseSchema,
  PostInputsRequestSchema,
  SingleUserResponseSchema,
} from '../../contract/index.ts'
import { type MethodInfo, methodInfo, type RequestOf, type ResponseOf, type RpcName } from '../../contract/methods.ts'
import type { Dispatcher, IncomingCall } from '../call.ts'
import { createRpc } from '../grpc/rpc.ts'
import type { RpcServerOptions } from '../grpc/server.ts'
import { type ListenOptions, listen, type OpenPort } from './listen.ts'

/** Handlers by RPC name; the ones not given fail the test that calls them. */
export interface FakeHandlers {
  refusal?: Dispatcher['refusal']
  unary?: { [N in RpcName]?: (call: IncomingCall, request: RequestOf<N>) => Promise<Message> | Message }
  stream?: { [N in RpcName]?: (call: IncomingCall, requests: AsyncIterable<RequestOf<N>>) => AsyncIterable<Message> }
}

/** A dispatcher that runs the given handlers without auth or anything else of the real pipeline. */
export function fakeDispatcher(handlers: FakeHandlers): Dispatcher {
  return {
    refusal: handlers.refusal,
    unary: async (call, request) => {
      const handler = handlers.unary?.[call.method.name]
      if (!handler) throw new Error(`no fake for ${call.method.name}`)
      return (handler as (call: IncomingCall, request: Message) => Promise<Message> | Message)(call, request)
    },
    stream: (call, requests) => {
      const handler = handlers.stream?.[call.method.name]
      if (!handler) throw new Error(`no fake for ${call.method.name}`)
      return (handler as (call: IncomingCall, requests: AsyncIterable<Message>) => AsyncIterable<Message>)(
        call,
        requests,
      )
    },
    failure: (_header, error, method) => {
      const output = (method ?? methodInfo('GetStatusCode')).output
      return create(output, { status: { code: error.code, details: error.details } } as Record<string, unknown>)
    },
  }
}

/** GetUser answers with the user id it was asked for; PostInputs with the inputs it got. */
export const echo: FakeHandlers = {
  unary: {
    GetUser: (_call, request) => create(SingleUserResponseSchema, { user: { id: request.userAppId?.userId ?? '' } }),
    PostInputs: (_call, request) => create(MultiInputResponseSchema, { inputs: request.inputs }),
  },
}

/** A request for `echo` that is answered with user `me`. */
export const getMe = create(GetUserRequestSchema, { userAppId: { userId: 'me' } })

/** A request for `echo` of about the size of these bytes. */
export function imageRequest(base64: Uint8Array): RequestOf<'PostInputs'> {
  return create(PostInputsRequestSchema, { inputs: [{ data: { image: { base64 } } }] })
}

type TestListenOptions = Partial<Omit<ListenOptions, 'rpc'>> & { rpcLimits?: RpcServerOptions['limits'] }

/** A shared port with fake handlers behind it, on a free port of 127.0.0.1; closed after the test. */
export async function listenForTest(
  t: TestContext,
  handlers: FakeHandlers,
  options: TestListenOptions = {},
): Promise<OpenPort & { rpc: ReturnType<typeof createRpc>; target: string }> {
  const { rpcLimits, ...rest } = options
  const log = rest.log ?? silentLog
  const rpc = createRpc({ dispatcher: fakeDispatcher(handlers), log, limits: rpcLimits })
  const port = await listen({
    host: '127.0.0.1',
    port: 0,
    log,
    onHttp: (req, res) => {
      req.resume()
      req.on('end', () => res.end(`http ${req.httpVersion} ${req.method} ${req.url}`))
    },
    ...rest,
    rpc,
  })
  t.after(() => port.close())
  return Object.assign(port, { rpc, target: `127.0.0.1:${port.port}` })
}

const FOREVER_BYTES = -1

/** A grpc-js client without size limits of its own; closed after the test. */
export function grpcClient(
  t: TestContext,
  target: string,
  options: ClientOptions = {},
  credentials?: ChannelCredentials,
): Client {
  const client = new Client(target, credentials ?? ChannelCredentials.createInsecure(), {
    'grpc.max_receive_message_length': FOREVER_BYTES,
    'grpc.max_send_message_length': FOREVER_BYTES,
    // Channels with equal options share their connection otherwise, also between tests.
    'grpc.use_local_subchannel_pool': 1,
    ...options,
  })
  t.after(() => client.close())
  return client
}

/** What grpc-js needs to call an RPC, encoded by protobuf-es and not by the code under test. */
export function stub<N extends RpcName>(name: N) {
  const method: MethodInfo = methodInfo(name)
  return {
    path: `/clarifai.api.V2/${name}`,
    serialize: (message: RequestOf<N>): Buffer => Buffer.from(toBinary(method.input, message)),
    deserialize: (bytes: Buffer): ResponseOf<N> => fromBinary(method.output, bytes) as ResponseOf<N>,
  }
}

/** Makes a unary call with grpc-js; rejects with its ServiceError. */
export function callUnary<N extends RpcName>(
  client: Client,
  name: N,
  request: RequestOf<N>,
  metadata = new Metadata(),
  options: CallOptions = {},
): Promise<ResponseOf<N>> {
  const { path, serialize, deserialize } = stub(name)
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, serialize, deserialize, request, metadata, options, (error, value) =>
      error ? reject(error) : resolve(value as ResponseOf<N>),
    )
  })
}

/** A check for assert.rejects: an error of grpc-js with this status. */
export function withStatus(code: status): (error: unknown) => boolean {
  return (error) => (error as ServiceError).code === code
}

export interface RawAnswer {
  headers: Record<string, unknown>
  trailers: Record<string, unknown>
  body: Buffer
}

/** Sends one PostInputs with these bytes as its body, past grpc-js. */
export async function rawCall(target: string, headers: Record<string, string>, body: Buffer): Promise<RawAnswer> {
  const session = connect(`http://${target}`)
  const stream = session.request({
    ':method': 'POST',
    ':path': '/clarifai.api.V2/PostInputs',
    'content-type': 'application/grpc',
    ...headers,
  })
  const result: RawAnswer = { headers: {}, trailers: {}, body: Buffer.alloc(0) }
  stream.on('response', (head) => {
    result.headers = head
  })
  stream.on('trailers', (trailers) => {
    result.trailers = trailers
  })
  stream.end(body)
  result.body = Buffer.concat(await stream.toArray())
  session.close()
  return result
}

/** Body of a GET over HTTP/1.1 on a connection of its own. */
export function httpGet(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ port, path: '/hello', agent: false }, async (res) => {
      resolve(Buffer.concat(await res.toArray()).toString())
    }).on('error', reject)
  })
}

/** Body of a GET over HTTP/2. */
export async function http2Get(session: ClientHttp2Session): Promise<string> {
  const stream = session.request({ ':path': '/hello' })
  stream.end()
  return Buffer.concat(await stream.toArray()).toString()
}

/** A connection that sends these bytes and collects what comes back until it is closed. */
export async function exchange(port: number, bytes: Buffer | string, end = false): Promise<string> {
  const socket = connectTcp(port, '127.0.0.1')
  socket.on('error', () => {})
  if (end) socket.end(bytes)
  else if (bytes.length > 0) socket.write(bytes)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(socket, 'close')
  return Buffer.concat(chunks).toString('latin1')
}

/** A self-signed certificate for 127.0.0.1 and localhost, PEM. */
export async function selfSigned(): Promise<{ cert: string; key: string }> {
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0])
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const day = 86_400_000
  const cert = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: '01',
    name: 'CN=localhost',
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + day),
    keys,
    signingAlgorithm: algorithm,
    extensions: [
      new x509.SubjectAlternativeNameExtension([
        { type: 'ip', value: '127.0.0.1' },
        { type: 'dns', value: 'localhost' },
      ]),
    ],
  })
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  return { cert: cert.toString('pem'), key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n` }
}

/** What a client begins to speak HTTP/2 with. */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

/** An HTTP/2 frame. */
export function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}
