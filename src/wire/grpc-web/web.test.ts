import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingHttpHeaders, request } from 'node:http'
import { connect } from 'node:http2'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import {
  GetUserRequestSchema,
  MultiInputResponseSchema,
  MultiOutputResponseSchema,
  PostInputsRequestSchema,
  SingleAppResponseSchema,
  SingleUserResponseSchema,
  StatusCode,
} from '../../contract/index.ts'
import type { IncomingCall } from '../call.ts'
import { PREFIX_BYTES, writePrefix } from '../grpc/framing.ts'
import { echo, listenForTest } from '../port/test-support.ts'

const MIB = 1024 * 1024

function framed(bytes: Uint8Array): Buffer {
  return writePrefix(Buffer.concat([Buffer.alloc(PREFIX_BYTES), bytes]))
}

const getMe = framed(toBinary(GetUserRequestSchema, create(GetUserRequestSchema, { userAppId: { userId: 'me' } })))

/** Splits an answer into its messages and the text of its trailer frame. */
function parse(body: Buffer): { messages: Buffer[]; trailers: string | undefined; compressed: boolean } {
  const messages: Buffer[] = []
  let compressed = false
  for (let at = 0; at < body.length; ) {
    const flag = body[at] as number
    const end = at + PREFIX_BYTES + body.readUInt32BE(at + 1)
    const data = body.subarray(at + PREFIX_BYTES, end)
    if (flag === 0x80) {
      assert.equal(end, body.length, 'the trailer frame is the last one')
      return { messages, trailers: data.toString('latin1'), compressed }
    }
    if (flag === 1) compressed = true
    messages.push(data)
    at = end
  }
  return { messages, trailers: undefined, compressed }
}

interface Answer {
  status: number | undefined
  headers: IncomingHttpHeaders
  body: Buffer
}

function http1(port: number, method: string, path: string, headers: Record<string, string>, body?: Buffer | string) {
  return new Promise<Answer>((resolve, reject) => {
    const req = request({ port, method, path, headers, agent: false }, async (res) => {
      resolve({ status: res.statusCode, headers: res.headers, body: Buffer.concat(await res.toArray()) })
    })
    req.on('error', reject)
    req.end(body)
  })
}

/** Undoes base64 text made of several padded pieces. */
function fromText(body: Buffer): Buffer {
  return Buffer.concat((body.toString('latin1').match(/[^=]+=*/g) ?? []).map((piece) => Buffer.from(piece, 'base64')))
}

const PATH = '/clarifai.api.V2/'

test('the official web client gets answers, application errors and transport errors', async (t) => {
  const require = createRequire(import.meta.url)
  const before = Object.getOwnPropertyDescriptor(globalThis, 'XMLHttpRequest')
  Object.defineProperty(globalThis, 'XMLHttpRequest', { value: require('xhr2'), configurable: true })
  t.after(() => {
    if (before) Object.defineProperty(globalThis, 'XMLHttpRequest', before)
    else Reflect.deleteProperty(globalThis, 'XMLHttpRequest')
  })
  let seen: IncomingCall | undefined
  const port = await listenForTest(t, {
    unary: {
      GetApp: (call, request) => {
        seen = call
        const known = request.userAppId?.appId === 'mine'
        const code = known ? StatusCode.SUCCESS : StatusCode.CONN_DOES_NOT_EXIST
        return create(SingleAppResponseSchema, { status: { code }, app: { id: request.userAppId?.appId ?? '' } })
      },
      ListApps: () => {
        throw new Error('broken')
      },
    },
  })
  const { ClarifaiStub } = require('clarifai-web-grpc')
  const { GetAppRequest, ListAppsRequest } = require('clarifai-web-grpc/dist/cjs/proto/clarifai/api/service_pb.js')
  const { UserAppIDSet } = require('clarifai-web-grpc/dist/cjs/proto/clarifai/api/resources_pb.js')
  const client = ClarifaiStub.grpc(port.url)
  const get = (appId: string) =>
    new Promise<{ getStatus(): { getCode(): number }; getApp(): { getId(): string } }>((resolve, reject) => {
      const req = new GetAppRequest()
      req.setUserAppId(new UserAppIDSet().setAppId(appId))
      const metadata = { 'X-Clarifai-Session-Token': 'token' }
      client.getApp(req, metadata, (error: Error | null, value: never) => (error ? reject(error) : resolve(value)))
    })
  const mine = await get('mine')
  assert.equal(mine.getStatus().getCode(), StatusCode.SUCCESS)
  assert.equal(mine.getApp().getId(), 'mine')
  assert.equal(seen?.transport, 'grpc-web')
  assert.equal(seen?.header('x-clarifai-session-token'), 'token')
  assert.equal(seen?.remoteAddress, '127.0.0.1')
  assert.equal((await get('other')).getStatus().getCode(), StatusCode.CONN_DOES_NOT_EXIST)
  const failed = new Promise((resolve, reject) =>
    client.listApps(new ListAppsRequest(), {}, (error: Error | null, value: unknown) =>
      error ? reject(error) : resolve(value),
    ),
  )
  await assert.rejects(failed, { code: 13 })
})

