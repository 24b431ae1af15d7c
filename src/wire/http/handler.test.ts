import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect, createServer as createHttp2 } from 'node:http2'
import { type AddressInfo, connect as connectTcp } from 'node:net'
import { test } from 'node:test'
import { AppError } from '../../base/errors.ts'
import { silentLog } from '../../base/log.ts'
import { type DeleteInputsRequest, type PostModelOutputsRequest, StatusCode } from '../../contract/index.ts'
import type { ExtraHandler } from './extra-routes.ts'
import { createHttpHandler } from './handler.ts'
import { openDoor, RecordingDispatcher } from './test-door.ts'

const OUTPUTS = '/v2/users/clarifai/apps/main/models/general/outputs'

test('a prediction goes in as JSON and its answer comes out', async () => {
  await using door = await openDoor()
  door.dispatcher.answer = () => ({ outputs: [{ id: 'o', data: { concepts: [{ id: 'dog', value: 0.97 }] } }] })
  const answer = await door.send('POST', OUTPUTS, '{"inputs":[{"data":{"image":{"base64":"YWJj"}}}]}', {
    authorization: 'Key abc',
  })
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['content-type'], 'application/json')
  assert.equal(answer.headers['content-length'], String(answer.bytes.length))
  assert.deepEqual(answer.json, {
    status: { code: 10000 },
    outputs: [{ id: 'o', data: { concepts: [{ id: 'dog', value: 0.97 }] } }],
  })
  const { call, request } = door.dispatcher.seen[0]!
  const { modelId, userAppId, inputs } = request as PostModelOutputsRequest
  assert.deepEqual([modelId, userAppId?.userId, userAppId?.appId], ['general', 'clarifai', 'main'])
  assert.equal(Buffer.from(inputs[0]!.data!.image!.base64).toString(), 'abc')
  assert.equal(call.header('authorization'), 'Key abc')
  assert.equal(call.header('x-absent'), undefined)
  assert.equal(call.transport, 'http')
  assert.equal(call.remoteAddress, '127.0.0.1')
})

test('connections are kept and used again', async () => {
  await using door = await openDoor()
  const socket = connectTcp(door.port, '127.0.0.1')
  const one = 'GET /v2/models HTTP/1.1\r\nhost: x\r\n\r\n'
  socket.write(one + one)
  let text = ''
  for await (const chunk of socket) {
    text += chunk
    if (text.split('"models":[]').length === 3) break
  }
  assert.equal(text.match(/HTTP\/1\.1 200 OK/g)?.length, 2)
  assert.equal(door.dispatcher.seen.length, 2)
})

test('status codes of the contract decide the HTTP status', async () => {
  await using door = await openDoor()
  const cases: [StatusCode, number][] = [
    [StatusCode.SUCCESS, 200],
    [StatusCode.MIXED_STATUS, 207],
    [StatusCode.FAILURE, 400],
    [StatusCode.CONN_KEY_INVALID, 401],
    [StatusCode.MODEL_DOES_NOT_EXIST, 404],
    [StatusCode.CONN_THROTTLED, 429],
    [StatusCode.NOT_IMPLEMENTED, 501],
    [StatusCode.RPC_CANCELED, 499],
  ]
  for (const [code, status] of cases) {
    door.dispatcher.answer = () => ({ status: { code } })
    const answer = await door.send('GET', '/v2/models')
    assert.equal(answer.status, status)
    assert.deepEqual(answer.json, { status: { code }, models: [] })
  }
})

test('a moved resource answers with its new place', async () => {
  await using door = await openDoor()
  const url = '/v2/users/ü/apps/b'
  door.dispatcher.answer = () => ({ status: { code: StatusCode.MOVED, redirectInfo: { url } } })
  const answer = await door.send('GET', '/v2/users/a/apps/b')
  assert.equal(answer.status, 307)
  assert.equal(answer.headers.location, '/v2/users/%C3%BC/apps/b')
})

test('a request below a moved resource is sent on whole, with the new id in place of the old one', async () => {
  await using door = await openDoor()
  const redirectInfo = { url: '/v2/users/a/apps/new', resourceType: 'app', oldResourceId: 'a', newResourceId: 'new' }
  door.dispatcher.answer = () => ({ status: { code: StatusCode.MOVED, redirectInfo } })
  const answer = await door.send('GET', '/v2/users/a/apps/a/models?page=2')
  assert.equal(answer.headers.location, '/v2/users/a/apps/new/models?page=2')
})

