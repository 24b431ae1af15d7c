import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect, createServer } from 'node:http2'
import { get as getTls } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { create } from '@bufbuild/protobuf'
import { ChannelCredentials } from '@grpc/grpc-js'
import { silentLog } from '../../base/log.ts'
import { SingleUserResponseSchema } from '../../contract/index.ts'
import { listen } from './listen.ts'
import {
  callUnary,
  echo,
  exchange,
  getMe,
  grpcClient,
  http2Get,
  httpGet,
  listenForTest,
  selfSigned,
} from './test-support.ts'

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
  const addresses: string[] = []
  const port = await listenForTest(
    t,
    {
      unary: {
        GetUser: (call) => {
          addresses.push(call.remoteAddress)
          return create(SingleUserResponseSchema, { user: { id: 'me' } })
        },
      },
    },
    { tls: { cert, key } },
  )
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
  assert.deepEqual(addresses, ['127.0.0.1', '127.0.0.1'])
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
