import { once } from 'node:events'
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { create, type Message } from '@bufbuild/protobuf'
import type { AppError } from '../../base/errors.ts'
import { type Log, silentLog } from '../../base/log.ts'
import { BaseResponseSchema, StatusSchema } from '../../contract/gen/proto/clarifai/api/status/status_pb.js'
import { StatusCode } from '../../contract/status-code.ts'
import type { Dispatcher, IncomingCall } from '../call.ts'
import { createHttpHandler, type HttpHandlerOptions } from './handler.ts'

/** One call as a dispatcher saw it. */
export interface SeenCall {
  call: IncomingCall
  request: Message
}

/** A dispatcher that answers every RPC with an empty success unless told otherwise, and remembers its calls. */
export class RecordingDispatcher implements Dispatcher {
  readonly seen: SeenCall[] = []
  answer: (call: IncomingCall, request: Message) => Promise<object> | object = () => ({})
  streamed: (call: IncomingCall) => AsyncIterable<object> = async function* () {}
  refusal: (call: IncomingCall) => Promise<Message | undefined> = async () => undefined

  async unary(call: IncomingCall, request: Message): Promise<Message> {
    this.seen.push({ call, request })
    return this.#respond(call, await this.answer(call, request))
  }

  async *stream(call: IncomingCall, requests: AsyncIterable<Message>): AsyncIterable<Message> {
    for await (const request of requests) this.seen.push({ call, request })
    for await (const payload of this.streamed(call)) yield this.#respond(call, payload)
  }

  failure(_header: IncomingCall['header'], error: AppError, method?: IncomingCall['method']): Message {
    const status = create(StatusSchema, { code: error.code, details: error.details })
    return Object.assign(create(method?.output ?? BaseResponseSchema), { status })
  }

  #respond(call: IncomingCall, payload: object): Message {
    const status = create(StatusSchema, { code: StatusCode.SUCCESS })
    return create(call.method.output, { status, ...payload } as never) as Message
  }
}

/** A whole answer. */
export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  bytes: Buffer
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: answers of all shapes are looked into
  json: any
}

/** The handler on a port of its own. */
export interface TestDoor extends AsyncDisposable {
  readonly port: number
  readonly dispatcher: RecordingDispatcher
  send(verb: string, path: string, body?: string | Buffer, headers?: Record<string, string>): Promise<Answer>
}

/** Starts node:http with the handler on a free port; disposing closes it. */
export async function openDoor(options: Partial<HttpHandlerOptions> & { log?: Log } = {}): Promise<TestDoor> {
  const dispatcher = new RecordingDispatcher()
  const handler = createHttpHandler({ dispatcher, jsonNamesDefault: 'camel', log: silentLog, ...options })
  const server = createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    dispatcher,
    send: (verb, path, body, headers) => send(port, verb, path, body, headers),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Sends one HTTP/1.1 request exactly as given and reads the whole answer. */
export async function send(
  port: number,
  verb: string,
  path: string,
  body?: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const length =
    body === undefined || 'transfer-encoding' in headers ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  const req = httpRequest({ host: '127.0.0.1', port, method: verb, path, headers: { ...length, ...headers } })
  // Buffers and texts are sent whole, so that the server may answer before it has read them.
  req.on('error', () => {})
  req.end(body)
  const [res] = await once(req, 'response')
  const chunks: Buffer[] = []
  for await (const chunk of res) chunks.push(chunk as Buffer)
  const bytes = Buffer.concat(chunks)
  const text = bytes.toString()
  const isJson = res.headers['content-type'] === 'application/json' && !res.headers['content-encoding'] && text !== ''
  return { status: res.statusCode, headers: res.headers, bytes, text, json: isJson ? JSON.parse(text) : undefined }
}
