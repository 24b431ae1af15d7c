import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { create } from '@bufbuild/protobuf'
import { ChannelCredentials, Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { AppError } from '../../base/errors.ts'
import { GetUserRequestSchema, SingleUserResponseSchema, StatusCode } from '../../contract/index.ts'
import type { IncomingCall } from '../call.ts'
import {
  callUnary,
  echo,
  type FakeHandlers,
  getMe,
  grpcClient,
  listenForTest,
  stub,
  withStatus,
} from '../port/test-support.ts'

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
