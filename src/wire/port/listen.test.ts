import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type Agent, get, request } from 'node:http'
import { connect, constants, createServer } from 'node:http2'
import { get as getTls } from 'node:https'
import { connect as connectTcp, type Socket } from 'node:net'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { create } from '@bufbuild/protobuf'
import { ChannelCredentials } from '@grpc/grpc-js'
import { silentLog } from '../../base/log.ts'
import { GetUserRequestSchema, SingleUserResponseSchema } from '../../contract/index.ts'
import { listen } from './listen.ts'
import { callUnary, type FakeHandlers, grpcClient, listenForTest, selfSigned } from './test-support.ts'

const echo: FakeHandlers = {
  unary: {
    GetUser: (_call, request) => create(SingleUserResponseSchema, { user: { id: request.userAppId?.userId ?? '' } }),
  },
}

const getMe = create(GetUserRequestSchema, { userAppId: { userId: 'me' } })

function httpGet(port: number, agent?: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ port, path: '/hello', agent: agent ?? false }, async (res) => {
      resolve(Buffer.concat(await res.toArray()).toString())
    }).on('error', reject)
  })
}

async function http2Get(session: ReturnType<typeof connect>): Promise<string> {
  const stream = session.request({ ':path': '/hello' })
  stream.end()
  return Buffer.concat(await stream.toArray()).toString()
}

/** A connection that sends these bytes and collects what comes back until it is closed. */
async function exchange(port: number, bytes: Buffer | string, end = false): Promise<string> {
  const socket = connectTcp(port, '127.0.0.1')
  socket.on('error', () => {})
  if (end) socket.end(bytes)
  else if (bytes.length > 0) socket.write(bytes)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  await once(socket, 'close')
  return Buffer.concat(chunks).toString('latin1')
}

test('HTTP/1.1, HTTP/2 and gRPC on one port', async (t) => {
  const port = await listenForTest(t, echo)
  assert.equal(port.url, `http://127.0.0.1:${port.port}`)
  assert.equal(await httpGet(port.port), 'http 1.1 GET /hello')
  const session = connect(port.url)
  assert.equal(await http2Get(session), 'http 2.0 GET /hello')
  session.close()
  assert.equal((await callUnary(grpcClient(t, port.target), 'GetUser', getMe)).user?.id, 'me')
})

test('JSON and gRPC share one HTTP/2 connection', async (t) => {
  const port = await listenForTest(t, echo)
  const session = connect(port.url)
  const grpc = session.request({
    ':method': 'POST',
    ':path': '/clarifai.api.V2/GetUser',
    'content-type': 'application/grpc;charset=utf-8',
  })
  grpc.end(Buffer.from([0, 0, 0, 0, 0]))
  grpc.resume()
  const [[trailers], text] = await Promise.all([once(grpc, 'trailers'), http2Get(session)])
  assert.equal(trailers['grpc-status'], '0')
  assert.equal(text, 'http 2.0 GET /hello')
  session.close()
})

test('TLS and plaintext on one port, HTTP/1.1 and HTTP/2 on both', async (t) => {
  const { cert, key } = await selfSigned()
  const port = await listenForTest(t, echo, { tls: { cert, key } })
  assert.equal(port.url, `https://127.0.0.1:${port.port}`)
  const viaTls = await new Promise((resolve, reject) => {
    getTls({ port: port.port, path: '/tls', ca: cert, agent: false }, async (res) => {
      resolve(Buffer.concat(await res.toArray()).toString())
    }).on('error', reject)
  })
  assert.equal(viaTls, 'http 1.1 GET /tls')
  const session = connect(port.url, { ca: cert })
  assert.equal(await http2Get(session), 'http 2.0 GET /hello')
  session.close()
  const secure = grpcClient(t, port.target, {}, ChannelCredentials.createSsl(Buffer.from(cert)))
  assert.equal((await callUnary(secure, 'GetUser', getMe)).user?.id, 'me')
  assert.equal((await callUnary(grpcClient(t, port.target), 'GetUser', getMe)).user?.id, 'me')
  assert.equal(await httpGet(port.port), 'http 1.1 GET /hello')
})

test('the official dynamic client over TLS', async (t) => {
  const { cert, key } = await selfSigned()
  const port = await listenForTest(t, echo, { tls: { cert, key } })
  const { grpc } = await import('clarifai-nodejs-grpc')
  const { createRequire } = await import('node:module')
  const { V2Client } = createRequire(import.meta.url)('clarifai-nodejs-grpc/proto/clarifai/api/service_grpc_pb')
  const service = createRequire(import.meta.url)('clarifai-nodejs-grpc/proto/clarifai/api/service_pb')
  const client = new V2Client(`localhost:${port.port}`, grpc.credentials.createSsl(Buffer.from(cert)))
  t.after(() => client.close())
  await new Promise((resolve, reject) =>
    client.getUser(new service.GetUserRequest(), (error: Error | null, value: unknown) =>
      error ? reject(error) : resolve(value),
    ),
  )
})

