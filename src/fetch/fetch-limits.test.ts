import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { test } from 'node:test'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import type { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import { ANY, fails, fetcherFor, PIXEL, serve } from './test-server.ts'

test('size limits hold for announced, streamed and compressed bodies', async (t) => {
  let sent = 0
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/announced') {
      response.writeHead(200, { 'content-length': 5_000_000 }).write('x')
    } else if (request.url === '/endless') {
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536))) sent += 65_536
        if (!response.destroyed) response.once('drain', more)
      }
      more()
    } else {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(200_000_000)))
    }
  })
  const fetcher = fetcherFor(t)
  const before = process.memoryUsage().rss
  for (const path of ['announced', 'endless', 'bomb']) {
    await assert.rejects(
      fetcher.fetchBytes(`${url}/${path}`, { maxBytes: 1_000_000, accept: 'any' }),
      fails(StatusCode.INPUT_OVER_LIMIT, /1000000 bytes/),
    )
  }
  assert.ok(sent < 50_000_000)
  assert.ok(process.memoryUsage().rss - before < 400_000_000)
})

test('compressed bodies are unpacked; damaged, doubled and unknown encodings fail', async (t) => {
  const text = Buffer.from('plain words '.repeat(500))
  const bodies: Record<string, [string, Buffer]> = {
    '/gzip': ['gzip', gzipSync(text)],
    '/deflate': ['deflate', deflateSync(text)],
    '/br': ['br', brotliCompressSync(text)],
    '/identity': ['identity', text],
    '/cut': ['gzip', gzipSync(text).subarray(0, 40)],
    '/junk': ['gzip', text],
    '/double': ['gzip, br', text],
    '/unknown': ['exotic', text],
  }
  const { url } = await serve(t, (request, response) => {
    const [encoding, body] = bodies[request.url!]!
    response.writeHead(200, { 'content-encoding': encoding }).end(body)
  })
  const fetcher = fetcherFor(t)
  for (const path of ['gzip', 'deflate', 'br', 'identity']) {
    assert.deepEqual((await fetcher.fetchBytes(`${url}/${path}`, { maxBytes: 6_000, accept: 'text' })).bytes, text)
  }
  for (const path of ['cut', 'junk', 'double', 'unknown']) {
    await assert.rejects(fetcher.fetchBytes(`${url}/${path}`, ANY), fails(StatusCode.INPUT_FAILED))
  }
})

test('a server that never answers or never ends runs into the total time', async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/drip') response.write('x')
  })
  const fetcher = fetcherFor(t, { limits: { totalMs: 60 } })
  for (const path of ['silent', 'drip']) {
    await assert.rejects(
      fetcher.fetchBytes(`${url}/${path}`, ANY),
      fails(StatusCode.INPUT_FAILED, /longer than 0.06 seconds/),
    )
  }
  const stuck = fetcherFor(t, { limits: { connectMs: 60 }, lookup: () => new Promise(() => {}) })
  await assert.rejects(stuck.fetchBytes('http://slow.example/', ANY), fails(StatusCode.INPUT_CONNECTION_FAILED))
})

test('the caller can give up, and gets its own reason back', async (t) => {
  const controller = new AbortController()
  const { url } = await serve(t, () => controller.abort(new Error('client left')))
  const fetcher = fetcherFor(t)
  const { signal } = controller
  await assert.rejects(fetcher.fetchBytes(`${url}/`, { ...ANY, signal }), /client left/)
  await assert.rejects(fetcher.fetchBytes(`${url}/`, { ...ANY, signal }), /client left/)
})

test('a connection cut in the middle and an answer that is no HTTP are failures', async (t) => {
  const { url } = await serve(t, (_, response) => {
    response.writeHead(200, { 'content-length': 100 })
    response.write('half', () => response.destroy())
  })
  const raw = createTcpServer((socket) => socket.on('error', () => {}).end('SSH-2.0-OpenSSH\r\n\r\n')).listen(
    0,
    '127.0.0.1',
  )
  await once(raw, 'listening')
  t.after(() => raw.close())
  const fetcher = fetcherFor(t)
  await assert.rejects(fetcher.fetchBytes(`${url}/`, ANY), fails(StatusCode.INPUT_FAILED, /broke off/))
  const { port } = raw.address() as AddressInfo
  await assert.rejects(fetcher.fetchBytes(`http://127.0.0.1:${port}/`, ANY), (error) => {
    fails(StatusCode.INPUT_FAILED)(error)
    return !(error as AppError).details.includes('SSH')
  })
})

test('the content itself must be what was asked for, whatever the server calls it', async (t) => {
  const bodies: Record<string, Buffer> = {
    '/page': Buffer.from('<!doctype html><p>not a picture'),
    '/gif': PIXEL,
    '/latin1': Buffer.from([0x63, 0x61, 0x66, 0xe9]),
    '/empty': Buffer.alloc(0),
  }
  const { url } = await serve(t, (request, response) => {
    response.writeHead(200, { 'content-type': 'image/png' }).end(bodies[request.url!])
  })
  const fetcher = fetcherFor(t)
  const wrong = [
    ['/page', 'image'],
    ['/page', 'video'],
    ['/gif', 'audio'],
    ['/latin1', 'text'],
  ] as const
  for (const [path, accept] of wrong) {
    await assert.rejects(
      fetcher.fetchBytes(url + path, { maxBytes: 1_000, accept }),
      fails(StatusCode.INPUT_UNSUPPORTED_FORMAT),
    )
  }
  await assert.rejects(fetcher.fetchBytes(`${url}/empty`, ANY), fails(StatusCode.INPUT_FAILED, /empty/))
  assert.equal((await fetcher.fetchBytes(`${url}/page`, { maxBytes: 1_000, accept: 'text' })).bytes.length, 31)
})
