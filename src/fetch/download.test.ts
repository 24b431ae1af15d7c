import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import { ANY, fails, fetcherFor, serve } from './test-server.ts'

const OPTIONS = { maxBytes: 1_000_000, totalMs: 60_000 }
const lengths = async (pieces: AsyncIterable<Buffer>): Promise<number> => {
  let total = 0
  for await (const piece of pieces) total += piece.length
  return total
}

test('a file arrives in pieces, behind redirects and with its encoding undone', async (t) => {
  const { url } = await serve(t, (request, response) => {
    if (request.url === '/start') response.writeHead(302, { location: '/packed' }).end()
    else response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(500_000)))
  })
  assert.equal(await fetcherFor(t).download(`${url}/start`, OPTIONS, lengths), 500_000)
})

test('size, status and reach are watched, before and after unpacking', async (t) => {
  const { url, port } = await serve(t, (request, response) => {
    if (request.url === '/none') response.writeHead(404).end()
    else if (request.url === '/announced') response.writeHead(200, { 'content-length': 2_000_000 }).write('x')
    else if (request.url === '/long') response.end(Buffer.alloc(1_000_001))
    else if (request.url === '/broken')
      response.writeHead(200, { 'content-length': 10 }).write('x', () => response.destroy())
    else response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(1_000_001)))
  })
  const fetcher = fetcherFor(t)
  for (const path of ['announced', 'long', 'packed']) {
    await assert.rejects(fetcher.download(`${url}/${path}`, OPTIONS, lengths), fails(StatusCode.INPUT_OVER_LIMIT))
  }
  await assert.rejects(fetcher.download(`${url}/none`, OPTIONS, lengths), fails(StatusCode.INPUT_FAILED, /^404/))
  await assert.rejects(fetcher.download(`${url}/broken`, OPTIONS, lengths), fails(StatusCode.INPUT_FAILED))
  const guarded = fetcherFor(t, { allow: [] })
  await assert.rejects(
    guarded.download(`http://127.0.0.1:${port}/`, OPTIONS, lengths),
    fails(StatusCode.INPUT_INVALID_URL),
  )
})

test('what the taker throws and why the caller stops come through', async (t) => {
  const { url } = await serve(t, (_, response) => response.end('x'))
  const fetcher = fetcherFor(t)
  const full = new AppError(StatusCode.INTERNAL_RESOURCE_EXHAUSTED, 'full')
  await assert.rejects(
    fetcher.download(url, OPTIONS, () => Promise.reject(full)),
    full,
  )
  const reason = new Error('enough')
  await assert.rejects(fetcher.download(url, { ...OPTIONS, signal: AbortSignal.abort(reason) }, lengths), reason)
})

test('a server that closes the connection behind a file that nobody reads yet does not end the process', async (t) => {
  // As much as the HTTP client takes in before it waits for a reader, so that the end of the connection meets it waiting.
  const file = Buffer.alloc(65_536)
  const { url } = await serve(t, (request, response) => {
    const length = request.url === '/sized' && { 'content-length': file.length }
    response.writeHead(200, { connection: 'close', ...length }).flushHeaders()
    response.end(file)
  })
  const fetcher = fetcherFor(t)
  for (const path of ['/sized', '/unsized']) {
    const total = await fetcher.download(url + path, OPTIONS, async (pieces) => {
      // Each of these comes over a connection of its own; by then the first one is closed.
      for (let other = 0; other < 5; other++) await fetcher.fetchBytes(url, ANY)
      return lengths(pieces)
    })
    assert.equal(total, file.length, path)
  }
})
