import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { StatusCode } from '../contract/status-code.ts'
import { fails, fetcherFor, serve } from '../fetch/test-server.ts'
import type { RemoteSettings } from '../workflow/remote.ts'
import { Link, type LinkLimits } from './link.ts'
import { Links } from './links.ts'

const SETTINGS: RemoteSettings = {
  runtime: 'openai',
  modelTypeId: 'text-to-text',
  versionId: 'v1',
  baseUrl: '',
  model: 'tiny',
  modelVersion: '',
  apiKey: 'sk-test',
  timeoutMs: 10_000,
  maxRetries: 0,
  maxConcurrency: 2,
  body: {},
  inputFields: {},
  outputFields: {},
}

type Answer = (req: IncomingMessage, res: ServerResponse) => void

/** A link to a server that answers as told and counts what it is asked. */
async function linkTo(
  t: TestContext,
  answer: Answer,
  settings: Partial<RemoteSettings> = {},
  limits: Partial<LinkLimits> = {},
) {
  const asked = { count: 0 }
  const { url } = await serve(t, (req, res) => {
    asked.count++
    answer(req, res)
  })
  return { asked, link: new Link({ ...SETTINGS, baseUrl: url, ...settings }, fetcherFor(t), limits) }
}

const never = new AbortController().signal
const ask = (link: Link, signal = never): Promise<unknown> => link.askJson('/x', { a: 1 }, signal, (answer) => answer)
const ok: Answer = (_, res) => res.end('{"ok":true}')
const bad: Answer = (_, res) => res.writeHead(500).end()

test('a server that keeps failing is left alone, then tried once, then trusted again', async (t) => {
  t.mock.timers.enable({ apis: ['Date'] })
  const way = { now: bad }
  const { asked, link } = await linkTo(
    t,
    (req, res) => way.now(req, res),
    {},
    { breakerFailures: 3, breakerOpenMs: 60_000 },
  )
  for (let i = 0; i < 3; i++) await assert.rejects(ask(link), fails(StatusCode.MODEL_PREDICTION_FAILED))
  await assert.rejects(ask(link), fails(StatusCode.MODEL_BUSY_PLEASE_RETRY, /left alone/))
  assert.equal(asked.count, 3)
  t.mock.timers.tick(60_001)
  await assert.rejects(ask(link), fails(StatusCode.MODEL_PREDICTION_FAILED))
  await assert.rejects(ask(link), fails(StatusCode.MODEL_BUSY_PLEASE_RETRY))
  assert.equal(asked.count, 4)
  t.mock.timers.tick(60_001)
  way.now = ok
  assert.deepEqual(await ask(link), { ok: true })
  assert.deepEqual(await ask(link), { ok: true })
})

test('requests that the server refuses do not count as its failures', async (t) => {
  const { asked, link } = await linkTo(t, (_, res) => res.writeHead(400).end(), {}, { breakerFailures: 1 })
  for (let i = 0; i < 3; i++) await assert.rejects(ask(link), fails(StatusCode.MODEL_INVALID_REQUEST))
  assert.equal(asked.count, 3)
})

test('no more calls at a time than allowed, a stream among them until it has been read', async (t) => {
  let [open, most] = [0, 0]
  const { link } = await linkTo(t, (req, res) => {
    most = Math.max(most, ++open)
    res.once('close', () => open--)
    if (req.url === '/stream') res.write('begun')
    else setImmediate(() => res.end('1'))
  })
  const stream = link.stream({ method: 'POST', path: '/stream', signal: never })
  assert.equal((await stream.next()).value!.toString(), 'begun')
  assert.deepEqual(await Promise.all(Array.from({ length: 10 }, () => ask(link))), new Array(10).fill(1))
  assert.equal(most, 2)
  await stream.return()
  const streams = [1, 2].map(() => link.stream({ method: 'POST', path: '/stream', signal: never }))
  // Were the first place still taken, the second of these would never begin.
  await Promise.all(streams.map((each) => each.next()))
  await Promise.all(streams.map((each) => each.return()))
})

test('a call that waits for its turn or for a further attempt ends when its caller leaves', async (t) => {
  const { asked, link } = await linkTo(t, bad, { maxConcurrency: 1, maxRetries: 5 }, { retryFirstMs: 1_000_000 })
  const [first, second] = [new AbortController(), new AbortController()]
  const [retrying, waiting] = [ask(link, first.signal), ask(link, second.signal)]
  const reasons = [new Error('one'), new Error('two')]
  second.abort(reasons[1])
  await assert.rejects(waiting, reasons[1])
  first.abort(reasons[0])
  await assert.rejects(retrying, reasons[0])
  assert.ok(asked.count <= 1)
})

test('the key goes along; a server that cannot be reached is told as such', async (t) => {
  const { link } = await linkTo(t, (req, res) => res.end(JSON.stringify(req.headers.authorization)))
  assert.equal(await ask(link), 'Bearer sk-test')
  const closed = new Link({ ...SETTINGS, baseUrl: 'http://127.0.0.1:1' }, fetcherFor(t))
  await assert.rejects(ask(closed), fails(StatusCode.MODEL_PREDICTION_FAILED, /cannot be reached/))
})

test('links stay as long as their settings do', async (t) => {
  const links = new Links(fetcherFor(t))
  const first = await links.get(SETTINGS)
  assert.equal(await links.get({ ...SETTINGS }), first)
  assert.notEqual(await links.get({ ...SETTINGS, timeoutMs: 5 }), first)
  assert.notEqual(await links.get({ ...SETTINGS, versionId: 'v2' }), first)
})
