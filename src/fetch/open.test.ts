import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { StatusCode } from '../contract/status-code.ts'
import { isTooSlow } from './errors.ts'
import type { OpenOptions } from './guarded-fetcher.ts'
import { fails, fetcherFor, serve } from './test-server.ts'

const POST: OpenOptions = { method: 'POST', body: 'ask', maxResponseBytes: 1_000, idleMs: 10_000 }

test('an answer is read piece by piece, while the server still writes', async (t) => {
  const asked = Promise.withResolvers<void>()
  const { url } = await serve(t, async (req, res) => {
    assert.equal(req.headers['accept-encoding'], 'identity')
    res.writeHead(201, { 'x-kind': 'slow' }).write('one')
    await asked.promise
    res.end('two')
  })
  const opened = await fetcherFor(t).open(url, POST)
  assert.deepEqual([opened.status, opened.headers['x-kind']], [201, 'slow'])
  const pieces: string[] = []
  for await (const piece of opened.body) {
    pieces.push(piece.toString())
    asked.resolve()
  }
  assert.deepEqual(pieces, ['one', 'two'])
})

test('more bytes than allowed end it, and so does a connection that breaks', async (t) => {
  const { url } = await serve(t, (req, res) => {
    res.write('x'.repeat(900))
    if (req.url === '/long') res.end('x'.repeat(200))
    else setImmediate(() => res.destroy())
  })
  const fetcher = fetcherFor(t)
  const long = await fetcher.open(`${url}/long`, POST)
  await assert.rejects(Array.fromAsync(long.body), fails(StatusCode.INPUT_OVER_LIMIT))
  const broken = await fetcher.open(url, POST)
  await assert.rejects(Array.fromAsync(broken.body), fails(StatusCode.INPUT_FAILED, /broke off/))
})

test('silence ends it, before the answer and within it, and is told apart from other failures', async (t) => {
  const { url } = await serve(t, (req, res) => {
    if (req.url === '/begun') res.write('x')
  })
  const fetcher = fetcherFor(t)
  const quick = { ...POST, idleMs: 20 }
  const late = (error: unknown) => fails(StatusCode.INPUT_FAILED, /took too long/)(error) && isTooSlow(error as never)
  await assert.rejects(fetcher.open(url, quick), late)
  const begun = await fetcher.open(`${url}/begun`, quick)
  await assert.rejects(Array.fromAsync(begun.body), late)
  await assert.rejects(fetcher.open(url, { ...POST, totalMs: 20 }), (error) => isTooSlow(error as never))
})

test('the signal of the caller, a loop left early and close all end the request', async (t) => {
  const closed: Promise<unknown>[] = []
  const { url } = await serve(t, (_, res) => {
    closed.push(once(res, 'close'))
    res.write('x')
  })
  const fetcher = fetcherFor(t)
  const caller = new AbortController()
  const first = await fetcher.open(url, { ...POST, signal: caller.signal })
  const reason = new Error('enough')
  caller.abort(reason)
  await assert.rejects(Array.fromAsync(first.body), reason)
  for await (const piece of (await fetcher.open(url, POST)).body) {
    assert.equal(piece.toString(), 'x')
    break
  }
  ;(await fetcher.open(url, POST)).close()
  await Promise.all(closed)
  assert.equal(closed.length, 3)
})

test('private hosts are refused, as everywhere', async (t) => {
  const { url } = await serve(t, (_, res) => res.end())
  await assert.rejects(fetcherFor(t, { allow: [] }).open(url, POST), fails(StatusCode.INPUT_INVALID_URL))
})
