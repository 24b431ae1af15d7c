import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, constants } from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { type ServiceError, status } from '@grpc/grpc-js'
import { SingleUserResponseSchema } from '../../contract/index.ts'
import { callUnary, echo, frame, getMe, grpcClient, http2Get, httpGet, listenForTest, PREFACE } from './test-support.ts'

const SETTINGS = frame(4, 0, 0, Buffer.alloc(0))
const PING = frame(6, 0, 0, Buffer.alloc(8))
/** POST, /, http, authority "a", in HPACK. */
const POST = Buffer.from([0x83, 0x84, 0x86, 0x41, 1, 97])
const BIG = Buffer.alloc(8 * 1024 * 1024, 'x')

/** A connection that has begun to speak HTTP/2, reads nothing unless told to, and its end. */
async function raw(t: TestContext, port: number): Promise<{ socket: Socket; closed: Promise<unknown> }> {
  const socket = connectTcp(port, '127.0.0.1')
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  const closed = new Promise((resolve) => socket.once('close', resolve))
  await once(socket, 'connect')
  socket.write(Buffer.concat([PREFACE, SETTINGS]))
  return { socket, closed }
}

/** Sends the same bytes again and again until the server has had enough. */
async function flood(socket: Socket, bytes: Buffer): Promise<void> {
  const broken = new Promise((resolve) => socket.once('close', resolve))
  while (!socket.destroyed) await Promise.race([broken, new Promise<void>((sent) => socket.write(bytes, () => sent()))])
}

for (const [name, bytes] of [
  ['pings', PING],
  ['settings', SETTINGS],
] as const) {
  test(`a client that sends ${name} without end and reads no answer loses its connection`, async (t) => {
    const port = await listenForTest(t, echo)
    const { socket, closed } = await raw(t, port.port)
    socket.pause()
    await Promise.all([flood(socket, Buffer.concat(new Array<Buffer>(2_000).fill(bytes))), closed])
    assert.equal(await httpGet(port.port), 'http 1.1 GET /hello')
  })
}

test('headers that go on without end in further frames cost the client its connection', async (t) => {
  const port = await listenForTest(t, echo)
  const { socket, closed } = await raw(t, port.port)
  socket.resume()
  socket.write(frame(1, 0, 1, POST))
  // Each a header `a: b` that is remembered nowhere.
  const more = frame(9, 0, 1, Buffer.concat(new Array<Buffer>(1_000).fill(Buffer.from([0, 1, 97, 1, 98]))))
  await Promise.all([flood(socket, more), closed])
  assert.equal(await httpGet(port.port), 'http 1.1 GET /hello')
})

test('empty frames of data without end cost the client its connection or nothing', async (t) => {
  const port = await listenForTest(t, echo, { limits: { bodyIdleMs: 50 } })
  const { socket, closed } = await raw(t, port.port)
  socket.resume()
  socket.write(frame(1, 4, 1, POST))
  const empty = Buffer.concat(new Array<Buffer>(1_000).fill(frame(0, 0, 1, Buffer.alloc(0))))
  for (let round = 0; round < 200 && !socket.destroyed; round++) {
    await new Promise<void>((sent) => socket.write(empty, () => sent()))
  }
  assert.equal(await httpGet(port.port), 'http 1.1 GET /hello')
  socket.destroy()
  await closed
})

test('an answer that is never read ends with its time, over HTTP/1.1', async (t) => {
  const answered = Promise.withResolvers<void>()
  const port = await listenForTest(t, echo, {
    limits: { answerIdleMs: 100 },
    onHttp: (req, res) => {
      if (req.url === '/big') {
        res.once('close', answered.resolve)
        res.end(BIG)
      } else res.end('small')
    },
  })
  const socket = connectTcp(port.port, '127.0.0.1')
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  socket.pause()
  socket.write('GET /big HTTP/1.1\r\nhost: a\r\n\r\n')
  await answered.promise
  assert.equal(await httpGet(port.port), 'small')
})

test('an answer that is never read ends with its time, over HTTP/2, and those beside it arrive', async (t) => {
  const port = await listenForTest(t, echo, {
    limits: { answerIdleMs: 100 },
    onHttp: (req, res) => void res.end(req.url === '/big' ? BIG : 'small'),
  })
  const session = connect(port.url, { settings: { initialWindowSize: 1_000 } })
  t.after(() => session.destroy())
  const stream = session.request({ ':path': '/big' })
  stream.on('error', () => {})
  stream.pause()
  stream.end()
  await once(stream, 'response')
  assert.equal(await http2Get(session), 'small')
  stream.once('aborted', () => stream.resume())
  await once(stream, 'close')
  assert.equal(stream.rstCode, constants.NGHTTP2_CANCEL)
  assert.equal(await http2Get(session), 'small')
})

test('a handler that thinks longer than clients may take to read is not cut off', async (t) => {
  const port = await listenForTest(t, echo, {
    limits: { answerIdleMs: 20, keepAliveMs: 20 },
    onHttp: (_req, res) => void setTimeout(() => res.end('thought'), 150),
  })
  assert.equal(await httpGet(port.port), 'thought')
  const session = connect(port.url)
  assert.equal(await http2Get(session), 'thought')
  session.close()
})

test('a client that closes its half of the connection still gets its answer', async (t) => {
  const gate = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  const port = await listenForTest(t, echo, {
    onHttp: (_req, res) => {
      arrived.resolve()
      void gate.promise.then(() => res.end('late'))
    },
  })
  const socket = connectTcp({ port: port.port, host: '127.0.0.1', allowHalfOpen: true })
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.end('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
  await arrived.promise
  gate.resolve()
  await once(socket, 'end')
  assert.match(Buffer.concat(chunks).toString(), /late$/)
})

test('closing under load: every call is answered or refused, and none is left', async (t) => {
  const running = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  let calls = 0
  const port = await listenForTest(t, {
    unary: {
      GetUser: async () => {
        if (++calls === 200) running.resolve()
        await gate.promise
        return create(SingleUserResponseSchema, { user: { id: 'done' } })
      },
    },
  })
  const clients = Array.from({ length: 4 }, () => grpcClient(t, port.target))
  const call = (at: number) =>
    callUnary(clients[at % 4]!, 'GetUser', getMe).then(
      ({ user }) => user?.id,
      (error: ServiceError) => error.code,
    )
  const first = Array.from({ length: 200 }, (_, at) => call(at))
  await running.promise
  const closed = port.close()
  const late = Array.from({ length: 50 }, (_, at) => call(at))
  gate.resolve()
  assert.deepEqual(new Set(await Promise.all(first)), new Set(['done']))
  for (const outcome of await Promise.all(late))
    assert.ok(outcome === 'done' || outcome === status.UNAVAILABLE, `${outcome}`)
  await closed
})
