import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { test } from 'node:test'
import {
  brotliCompressSync,
  brotliDecompressSync,
  deflateRawSync,
  deflateSync,
  gunzipSync,
  gzipSync,
  inflateSync,
} from 'node:zlib'
import { type DeleteInputsRequest, StatusCode } from '../../contract/index.ts'
import { BodyBudget } from './body.ts'
import { chooseCoding } from './encoding.ts'
import { openDoor } from './test-door.ts'

const KIB = 1024
const MIB = 1024 * KIB
const BODY = JSON.stringify({ ids: ['a', '犬'] })

test('compressed request bodies', async () => {
  await using door = await openDoor()
  const ways: [string, Buffer][] = [
    ['gzip', gzipSync(BODY)],
    ['GZIP', gzipSync(BODY)],
    ['deflate', deflateSync(BODY)],
    ['deflate', deflateRawSync(BODY)],
    ['br', brotliCompressSync(BODY)],
    ['identity', Buffer.from(BODY)],
  ]
  for (const [coding, body] of ways) {
    const answer = await door.send('DELETE', '/v2/inputs', body, { 'content-encoding': coding })
    assert.equal(answer.status, 200, coding)
    assert.deepEqual((door.dispatcher.seen.at(-1)!.request as DeleteInputsRequest).ids, ['a', '犬'])
  }
})

test('bodies that are not what their Content-Encoding says', async () => {
  await using door = await openDoor()
  for (const [coding, body] of [
    ['gzip', Buffer.from(BODY)],
    ['br', gzipSync(BODY)],
    ['deflate', Buffer.from(BODY)],
    ['gzip', gzipSync(BODY).subarray(0, 20)],
    ['lzw', Buffer.from(BODY)],
    ['constructor', Buffer.from(BODY)],
  ] as const) {
    const answer = await door.send('DELETE', '/v2/inputs', body, { 'content-encoding': coding })
    assert.deepEqual([answer.status, answer.json.status.code], [400, StatusCode.CONN_BAD_REQUEST_FORMAT], coding)
  }
  assert.equal(door.dispatcher.seen.length, 0)
})

test('bodies are held against their Content-Digest, as they came over the line', async () => {
  await using door = await openDoor()
  const digest = (algorithm: string, bytes: string | Buffer): string => `:${hash(algorithm, bytes, 'base64')}:`
  const packed = gzipSync(BODY)
  for (const [body, headers, status] of [
    [BODY, { 'content-digest': `sha-256=${digest('sha256', BODY)}` }, 200],
    [BODY, { 'content-digest': `md5=:AAAA:, sha-512=${digest('sha512', BODY)}` }, 200],
    [packed, { 'content-encoding': 'gzip', 'content-digest': `sha-256=${digest('sha256', packed)}` }, 200],
    [BODY, { 'content-digest': `sha-256=${digest('sha256', 'another')}` }, 400],
    [BODY, { 'content-digest': `sha-256=${digest('sha256', BODY)}, sha-512=:AAAA:` }, 400],
    [BODY, { 'content-digest': 'constructor=:AAAA:' }, 200],
  ] as const) {
    const answer = await door.send('DELETE', '/v2/inputs', body, headers)
    assert.equal(answer.status, status, JSON.stringify(headers))
    if (status === 400) assert.match(answer.json.status.details, /changed on its way/)
  }
})

test('a small body that unpacks to a huge one is refused', async () => {
  await using door = await openDoor({ limits: { bodyBytes: MIB } })
  for (const [coding, pack] of [
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
    ['deflate', deflateSync],
  ] as const) {
    const bomb = pack(Buffer.alloc(20 * MIB, 32))
    assert.ok(bomb.length < MIB)
    const answer = await door.send('POST', '/v2/inputs', bomb, { 'content-encoding': coding })
    assert.deepEqual([answer.status, answer.json.status.code], [413, StatusCode.RPC_MAX_MESSAGE_SIZE_EXCEEDED])
  }
})

test('a body over the limit is refused, announced or not, and the sender sees the answer', {
  timeout: 30_000,
}, async () => {
  await using door = await openDoor({ limits: { bodyBytes: 64 * KIB } })
  const body = Buffer.alloc(8 * MIB, 32)
  const announced = await door.send('POST', '/v2/inputs', body)
  assert.deepEqual([announced.status, announced.json.status.code], [413, StatusCode.RPC_MAX_MESSAGE_SIZE_EXCEEDED])
  assert.match(announced.json.status.details, /at most 65536 bytes/)
  const req = httpRequest({ host: '127.0.0.1', port: door.port, method: 'POST', path: '/v2/inputs' })
  for (let i = 0; i < 8; i++) req.write(body.subarray(0, MIB))
  req.end()
  const [res] = await once(req, 'response')
  assert.equal(res.statusCode, 413)
  // The rest of the body is taken too, so the request ends without an error.
  const closed = once(req, 'close')
  res.resume()
  await closed
  const exact = await door.send('POST', '/v2/inputs', `{"inputs":[]}${' '.repeat(64 * KIB - 13)}`)
  assert.equal(exact.status, 200)
})