const FORMATS = [
  'application/grpc-web',
  'application/grpc-web+proto',
  'application/grpc-web-text',
  'application/grpc-web-text+proto',
]

for (const type of FORMATS) {
  const text = type.includes('text')

  test(`${type} over HTTP/1.1`, async (t) => {
    const port = await listenForTest(t, echo)
    const body = text ? getMe.toString('base64') : getMe
    const answer = await http1(port.port, 'POST', `${PATH}GetUser`, { 'content-type': type }, body)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers['content-type'], type)
    assert.equal(answer.headers['access-control-allow-origin'], '*')
    assert.match(answer.headers['access-control-expose-headers'] ?? '', /grpc-status.*grpc-message/)
    const { messages, trailers } = parse(text ? fromText(answer.body) : answer.body)
    assert.equal(fromBinary(SingleUserResponseSchema, messages[0] as Buffer).user?.id, 'me')
    assert.equal(trailers, 'grpc-status:0\r\ngrpc-message:\r\n')
  })

  test(`${type} over HTTP/2`, async (t) => {
    const port = await listenForTest(t, echo)
    const session = connect(port.url)
    const stream = session.request({ ':method': 'POST', ':path': `${PATH}GetUser`, 'content-type': type })
    stream.end(text ? getMe.toString('base64') : getMe)
    const [headers] = await once(stream, 'response')
    assert.equal(headers['content-type'], type)
    const bytes = Buffer.concat(await stream.toArray())
    const { messages, trailers } = parse(text ? fromText(bytes) : bytes)
    assert.equal(fromBinary(SingleUserResponseSchema, messages[0] as Buffer).user?.id, 'me')
    assert.equal(trailers, 'grpc-status:0\r\ngrpc-message:\r\n')
    session.close()
  })
}

test('the accept header decides over the content type, other ones leave the format alone', async (t) => {
  const port = await listenForTest(t, echo)
  const answerTo = (accept: string) =>
    http1(port.port, 'POST', `${PATH}GetUser`, { 'content-type': 'application/grpc-web', accept }, getMe)
  const text = await answerTo('application/grpc-web-text')
  assert.equal(text.headers['content-type'], 'application/grpc-web-text')
  assert.equal(parse(fromText(text.body)).messages.length, 1)
  const binary = await answerTo('*/*')
  assert.equal(binary.headers['content-type'], 'application/grpc-web')
})

test('server streaming over gRPC-Web', async (t) => {
  const port = await listenForTest(t, {
    stream: {
      GenerateModelOutputs: async function* () {
        for (let i = 0; i < 50; i++) yield create(MultiOutputResponseSchema, { outputs: [{ id: String(i) }] })
      },
    },
  })
  const headers = { 'content-type': 'application/grpc-web-text' }
  const body = framed(new Uint8Array()).toString('base64')
  const answer = await http1(port.port, 'POST', `${PATH}GenerateModelOutputs`, headers, body)
  const { messages, trailers } = parse(fromText(answer.body))
  assert.deepEqual(
    messages.map((message) => fromBinary(MultiOutputResponseSchema, message).outputs[0]?.id),
    Array.from({ length: 50 }, (_, i) => String(i)),
  )
  assert.match(trailers ?? '', /^grpc-status:0\r\n/)
})

test('a stream is held back while the browser does not read, and ended when it leaves', async (t) => {
  const count = 2000
  let produced = 0
  const stopped = Promise.withResolvers<unknown>()
  const port = await listenForTest(t, {
    stream: {
      GenerateModelOutputs: async function* (call) {
        try {
          for (; produced < count; produced++) {
            yield create(MultiOutputResponseSchema, { outputs: [{ data: { text: { raw: 'y'.repeat(MIB / 16) } } }] })
          }
        } finally {
          stopped.resolve(call.signal.reason)
        }
      },
    },
  })
  const req = request({ port: port.port, method: 'POST', path: `${PATH}GenerateModelOutputs`, agent: false })
  req.setHeader('content-type', 'application/grpc-web')
  req.on('error', () => {})
  req.end(framed(new Uint8Array()))
  await once(req, 'response')
  req.destroy()
  assert.ok((await stopped.promise) instanceof AppError)
  assert.ok(produced < count, 'everything was produced for a client that read nothing')
  assert.equal(port.rpc.server.running, 0)
})

