import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, constants } from 'node:http2'
import { connect as connectTcp, type Socket } from 'node:net'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { silentLog } from '../../base/log.ts'
import { SingleUserResponseSchema } from '../../contract/index.ts'
import {
  callUnary,
  echo,
  exchange,
  frame,
  getMe,
  grpcClient,
  http2Get,
  httpGet,
  listenForTest,
  selfSigned,
} from './test-support.ts'

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

test('an HTTP/2 request whose body stops coming is reset', async (t) => {
  const port = await listenForTest(t, echo, { limits: { bodyIdleMs: 50 } })
  const session = connect(port.url)
  const stream = session.request({ ':method': 'POST', ':path': '/upload' })
  stream.write('a part')
  await once(stream, 'close')
  assert.equal(stream.rstCode, constants.NGHTTP2_CANCEL)
  assert.equal(await http2Get(session), 'http 2.0 GET /hello')
  session.close()
})

test('a request handler that throws costs its own request only', async (t) => {
  const errors: object[] = []
  const log = { ...silentLog, error: (fields: object) => void errors.push(fields) }
  const port = await listenForTest(t, echo, {
    log,
    onHttp: (req, res) => {
      if (req.url === '/bad') throw new Error('broken handler')
      res.end('fine')
    },
  })
  const session = connect(port.url)
  const bad = session.request({ ':path': '/bad' })
  bad.on('error', () => {})
  bad.end()
  await new Promise((resolve) => bad.once('close', resolve))
  session.close()
  assert.equal(await exchange(port.port, 'GET /bad HTTP/1.1\r\nhost: a\r\n\r\n'), '')
  assert.equal(await httpGet(port.port), 'fine')
  assert.equal(errors.length, 2)
})