test('unknown path, wrong verb, broken JSON, wrong type', async () => {
  await using door = await openDoor()
  const unknown = await door.send('GET', '/v2/nothing')
  assert.deepEqual([unknown.status, unknown.json.status.code], [404, StatusCode.CONN_DOES_NOT_EXIST])
  const verb = await door.send('PUT', '/v2/models', '{}')
  assert.deepEqual([verb.status, verb.json.status.code], [405, StatusCode.CONN_METHOD_NOT_ALLOWED])
  assert.equal(verb.json.status.details, 'Method Not Allowed')
  assert.equal(verb.headers.allow?.split(', ').sort().join(), 'DELETE,GET,HEAD,OPTIONS,PATCH,POST')
  for (const body of ['{"inputs":[', '"text"', '{"inputs":3}', '\u0000', '{"inputs":[]}}']) {
    const broken = await door.send('POST', OUTPUTS, body)
    assert.deepEqual([broken.status, broken.json.status.code], [400, StatusCode.CONN_BAD_REQUEST_FORMAT], body)
    assert.deepEqual(broken.json.outputs, [], 'the list of the RPC comes with its errors')
  }
  const notUtf8 = await door.send('POST', OUTPUTS, Buffer.from([0x22, 0xff, 0x22]))
  assert.match(notUtf8.json.status.details, /UTF-8/)
  assert.equal(door.dispatcher.seen.length, 0)
})

test('bodies of DELETE count; form bodies of old clients are empty or JSON', async () => {
  await using door = await openDoor()
  await door.send('DELETE', '/v2/inputs', '{"ids":["a","b"]}')
  assert.deepEqual((door.dispatcher.seen[0]!.request as DeleteInputsRequest).ids, ['a', 'b'])
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const empty = await door.send('POST', '/v2/models/m/versions', '', form)
  assert.equal(empty.status, 200)
  await door.send('DELETE', '/v2/inputs', '{"ids":["c"]}', form)
  assert.deepEqual((door.dispatcher.seen[2]!.request as DeleteInputsRequest).ids, ['c'])
  await door.send('DELETE', '/v2/inputs', '\ufeff{"ids":["é"]}', { 'transfer-encoding': 'chunked' })
  assert.deepEqual((door.dispatcher.seen[3]!.request as DeleteInputsRequest).ids, ['é'])
})

test('HEAD answers like GET without a body, OPTIONS names the verbs', async () => {
  await using door = await openDoor()
  const head = await door.send('HEAD', '/v2/models')
  const get = await door.send('GET', '/v2/models')
  assert.deepEqual([head.status, head.text], [200, ''])
  assert.equal(head.headers['content-length'], String(get.bytes.length))
  const options = await door.send('OPTIONS', '/v2/models/m')
  assert.equal(options.status, 204)
  assert.match(options.headers.allow!, /GET/)
})

test('browsers of other origins may call', async () => {
  await using door = await openDoor()
  const preflight = await door.send('OPTIONS', OUTPUTS, undefined, {
    origin: 'https://app.example',
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization, content-type',
  })
  assert.equal(preflight.status, 204)
  assert.equal(preflight.headers['access-control-allow-origin'], '*')
  assert.equal(preflight.headers['access-control-allow-headers'], 'authorization, content-type')
  const answer = await door.send('GET', '/v2/nothing', undefined, { origin: 'https://app.example' })
  assert.equal(answer.headers['access-control-allow-origin'], '*')
  const plain = await door.send('GET', '/v2/models')
  assert.equal(plain.headers['access-control-allow-origin'], undefined)
})

test('the casing of an answer: asked for, else as the request, else by client, else the default', async () => {
  await using door = await openDoor()
  door.dispatcher.answer = () => ({ status: { code: StatusCode.SUCCESS, reqId: 'r' } })
  const names = async (query: string, body: string | undefined, headers: Record<string, string>) => {
    const { json } = await door.send('POST', `/v2/models/searches${query}`, body, headers)
    return 'req_id' in json.status ? 'snake' : 'camel'
  }
  const rest = { 'x-clarifai-client': 'js:2.9.1' }
  assert.equal(await names('', '{}', {}), 'camel')
  assert.equal(await names('', '{}', rest), 'snake')
  assert.equal(await names('', undefined, { 'x-clarifai-grpc-client': 'python:12.5.1' }), 'snake')
  assert.equal(await names('', '{"model_query":{}}', {}), 'snake')
  assert.equal(await names('', '{"modelQuery":{}}', rest), 'camel')
  assert.equal(await names('?user_app_id.user_id=me', '{}', {}), 'snake')
  assert.equal(await names('', '{"model_query":{}}', { 'x-json-names': 'camel' }), 'camel')
  assert.equal(await names('?json_names=snake', '{"modelQuery":{}}', { 'x-json-names': 'camel' }), 'snake')
  assert.equal(await names('?json_names=kebab', '{"modelQuery":{}}', {}), 'camel')
})

