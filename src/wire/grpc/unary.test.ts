import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { create } from '@bufbuild/protobuf'
import { ChannelCredentials, compressionAlgorithms, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { AppError } from '../../base/errors.ts'
import {
  GetUserRequestSchema,
  MultiInputResponseSchema,
  PostInputsRequestSchema,
  SingleUserResponseSchema,
  StatusCode,
} from '../../contract/index.ts'
import type { IncomingCall } from '../call.ts'
import { callUnary, type FakeHandlers, grpcClient, listenForTest, stub } from '../port/test-support.ts'

const MIB = 1024 * 1024

/** GetUser answers with the user id it was asked for; PostInputs with the inputs it got. */
const echo: FakeHandlers = {
  unary: {
    GetUser: (_call, request) =>
      create(SingleUserResponseSchema, {
        status: { code: StatusCode.SUCCESS },
        user: { id: request.userAppId?.userId ?? '' },
      }),
    PostInputs: (_call, request) => create(MultiInputResponseSchema, { inputs: request.inputs }),
  },
}

const getMe = create(GetUserRequestSchema, { userAppId: { userId: 'me' } })

function imageRequest(base64: Uint8Array) {
  return create(PostInputsRequestSchema, { inputs: [{ data: { image: { base64 } } }] })
}

function withStatus(code: status): (error: unknown) => boolean {
  return (error) => {
    assert.equal((error as ServiceError).code, code, String(error))
    return true
  }
}

test('a unary call and its metadata', async (t) => {
  let seen: IncomingCall | undefined
  const port = await listenForTest(t, {
    unary: {
      GetUser: (call, request) => {
        seen = call
        return create(SingleUserResponseSchema, { user: { id: request.userAppId?.userId ?? '' } })
      },
    },
  })
  const client = grpcClient(t, port.target)
  const metadata = new Metadata()
  metadata.set('authorization', 'Key abc')
  metadata.add('x-twice', 'first')
  metadata.add('x-twice', 'second')
  metadata.set('trace-bin', Buffer.from([0, 255, 7]))
  const answer = await callUnary(client, 'GetUser', getMe, metadata)
  assert.equal(answer.user?.id, 'me')
  assert.equal(seen?.transport, 'grpc')
  assert.equal(seen?.method.name, 'GetUser')
  assert.equal(seen?.remoteAddress, '127.0.0.1')
  assert.equal(seen?.header('authorization'), 'Key abc')
  assert.equal(seen?.header('x-twice'), 'first')
  assert.equal(seen?.header('absent'), undefined)
  assert.deepEqual(Buffer.from(seen?.header('trace-bin') ?? '', 'base64'), Buffer.from([0, 255, 7]))
})

test('the official client gets application errors inside the message with gRPC status OK', async (t) => {
  const port = await listenForTest(t, {
    unary: {
      GetUser: () =>
        create(SingleUserResponseSchema, {
          status: { code: StatusCode.CONN_KEY_INVALID, description: 'Invalid API key', details: 'naïve 100 %' },
        }),
    },
  })
  const require = createRequire(import.meta.url)
  const { V2Client } = require('clarifai-nodejs-grpc/proto/clarifai/api/service_grpc_pb')
  const { GetUserRequest } = require('clarifai-nodejs-grpc/proto/clarifai/api/service_pb')
  const client = new V2Client(port.target, ChannelCredentials.createInsecure())
  t.after(() => client.close())
  const answer = await promisify(client.getUser.bind(client))(new GetUserRequest())
  assert.equal(answer.getStatus().getCode(), StatusCode.CONN_KEY_INVALID)
  assert.equal(answer.getStatus().getDetails(), 'naïve 100 %')
})

test('many calls at once on one connection, each with its own answer', async (t) => {
  const port = await listenForTest(t, echo)
  const client = grpcClient(t, port.target)
  const ids = Array.from({ length: 1000 }, (_, i) => `user-${i}`)
  const answers = await Promise.all(
    ids.map((userId) => callUnary(client, 'GetUser', create(GetUserRequestSchema, { userAppId: { userId } }))),
  )
  assert.deepEqual(
    answers.map((answer) => answer.user?.id),
    ids,
  )
  assert.equal(port.rpc.server.running, 0)
})

test('unknown methods and services are UNIMPLEMENTED', async (t) => {
  const port = await listenForTest(t, echo)
  const client = grpcClient(t, port.target)
  const { serialize, deserialize } = stub('GetUser')
  for (const path of ['/clarifai.api.V2/NoSuchCall', '/other.Service/GetUser', '/clarifai.api.V2/', '/constructor']) {
    const call = new Promise((resolve, reject) =>
      client.makeUnaryRequest(path, serialize, deserialize, getMe, (error, value) =>
        error ? reject(error) : resolve(value),
      ),
    )
    await assert.rejects(call, withStatus(status.UNIMPLEMENTED))
  }
})

test('bytes that are no message are INTERNAL and reach no handler', async (t) => {
  const port = await listenForTest(t, {})
  const client = grpcClient(t, port.target)
  const { path, deserialize } = stub('GetUser')
  const call = new Promise((resolve, reject) =>
    client.makeUnaryRequest(
      path,
      (bytes: Buffer) => bytes,
      deserialize,
      Buffer.from([0x0a, 0x7f, 0x01]),
      (error, value) => (error ? reject(error) : resolve(value)),
    ),
  )
  await assert.rejects(call, withStatus(status.INTERNAL))
})

test('a handler that breaks the rule and throws is INTERNAL without its text', async (t) => {
  const port = await listenForTest(t, {
    unary: {
      GetUser: () => {
        throw new Error('secret detail')
      },
    },
  })
  const client = grpcClient(t, port.target)
  await assert.rejects(callUnary(client, 'GetUser', getMe), (error: ServiceError) => {
    assert.equal(error.code, status.INTERNAL)
    assert.doesNotMatch(error.message, /secret/)
    return true
  })
})

/** A GetUser that runs until its signal aborts, and tells when it began and why it ended. */
function hanging() {
  const started = Promise.withResolvers<IncomingCall>()
  const stopped = Promise.withResolvers<unknown>()
  const handlers: FakeHandlers = {
    unary: {
      GetUser: async (call) => {
        started.resolve(call)
        await once(call.signal, 'abort')
        stopped.resolve(call.signal.reason)
        throw call.signal.reason
      },
    },
  }
  return { handlers, started: started.promise, stopped: stopped.promise }
}

test('a deadline that passes ends the call and aborts its signal', async (t) => {
  const { handlers, stopped } = hanging()
  const port = await listenForTest(t, handlers)
  const session = connect(`http://${port.target}`)
  // A bare stream, because grpc-js would end the call by its own clock.
  const stream = session.request({
    ':method': 'POST',
    ':path': '/clarifai.api.V2/GetUser',
    'content-type': 'application/grpc',
    'grpc-timeout': '20m',
    te: 'trailers',
  })
  stream.end(Buffer.from([0, 0, 0, 0, 0]))
  const [headers] = await once(stream, 'response')
  assert.equal(headers['grpc-status'], String(status.DEADLINE_EXCEEDED))
  const reason = await stopped
  assert.ok(reason instanceof AppError)
  assert.equal(reason.code, StatusCode.RPC_REQUEST_TIMEOUT)
  assert.equal(port.rpc.server.running, 0)
})

test('a malformed deadline is INVALID_ARGUMENT', async (t) => {
  const port = await listenForTest(t, echo)
  const session = connect(`http://${port.target}`)
  const stream = session.request({
    ':method': 'POST',
    ':path': '/clarifai.api.V2/GetUser',
    'content-type': 'application/grpc',
    'grpc-timeout': 'soon',
  })
  stream.end(Buffer.from([0, 0, 0, 0, 0]))
  const [headers] = await once(stream, 'response')
  assert.equal(headers['grpc-status'], String(status.INVALID_ARGUMENT))
})

test('a cancelled call aborts its signal', async (t) => {
  const { handlers, started, stopped } = hanging()
  const port = await listenForTest(t, handlers)
  const client = grpcClient(t, port.target)
  const { path, serialize, deserialize } = stub('GetUser')
  const call = client.makeUnaryRequest(path, serialize, deserialize, getMe, () => {})
  await started
  call.cancel()
  const reason = await stopped
  assert.ok(reason instanceof AppError)
  assert.equal(reason.code, StatusCode.RPC_CANCELED)
  assert.equal(port.rpc.server.running, 0)
})

test('a connection that breaks aborts the calls on it', async (t) => {
  const { handlers, started, stopped } = hanging()
  const port = await listenForTest(t, handlers)
  const session = connect(`http://${port.target}`)
  session.on('error', () => {})
  const stream = session.request({
    ':method': 'POST',
    ':path': '/clarifai.api.V2/GetUser',
    'content-type': 'application/grpc',
  })
  stream.on('error', () => {})
  stream.end(Buffer.from([0, 0, 0, 0, 0]))
  await started
  session.destroy()
  assert.ok((await stopped) instanceof AppError)
})

test('100 MiB there and back', async (t) => {
  const port = await listenForTest(t, echo)
  const client = grpcClient(t, port.target)
  const image = randomBytes(100 * MIB)
  const answer = await callUnary(client, 'PostInputs', imageRequest(image))
  assert.equal(image.equals(answer.inputs[0]?.data?.image?.base64 ?? Buffer.alloc(0)), true)
  assert.equal(port.rpc.server.bufferedBytes, 0)
})

test('a request over the limit is RESOURCE_EXHAUSTED, and the connection goes on working', async (t) => {
  const port = await listenForTest(t, echo, { rpcLimits: { messageBytes: 2 * MIB } })
  const client = grpcClient(t, port.target)
  await assert.rejects(
    callUnary(client, 'PostInputs', imageRequest(Buffer.alloc(20 * MIB))),
    withStatus(status.RESOURCE_EXHAUSTED),
  )
  await callUnary(client, 'PostInputs', imageRequest(Buffer.alloc(MIB)))
})

test('an answer over the limit is RESOURCE_EXHAUSTED', async (t) => {
  const port = await listenForTest(
    t,
    { unary: { GetUser: () => create(SingleUserResponseSchema, { user: { id: 'x'.repeat(2000) } }) } },
    { rpcLimits: { messageBytes: 1000 } },
  )
  const client = grpcClient(t, port.target)
  await assert.rejects(callUnary(client, 'GetUser', getMe), withStatus(status.RESOURCE_EXHAUSTED))
})

test('too many request bytes at once are RESOURCE_EXHAUSTED and given back afterwards', async (t) => {
  const port = await listenForTest(t, echo, { rpcLimits: { bufferedBytes: 3 * MIB } })
  const client = grpcClient(t, port.target)
  await assert.rejects(
    callUnary(client, 'PostInputs', imageRequest(Buffer.alloc(5 * MIB))),
    withStatus(status.RESOURCE_EXHAUSTED),
  )
  assert.equal(port.rpc.server.bufferedBytes, 0)
  await callUnary(client, 'PostInputs', imageRequest(Buffer.alloc(2 * MIB)))
  assert.equal(port.rpc.server.bufferedBytes, 0)
})

for (const algorithm of [compressionAlgorithms.gzip, compressionAlgorithms.deflate]) {
  test(`requests compressed with ${compressionAlgorithms[algorithm]}`, async (t) => {
    const port = await listenForTest(t, echo)
    const client = grpcClient(t, port.target, { 'grpc.default_compression_algorithm': algorithm })
    const answer = await callUnary(client, 'PostInputs', imageRequest(Buffer.alloc(3 * MIB, 7)))
    assert.equal(answer.inputs[0]?.data?.image?.base64.length, 3 * MIB)
    assert.equal(port.rpc.server.bufferedBytes, 0)
  })
}

test('a compressed request that unpacks over the limit is RESOURCE_EXHAUSTED', async (t) => {
  const port = await listenForTest(t, echo, { rpcLimits: { messageBytes: MIB } })
  const client = grpcClient(t, port.target, { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip })
  await assert.rejects(
    callUnary(client, 'PostInputs', imageRequest(Buffer.alloc(50 * MIB))),
    withStatus(status.RESOURCE_EXHAUSTED),
  )
})

/** Sends one raw request and gives back the response headers, body and trailers. */
async function raw(target: string, headers: Record<string, string>, body: Buffer) {
  const session = connect(`http://${target}`)
  const stream = session.request({
    ':method': 'POST',
    ':path': '/clarifai.api.V2/PostInputs',
    'content-type': 'application/grpc',
    ...headers,
  })
  const result: { headers: Record<string, unknown>; trailers: Record<string, unknown>; body: Buffer } = {
    headers: {},
    trailers: {},
    body: Buffer.alloc(0),
  }
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

test('large compressible answers are compressed for clients that accept it, others left alone', async (t) => {
  const answers = { text: Buffer.alloc(MIB, 'a'), noise: randomBytes(MIB), small: Buffer.alloc(100) }
  let next: keyof typeof answers = 'text'
  const port = await listenForTest(t, {
    unary: {
      PostInputs: () => create(MultiInputResponseSchema, { inputs: [{ data: { image: { base64: answers[next] } } }] }),
    },
  })
  const empty = Buffer.from([0, 0, 0, 0, 0])
  const accepting = { 'grpc-accept-encoding': 'identity,deflate,gzip' }
  const compressed = await raw(port.target, accepting, empty)
  assert.equal(compressed.headers['grpc-encoding'], 'gzip')
  assert.equal(compressed.body[0], 1)
  assert.ok(compressed.body.length < MIB / 50)
  assert.equal(compressed.trailers['grpc-status'], '0')
  assert.equal((await raw(port.target, {}, empty)).body[0], 0)
  for (next of ['noise', 'small'] as const) assert.equal((await raw(port.target, accepting, empty)).body[0], 0, next)
  next = 'text'
  const client = grpcClient(t, port.target)
  const answer = await callUnary(client, 'PostInputs', imageRequest(Buffer.alloc(0)))
  assert.equal(answers.text.equals(answer.inputs[0]?.data?.image?.base64 ?? Buffer.alloc(0)), true)
})

test('requests that break the framing end with a status', async (t) => {
  const port = await listenForTest(t, echo)
  const gzipped = { 'grpc-encoding': 'gzip' }
  const cases: [string, Record<string, string>, number[], status][] = [
    ['no message', {}, [], status.INTERNAL],
    ['two messages', {}, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0], status.INTERNAL],
    ['cut message', {}, [0, 0, 0, 0, 9, 1], status.INTERNAL],
    ['unknown flag', {}, [9, 0, 0, 0, 0], status.INTERNAL],
    ['compressed without encoding', {}, [1, 0, 0, 0, 0], status.INTERNAL],
    ['bad gzip', gzipped, [1, 0, 0, 0, 3, 1, 2, 3], status.INTERNAL],
    ['unknown encoding', { 'grpc-encoding': 'br' }, [0, 0, 0, 0, 0], status.UNIMPLEMENTED],
    ['claims 4 GiB', {}, [0, 255, 255, 255, 255], status.RESOURCE_EXHAUSTED],
  ]
  for (const [name, headers, bytes, expected] of cases) {
    const answer = await raw(port.target, headers, Buffer.from(bytes))
    assert.equal(answer.headers['grpc-status'], String(expected), name)
    assert.equal(answer.headers['grpc-accept-encoding'], 'identity,deflate,gzip', name)
  }
  assert.equal(port.rpc.server.running, 0)
})

test('a client that stops sending in the middle of a request is ended', async (t) => {
  const port = await listenForTest(t, echo, { rpcLimits: { stallMs: 50 } })
  const session = connect(`http://${port.target}`)
  const stream = session.request({
    ':method': 'POST',
    ':path': '/clarifai.api.V2/PostInputs',
    'content-type': 'application/grpc',
  })
  stream.write(Buffer.from([0, 0, 0, 0, 9, 1]))
  const [headers] = await once(stream, 'response')
  assert.equal(headers['grpc-status'], String(status.DEADLINE_EXCEEDED))
})

test('other message formats and GET are not taken for gRPC', async (t) => {
  const port = await listenForTest(t, echo)
  const json = await raw(port.target, { 'content-type': 'application/grpc+json' }, Buffer.from('{}'))
  assert.equal(json.headers[':status'], 415)
  const proto = await raw(port.target, { 'content-type': 'application/grpc+proto' }, Buffer.from([0, 0, 0, 0, 0]))
  assert.equal(proto.trailers['grpc-status'], '0')
})