test('a sender that never stops is cut off', { timeout: 30_000 }, async () => {
  await using door = await openDoor({ limits: { bodyBytes: KIB, discardBytes: MIB } })
  const req = httpRequest({ host: '127.0.0.1', port: door.port, method: 'POST', path: '/v2/inputs' })
  // Not `once`, which takes the reset that is wanted here for a failure.
  const closed = new Promise((resolve) => req.on('close', resolve))
  req.on('error', () => {})
  req.on('response', (res) => res.resume().on('error', () => {}))
  const piece = Buffer.alloc(256 * KIB, 32)
  const feed = (): void => {
    while (!req.destroyed && req.write(piece));
  }
  req.on('drain', feed)
  feed()
  await closed
  assert.equal(door.dispatcher.seen.length, 0)
})

test('all bodies together have a budget, which every call gives back', async () => {
  await using door = await openDoor({ limits: { bufferedBytes: 100 * KIB } })
  const body = `{"inputs":[]}${' '.repeat(60 * KIB)}`
  const release = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  door.dispatcher.answer = async () => {
    arrived.resolve()
    await release.promise
    return {}
  }
  const first = door.send('POST', '/v2/inputs', body)
  await arrived.promise
  const second = await door.send('POST', '/v2/inputs', body)
  assert.deepEqual([second.status, second.json.status.code], [503, StatusCode.RPC_REQUEST_QUEUE_FULL])
  release.resolve()
  assert.equal((await first).status, 200)
  for (let i = 0; i < 5; i++) assert.equal((await door.send('POST', '/v2/inputs', body)).status, 200)
})

test('a budget takes nothing when it refuses', () => {
  const budget = new BodyBudget(10)
  budget.take(6)
  assert.throws(() => budget.take(5))
  assert.equal(budget.used, 6)
  budget.take(4)
  budget.give(10)
  assert.equal(budget.used, 0)
})

test('large answers are compressed as the client likes, small ones never', async () => {
  await using door = await openDoor()
  const models = Array.from({ length: 200 }, (_, i) => ({ id: `model-${i}` }))
  door.dispatcher.answer = () => ({ models })
  const plain = await door.send('GET', '/v2/models')
  assert.equal(plain.headers['content-encoding'], undefined)
  assert.equal(plain.headers.vary, 'accept-encoding')
  for (const [accept, coding, unpack] of [
    ['gzip, deflate, br', 'br', brotliDecompressSync],
    ['gzip', 'gzip', gunzipSync],
    ['deflate, gzip;q=0.5', 'deflate', inflateSync],
  ] as const) {
    const answer = await door.send('GET', '/v2/models', undefined, { 'accept-encoding': accept })
    assert.equal(answer.headers['content-encoding'], coding)
    assert.ok(answer.bytes.length < plain.bytes.length / 4)
    assert.deepEqual(unpack(answer.bytes), plain.bytes)
    assert.equal(answer.headers['content-length'], String(answer.bytes.length))
  }
  door.dispatcher.answer = () => ({})
  const small = await door.send('GET', '/v2/models', undefined, { 'accept-encoding': 'br' })
  assert.equal(small.headers['content-encoding'], undefined)
})

test('Accept-Encoding with weights, wildcards and nonsense', () => {
  assert.equal(chooseCoding(undefined), undefined)
  assert.equal(chooseCoding(''), undefined)
  assert.equal(chooseCoding('identity'), undefined)
  assert.equal(chooseCoding('*'), 'br')
  assert.equal(chooseCoding('*;q=0.1, gzip'), 'gzip')
  assert.equal(chooseCoding('br;q=0, gzip;q=0.2'), 'gzip')
  assert.equal(chooseCoding('br;q=0.4,gzip;q=0.5'), 'gzip')
  assert.equal(chooseCoding('BR ; Q=1'), 'br')
  assert.equal(chooseCoding('br;q=x;;=,,'), undefined)
  assert.equal(chooseCoding('zstd, snappy'), undefined)
})

test('what a body unpacks to counts while it grows, against the limit over all calls', async () => {
  await using door = await openDoor({ limits: { bodyBytes: 64 * MIB, bufferedBytes: MIB } })
  const bomb = gzipSync(Buffer.alloc(20 * MIB, 32))
  const answer = await door.send('POST', '/v2/inputs', bomb, { 'content-encoding': 'gzip' })
  assert.equal(answer.json.status.code, StatusCode.RPC_REQUEST_QUEUE_FULL)
  const after = await door.send('DELETE', '/v2/inputs', gzipSync(BODY), { 'content-encoding': 'gzip' })
  assert.equal(after.status, 200, 'what was counted is given back')
})