test('routes that are no RPC come first; what they throw is told as an internal error', async () => {
  const extraRoutes = new Map<string, ExtraHandler>([
    ['/healthz', (_req, res) => void res.end('ok')],
    ['/broken', () => Promise.reject(new Error('secret'))],
  ])
  await using door = await openDoor({ extraRoutes })
  const health = await door.send('GET', '/healthz?x=1')
  assert.deepEqual([health.status, health.text], [200, 'ok'])
  const broken = await door.send('GET', '/broken')
  assert.equal(broken.status, 500)
  assert.equal(broken.text.includes('secret'), false)
})

test('server streams are lines of JSON, streams of requests are not for HTTP', async () => {
  await using door = await openDoor()
  door.dispatcher.streamed = async function* () {
    yield { logEntries: [{ message: 'one' }] }
    yield { logEntries: [{ message: 'two' }] }
  }
  const path = '/v2/users/u/apps/a/pipelines/p/versions/v/runs/r/builder/stream/logs'
  const stream = await door.send('GET', path)
  assert.equal(stream.headers['content-type'], 'application/x-ndjson')
  const lines = stream.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    lines.map((line) => line.logEntries[0].message),
    ['one', 'two'],
  )
  door.dispatcher.streamed = async function* () {
    yield { status: { code: StatusCode.CONN_KEY_INVALID } }
  }
  assert.equal((await door.send('GET', path)).status, 401)
  const upload = await door.send('POST', '/v2/models/versions/upload', '{}')
  assert.equal(upload.status, 501)
  assert.match(upload.json.status.details, /PostModelVersionsUpload .* gRPC/)
})

test('a client that goes away aborts its call', { timeout: 20_000 }, async () => {
  await using door = await openDoor()
  const started = Promise.withResolvers<void>()
  const aborted = Promise.withResolvers<unknown>()
  door.dispatcher.answer = (call) => {
    call.signal.addEventListener('abort', () => aborted.resolve(call.signal.reason))
    started.resolve()
    return aborted.promise.then(() => ({}))
  }
  const req = httpRequest({ port: door.port, host: '127.0.0.1', path: '/v2/models' })
  req.on('error', () => {})
  req.end()
  await started.promise
  req.destroy()
  assert.match(String(await aborted.promise), /went away/)
})

test('a call that ends well is never aborted', async () => {
  await using door = await openDoor()
  await door.send('GET', '/v2/models')
  const { signal } = door.dispatcher.seen[0]!.call
  await door.send('GET', '/v2/models')
  assert.equal(signal.aborted, false)
})

test('a client that goes away in the middle of its body makes no call', { timeout: 20_000 }, async () => {
  await using door = await openDoor()
  const socket = connectTcp(door.port, '127.0.0.1')
  socket.write('POST /v2/inputs HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"inputs":')
  await once(socket, 'connect')
  socket.destroy()
  await once(socket, 'close')
  assert.equal((await door.send('GET', '/v2/models')).status, 200)
  assert.equal(door.dispatcher.seen.length, 1)
})

test('the same handler serves HTTP/2', { timeout: 20_000 }, async () => {
  const dispatcher = new RecordingDispatcher()
  const handler = createHttpHandler({ dispatcher, jsonNamesDefault: 'snake', log: silentLog })
  const server = createHttp2((req, res) => handler(req as never, res as never)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const ask = async (headers: Record<string, string>, body?: string) => {
    const stream = client.request(headers, { endStream: body === undefined })
    if (body !== undefined) stream.end(body)
    const [head] = await once(stream, 'response')
    let text = ''
    for await (const chunk of stream) text += chunk
    return { status: head[':status'], json: JSON.parse(text) }
  }
  assert.deepEqual(await ask({ ':path': '/v2/models' }), {
    status: 200,
    json: { status: { code: 10000 }, models: [] },
  })
  const posted = await ask({ ':path': '/v2/inputs', ':method': 'DELETE' }, '{"ids":["a"]}')
  assert.equal(posted.status, 200)
  assert.deepEqual((dispatcher.seen[1]!.request as DeleteInputsRequest).ids, ['a'])
  assert.equal(dispatcher.seen[1]!.call.signal.aborted, false)
  assert.equal((await ask({ ':path': '/v2/nothing' })).status, 404)
  client.close()
  server.close()
  await once(server, 'close')
})

test('the body of a call that is refused for its credential is neither unpacked nor parsed', async () => {
  await using door = await openDoor()
  const { dispatcher } = door
  dispatcher.refusal = async (call) =>
    dispatcher.failure(call.header, new AppError(StatusCode.CONN_KEY_NOT_FOUND, 'invalid key'), call.method)
  const answer = await door.send('POST', OUTPUTS, 'neither gzip nor JSON', { 'content-encoding': 'gzip' })
  assert.equal(answer.status, 401)
  assert.equal(answer.json.status.code, StatusCode.CONN_KEY_NOT_FOUND)
  assert.equal(dispatcher.seen.length, 0)
})