test('a 20 MiB message in text format, there and back', async (t) => {
  const port = await listenForTest(t, echo)
  const image = Buffer.alloc(20 * MIB, 'picture')
  const message = create(PostInputsRequestSchema, { inputs: [{ data: { image: { base64: image } } }] })
  const body = framed(toBinary(PostInputsRequestSchema, message)).toString('base64')
  const headers = { 'content-type': 'application/grpc-web-text' }
  const answer = await http1(port.port, 'POST', `${PATH}PostInputs`, headers, body)
  const { messages } = parse(fromText(answer.body))
  const echoed = fromBinary(MultiInputResponseSchema, messages[0] as Buffer).inputs[0]?.data?.image?.base64
  assert.equal(image.equals(echoed ?? Buffer.alloc(0)), true)
  assert.equal(port.rpc.server.bufferedBytes, 0)
})

test('compressed requests, and compressed answers for clients that accept them', async (t) => {
  const port = await listenForTest(t, echo)
  const message = create(PostInputsRequestSchema, { inputs: [{ data: { image: { base64: Buffer.alloc(MIB) } } }] })
  const frame = framed(gzipSync(toBinary(PostInputsRequestSchema, message)))
  frame[0] = 1
  const headers = {
    'content-type': 'application/grpc-web',
    'grpc-encoding': 'gzip',
    'grpc-accept-encoding': 'gzip',
  }
  const answer = await http1(port.port, 'POST', `${PATH}PostInputs`, headers, frame)
  assert.equal(answer.headers['grpc-encoding'], 'gzip')
  const { messages, compressed } = parse(answer.body)
  assert.equal(compressed, true)
  const unpacked = gunzipSync(messages[0] as Buffer)
  assert.equal(fromBinary(MultiInputResponseSchema, unpacked).inputs[0]?.data?.image?.base64.length, MIB)
})

test('broken requests end with a status in the trailer frame', async (t) => {
  const port = await listenForTest(t, echo, { rpcLimits: { messageBytes: 1000 } })
  const binary = 'application/grpc-web'
  const cases: [string, string, string, Buffer | string, number][] = [
    ['unknown method', 'Nothing', binary, getMe, 12],
    ['empty body', 'GetUser', binary, '', 13],
    ['cut frame', 'GetUser', binary, getMe.subarray(0, 6), 13],
    ['not base64', 'GetUser', `${binary}-text`, '****', 3],
    ['not a message', 'GetUser', binary, framed(Buffer.from([0x0a, 0x7f])), 13],
    ['trailer frame from a client', 'GetUser', binary, Buffer.from([0x80, 0, 0, 0, 0]), 13],
    ['too large', 'GetUser', binary, framed(Buffer.alloc(5000)), 8],
  ]
  for (const [name, rpc, type, body, status] of cases) {
    const answer = await http1(port.port, 'POST', PATH + rpc, { 'content-type': type }, body)
    assert.equal(answer.status, 200, name)
    const { messages, trailers } = parse(type.includes('text') ? fromText(answer.body) : answer.body)
    assert.deepEqual(messages, [], name)
    assert.match(trailers ?? '', new RegExp(`^grpc-status:${status}\r\ngrpc-message:.+\r\n$`), name)
  }
  assert.equal(port.rpc.server.running, 0)
})

test('browsers may ask first, from anywhere and with any header', async (t) => {
  const port = await listenForTest(t, echo)
  const asked = 'authorization,x-clarifai-session-token,content-type,x-grpc-web,x-user-agent,grpc-timeout'
  const answer = await http1(port.port, 'OPTIONS', `${PATH}GetUser`, {
    origin: 'https://example.org',
    'access-control-request-method': 'POST',
    'access-control-request-headers': asked,
  })
  assert.equal(answer.status, 204)
  assert.equal(answer.headers['access-control-allow-origin'], '*')
  assert.match(answer.headers['access-control-allow-methods'] ?? '', /\bPOST\b/)
  assert.equal(answer.headers['access-control-allow-headers'], asked)
})

test('gRPC-Web needs POST, and plain gRPC does not work over HTTP/1.1', async (t) => {
  const port = await listenForTest(t, echo)
  const get = await http1(port.port, 'GET', `${PATH}GetUser`, { 'content-type': 'application/grpc-web' })
  assert.equal(get.status, 405)
  assert.equal(get.headers.allow, 'POST')
  const grpc = await http1(port.port, 'POST', `${PATH}GetUser`, { 'content-type': 'application/grpc' }, getMe)
  assert.equal(grpc.status, 415)
})

test('a deadline of the browser counts', async (t) => {
  const port = await listenForTest(t, {
    unary: {
      GetUser: async (call) => {
        await once(call.signal, 'abort')
        throw call.signal.reason
      },
    },
  })
  const headers = { 'content-type': 'application/grpc-web', 'grpc-timeout': '20m' }
  const answer = await http1(port.port, 'POST', `${PATH}GetUser`, headers, getMe)
  assert.match(parse(answer.body).trailers ?? '', /^grpc-status:4\r\n/)
})