test('bad certificates are refused at the start', async () => {
  const rpc = { onGrpc() {}, isGrpcWeb: () => false, onGrpcWeb() {}, drain() {}, abandon() {} }
  const options = { host: '127.0.0.1', port: 0, onHttp: () => {}, rpc, log: silentLog }
  await assert.rejects(listen({ ...options, tls: { cert: 'nonsense', key: 'nonsense' } }))
})

test('a TLS client on a port without certificate gets a handshake failure, not a hang', async (t) => {
  const port = await listenForTest(t, echo)
  const socket = connectTls({ port: port.port, host: '127.0.0.1', rejectUnauthorized: false })
  const [error] = await once(socket, 'error')
  assert.match(error.message, /handshake failure/i)
  assert.equal(await httpGet(port.port), 'http 1.1 GET /hello')
})

test('an HTTP/2 preface that comes byte by byte', async (t) => {
  const port = await listenForTest(t, echo)
  const socket = connectTcp(port.port, '127.0.0.1')
  await once(socket, 'connect')
  for (const byte of 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n') await new Promise((sent) => socket.write(byte, sent))
  socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]))
  const [answer] = (await once(socket, 'data')) as [Buffer]
  assert.equal(answer[3], 4, 'a SETTINGS frame comes back')
  socket.destroy()
})

test('methods that begin like the preface are HTTP/1.1', async (t) => {
  const port = await listenForTest(t, echo)
  for (const method of ['POST', 'PUT', 'PATCH', 'PROPFIND']) {
    const req = request({ port: port.port, method, path: '/x', agent: false })
    req.end()
    const [res] = await once(req, 'response')
    assert.equal(Buffer.concat(await res.toArray()).toString(), `http 1.1 ${method} /x`)
  }
})

test('garbage is answered or dropped and harms nobody', async (t) => {
  const { cert, key } = await selfSigned()
  const port = await listenForTest(t, echo, { tls: { cert, key } })
  const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
  const noise = (seed: number): Buffer =>
    Buffer.from(Array.from({ length: 400 }, (_, i) => (i * i * 31 + seed * 97 + i) & 255))
  const cases: (Buffer | string)[] = [
    '\0\0\0\0\0\0',
    'nonsense\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    'GET / HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n',
    'PRIVATE / nonsense\r\n\r\n',
    `${preface}GET / HTTP/1.1\r\n\r\n`,
    Buffer.concat([Buffer.from(preface), Buffer.alloc(500, 0xff)]),
    Buffer.concat([Buffer.from([0x16, 3, 1]), noise(7)]),
    Buffer.from([0x16, 3, 1, 0, 5, 1, 0, 0, 0, 0]),
    ...Array.from({ length: 20 }, (_, seed) => noise(seed + 1)),
  ]
  const running = callUnary(grpcClient(t, port.target), 'GetUser', getMe)
  for (const bytes of cases) await exchange(port.port, bytes, true)
  assert.match(await exchange(port.port, 'nonsense\r\n\r\n', true), /^HTTP\/1\.1 400 /)
  assert.equal((await running).user?.id, 'me')
  assert.equal(await httpGet(port.port), 'http 1.1 GET /hello')
})

test('connections that send nothing, or stop before a request is complete, are closed', async (t) => {
  const { cert, key } = await selfSigned()
  const port = await listenForTest(t, echo, { tls: { cert, key }, limits: { firstBytesMs: 50, headersMs: 50 } })
  await exchange(port.port, '')
  await exchange(port.port, 'PR')
  await exchange(port.port, Buffer.from([0x16, 3, 1]))
  const slow = await exchange(port.port, 'GET / HTTP/1.1\r\nx-slow: ')
  assert.match(slow, /^HTTP\/1\.1 408 /)
})

test('connections that end before their first bytes are closed', async (t) => {
  const port = await listenForTest(t, echo)
  await exchange(port.port, '', true)
  await exchange(port.port, 'PR', true)
})

