import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request, type ServerResponse } from 'node:http'
import { connect } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { AppError } from '../../base/errors.ts'
import {
  GetUserRequestSchema,
  MultiOutputResponseSchema,
  PostModelOutputsRequestSchema,
  SingleUserResponseSchema,
  StatusCode,
} from '../../contract/index.ts'
import type { IncomingCall } from '../call.ts'
import { callUnary, grpcClient, listenForTest, stub } from './test-support.ts'

const getMe = create(GetUserRequestSchema)

/** A GetUser that answers when it is let go. */
function gated() {
  const started = Promise.withResolvers<IncomingCall>()
  const gate = Promise.withResolvers<void>()
  return {
    started: started.promise,
    release: () => gate.resolve(),
    handlers: {
      unary: {
        GetUser: async (call: IncomingCall) => {
          started.resolve(call)
          await gate.promise
          return create(SingleUserResponseSchema, { user: { id: 'finished' } })
        },
      },
    },
  }
}

test('close with nothing open', async (t) => {
  const port = await listenForTest(t, {})
  const first = port.close()
  assert.equal(port.close(), first)
  await first
  await assert.rejects(once(connectTcp(port.port, '127.0.0.1'), 'connect'), { code: 'ECONNREFUSED' })
})

test('a running gRPC call finishes, later ones are refused, idle connections close', async (t) => {
  const { handlers, started, release } = gated()
  const port = await listenForTest(t, handlers)
  const idle = connect(port.url)
  await once(idle, 'remoteSettings')
  const call = callUnary(grpcClient(t, port.target), 'GetUser', getMe)
  await started
  const idleClosed = once(idle, 'close')
  const closed = port.close()
  await idleClosed
  await assert.rejects(callUnary(grpcClient(t, port.target), 'GetUser', getMe), (error: ServiceError) => {
    assert.equal(error.code, status.UNAVAILABLE)
    return true
  })
  release()
  assert.equal((await call).user?.id, 'finished')
  await closed
})

test('a call that does not finish in time is UNAVAILABLE and its signal aborts', async (t) => {
  const { handlers, started } = gated()
  const port = await listenForTest(t, handlers, { limits: { drainMs: 50 } })
  const call = callUnary(grpcClient(t, port.target), 'GetUser', getMe)
  const running = await started
  const { signal } = running
  const closed = port.close()
  await assert.rejects(call, (error: ServiceError) => {
    assert.equal(error.code, status.UNAVAILABLE)
    assert.match(error.details, /shutting down/)
    return true
  })
  assert.ok(signal.reason instanceof AppError)
  assert.equal(signal.reason.code, StatusCode.RPC_SERVER_UNAVAILABLE)
  await closed
})

test('a stream without end is UNAVAILABLE after the drain time', async (t) => {
  const port = await listenForTest(
    t,
    {
      stream: {
        StreamModelOutputs: async function* (_call, requests) {
          for await (const _ of requests) yield create(MultiOutputResponseSchema)
        },
      },
    },
    { limits: { drainMs: 50 } },
  )
  const { path, serialize, deserialize } = stub('StreamModelOutputs')
  const stream = grpcClient(t, port.target).makeBidiStreamRequest(path, serialize, deserialize, new Metadata())
  stream.write(create(PostModelOutputsRequestSchema))
  await once(stream, 'data')
  const ended = once(stream, 'error')
  const closed = port.close()
  const [error] = (await ended) as [ServiceError]
  assert.equal(error.code, status.UNAVAILABLE)
  await closed
})

test('a running HTTP/1.1 request finishes and its connection closes', async (t) => {
  const arrived = Promise.withResolvers<ServerResponse>()
  const port = await listenForTest(t, {}, { onHttp: (_req, res) => arrived.resolve(res) })
  const agent = new Agent({ keepAlive: true })
  t.after(() => agent.destroy())
  const req = request({ port: port.port, path: '/', agent })
  req.end()
  const res = await arrived.promise
  const closed = port.close()
  res.end('finished')
  const [answer] = await once(req, 'response')
  assert.equal(answer.headers.connection, 'close')
  assert.equal(Buffer.concat(await answer.toArray()).toString(), 'finished')
  await closed
})

test('an idle kept-alive HTTP/1.1 connection does not hold up the close', async (t) => {
  const port = await listenForTest(t, {})
  const socket = connectTcp(port.port, '127.0.0.1')
  socket.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n')
  await once(socket, 'data')
  const gone = once(socket, 'close')
  await port.close()
  await gone
})

test('a response already under way when the drain begins does not hold its connection open', async (t) => {
  const arrived = Promise.withResolvers<ServerResponse>()
  const port = await listenForTest(
    t,
    {},
    {
      onHttp: (_req, res) => {
        res.write('first ')
        arrived.resolve(res)
      },
    },
  )
  const agent = new Agent({ keepAlive: true })
  t.after(() => agent.destroy())
  const req = request({ port: port.port, path: '/', agent })
  req.end()
  const [answer] = await once(req, 'response')
  const closed = port.close()
  ;(await arrived.promise).end('last')
  assert.equal(Buffer.concat(await answer.toArray()).toString(), 'first last')
  await closed
})

test('connections that have sent nothing yet do not hold up the close for the drain time', async (t) => {
  const port = await listenForTest(t, {})
  const socket = connectTcp(port.port, '127.0.0.1')
  await once(socket, 'connect')
  // The server has accepted it for sure once a later connection was answered.
  const other = connectTcp(port.port, '127.0.0.1')
  other.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
  other.resume()
  await once(other, 'close')
  socket.resume()
  const gone = once(socket, 'close')
  await port.close()
  await gone
})