test('HTTP/2 connections that answer no pings are closed', async (t) => {
  const port = await listenForTest(t, echo, { limits: { pingMs: 30 } })
  const silent = exchange(port.port, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0')
  const session = connect(port.url)
  await silent
  assert.equal(await http2Get(session), 'http 2.0 GET /hello')
  session.close()
})

test('requests to upgrade are answered as ordinary ones', async (t) => {
  const port = await listenForTest(t, echo)
  for (const upgrade of ['websocket', 'h2c']) {
    const req = request({
      port: port.port,
      path: '/up',
      agent: false,
      headers: { connection: 'Upgrade', upgrade, 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==' },
    })
    req.end()
    const [res] = await once(req, 'response')
    assert.equal(Buffer.concat(await res.toArray()).toString(), 'http 1.1 GET /up')
  }
})

test('CONNECT is refused in both HTTP versions', async (t) => {
  const port = await listenForTest(t, echo)
  const text = await exchange(port.port, 'CONNECT example.org:443 HTTP/1.1\r\nhost: example.org\r\n\r\n')
  assert.match(text, /^HTTP\/1\.1 405 /)
  const session = connect(port.url)
  const stream = session.request({ ':method': 'CONNECT', ':authority': 'example.org:443' })
  const [headers] = await once(stream, 'response')
  assert.equal(headers[':status'], 405)
  stream.resume().end()
  session.close()
})

test('headers over the limit are refused', async (t) => {
  const port = await listenForTest(t, echo)
  const huge = 'x'.repeat(100_000)
  assert.match(await exchange(port.port, `GET / HTTP/1.1\r\nhost: a\r\nx-huge: ${huge}\r\n\r\n`), /^HTTP\/1\.1 431 /)
  const session = connect(port.url, { settings: {}, maxSendHeaderBlockLength: 200_000 })
  session.on('error', () => {})
  const stream = session.request({ ':path': '/', 'x-huge': huge })
  stream.end()
  await assert.rejects(once(stream, 'response'))
  session.destroy()
  assert.equal(await httpGet(port.port), 'http 1.1 GET /hello')
})

test('more streams at once than allowed are refused', async (t) => {
  const gate = Promise.withResolvers<void>()
  const port = await listenForTest(
    t,
    {
      unary: {
        GetUser: async () => {
          await gate.promise
          return create(SingleUserResponseSchema)
        },
      },
    },
    { limits: { concurrentStreams: 3 } },
  )
  const session = connect(port.url)
  await once(session, 'remoteSettings')
  assert.equal(session.remoteSettings.maxConcurrentStreams, 3)
  session.close()
  const client = grpcClient(t, port.target)
  const calls = Array.from({ length: 10 }, () => callUnary(client, 'GetUser', getMe))
  gate.resolve()
  await Promise.all(calls)
})

/** An HTTP/2 frame. */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

test('a client that opens and resets streams without end loses its connection', async (t) => {
  const port = await listenForTest(t, echo)
  const socket = connectTcp(port.port, '127.0.0.1')
  socket.on('error', () => {})
  socket.resume()
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0, Buffer.alloc(0))]))
  // POST, /, http, authority "a", in HPACK.
  const headers = Buffer.from([0x83, 0x84, 0x86, 0x41, 1, 97])
  const cancel = Buffer.from([0, 0, 0, constants.NGHTTP2_CANCEL])
  for (let stream = 1; !socket.destroyed; ) {
    const batch: Buffer[] = []
    for (const end = stream + 100; stream < end; stream += 2) {
      batch.push(frame(1, 4, stream, headers), frame(3, 0, stream, cancel))
    }
    await new Promise((sent) => socket.write(Buffer.concat(batch), sent))
  }
  await closed
  assert.equal(await httpGet(port.port), 'http 1.1 GET /hello')
})

test('connections over the limit are closed, and there is room again later', async (t) => {
  const port = await listenForTest(t, echo, { limits: { connections: 2 } })
  const held: Socket[] = []
  for (let i = 0; i < 2; i++) {
    const socket = connectTcp(port.port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write('GET /held HTTP/1.1\r\nhost: a\r\n\r\n')
    await once(socket, 'data')
    held.push(socket)
  }
  assert.equal(await exchange(port.port, 'GET / HTTP/1.1\r\nhost: a\r\n\r\n'), '')
  for (const socket of held) {
    socket.destroy()
    await once(socket, 'close')
  }
  for (;;) {
    const text = await httpGet(port.port).catch(() => '')
    if (text === 'http 1.1 GET /hello') break
  }
})

test('IPv6', async (t) => {
  const probe = createServer()
  probe.listen(0, '::1')
  const available = await once(probe, 'listening').then(
    () => true,
    () => false,
  )
  probe.close()
  if (!available) return t.skip('this machine has no IPv6 loopback')
  const port = await listenForTest(t, echo, { host: '::1' })
  assert.equal(port.url, `http://[::1]:${port.port}`)
  assert.equal((await callUnary(grpcClient(t, `[::1]:${port.port}`), 'GetUser', getMe)).user?.id, 'me')
})

test('a port that is taken is an error', async (t) => {
  const port = await listenForTest(t, echo)
  await assert.rejects(listenForTest(t, echo, { port: port.port }), { code: 'EADDRINUSE' })
})
