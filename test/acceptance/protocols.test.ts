// One port for everything: plaintext and TLS, HTTP/1.1 and HTTP/2, the stub that only speaks TLS, streams, deadlines.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect as connectHttp2, type OutgoingHttpHeaders } from 'node:http2'
import { request as requestHttps } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import type { Metadata, ServiceError } from '@grpc/grpc-js'
import { makeCertificate } from './kit/certificate.ts'
import { tags } from './kit/compare.ts'
import { type Answer, send } from './kit/http.ts'
import { PHOTO, PHOTO_BASE64 } from './kit/photo.ts'
import { PAT, startLimpid } from './kit/server.ts'

const PREDICT = '/v2/users/clarifai/apps/main/models/general-image-recognition/outputs'
const DEADLINE_EXCEEDED = 4
const UNIMPLEMENTED = 12

const dir = await mkdtemp(join(tmpdir(), 'limpid-protocols-'))
const certificate = await makeCertificate(dir)
const limpid = await startLimpid({
  env: { LIMPID_TLS_CERT: certificate.certFile, LIMPID_TLS_KEY: certificate.keyFile },
})
// grpc-js reads this when it is loaded, so what needs grpc-js comes after it.
process.env.GRPC_DEFAULT_SSL_ROOTS_FILE_PATH = certificate.certFile
const grpcKit = await import('./kit/grpc.ts')
const { call, imageInput, keyMetadata, service, staticClient, userApp } = grpcKit
const { ClarifaiStub } = (await import('clarifai-nodejs-grpc')) as unknown as {
  ClarifaiStub: { grpc(base: string): DynamicClient }
}
const plain = staticClient(limpid)
const stub = ClarifaiStub.grpc(`${limpid.host}:${limpid.port}`)
after(async () => {
  plain.close()
  stub.close()
  await limpid[Symbol.asyncDispose]()
  await rm(dir, { recursive: true, force: true })
})

/** The calls of the official dynamic client that are made here, with its snake_case objects. */
interface DynamicClient {
  PostModelOutputs(request: object, metadata: Metadata, callback: Callback): unknown
  PostWorkflowResults(request: object, metadata: Metadata, callback: Callback): unknown
  ListModels(request: object, metadata: Metadata, callback: Callback): unknown
  close(): void
}
type Callback = (error: ServiceError | null, answer: Answer) => void

const viaStub = (method: Exclude<keyof DynamicClient, 'close'>, request: object, key = PAT): Promise<Answer> =>
  new Promise((resolve, reject) => {
    stub[method](request, keyMetadata(key), (error, answer) => (error ? reject(error) : resolve(answer)))
  })

const body = { inputs: [{ data: { image: { base64: PHOTO_BASE64 } } }] }
const plaintext = limpid.url.replace('https:', 'http:')
const expected = tags((await send(plaintext, 'POST', PREDICT, { body })).body.outputs[0]!.data.concepts)

/** One gRPC call by hand over HTTP/2; answers the trailers. */
async function rawGrpc(
  path: string,
  message: Uint8Array = new Uint8Array(),
  headers: OutgoingHttpHeaders = {},
): Promise<OutgoingHttpHeaders> {
  const session = connectHttp2(plaintext)
  const stream = session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    authorization: `Key ${PAT}`,
    ...headers,
  })
  const last: OutgoingHttpHeaders = {}
  stream.on('response', (got) => Object.assign(last, got)).on('trailers', (got) => Object.assign(last, got))
  const frame = Buffer.alloc(5)
  frame.writeUInt32BE(message.length, 1)
  stream.end(Buffer.concat([frame, message]))
  stream.resume()
  await once(stream, 'close')
  session.close()
  return last
}

describe('plaintext and TLS on one port', () => {
  test('the server says that it speaks TLS', () => {
    assert.match(limpid.url, /^https:\/\/127\.0\.0\.1:\d+$/)
    assert.equal(expected[0]![1], 'person')
  })

  test('HTTP/1.1 under TLS', async () => {
    const running = requestHttps(limpid.url + PREDICT, {
      method: 'POST',
      ca: certificate.cert,
      headers: { authorization: `Key ${PAT}`, 'content-type': 'application/json' },
    })
    running.end(JSON.stringify(body))
    const [response] = await once(running, 'response')
    const answer = JSON.parse(Buffer.concat(await response.toArray()).toString()) as Answer
    assert.deepEqual(tags(answer.outputs[0]!.data.concepts), expected)
  })

  test('gRPC in plaintext (h2c)', async () => {
    const request = new service.PostModelOutputsRequest()
      .setUserAppId(userApp('main', 'clarifai'))
      .setModelId('general-image-recognition')
      .setInputsList([imageInput(PHOTO)])
    const answer = (await call(plain, plain.postModelOutputs, request)).toObject()
    assert.deepEqual(tags(answer.outputsList[0]!.data!.conceptsList), expected)
  })

  test('gRPC under TLS: the dynamic ClarifaiStub, which can do nothing else', async () => {
    const { status, outputs } = await viaStub('PostModelOutputs', {
      user_app_id: { user_id: 'clarifai', app_id: 'main' },
      model_id: 'general-image-recognition',
      inputs: [{ data: { image: { base64: PHOTO } } }],
    })
    assert.equal(status.code, 10000)
    assert.deepEqual(tags(outputs[0]!.data.concepts), expected)
    const workflow = await viaStub('PostWorkflowResults', {
      user_app_id: { user_id: 'clarifai', app_id: 'main' },
      workflow_id: 'General',
      inputs: [{ data: { image: { base64: PHOTO } } }],
    })
    assert.deepEqual(tags(workflow.results[0]!.outputs[0]!.data.concepts), expected)
  })

  test('the stub sees a bad key in the message', async () => {
    const { status } = await viaStub('ListModels', { user_app_id: { user_id: 'clarifai', app_id: 'main' } }, 'broken')
    assert.equal(status.code, 11008)
    assert.equal(status.description, 'Invalid API key or Invalid API key/application pair')
  })
})

describe('streams', () => {
  const predict = () =>
    new service.PostModelOutputsRequest()
      .setUserAppId(userApp('main', 'clarifai'))
      .setModelId('general-image-recognition')
      .setInputsList([imageInput(PHOTO)])

  test('server streaming: generateModelOutputs', async () => {
    const messages = await Array.fromAsync(plain.generateModelOutputs(predict(), keyMetadata()))
    assert.deepEqual(
      messages.map((message) => message.toObject().status!.code),
      [10000],
    )
    assert.equal(messages[0]!.toObject().outputsList[0]!.data!.conceptsList[0]!.name, 'person')
  })

  test('both ways: streamModelOutputs answers each request', async () => {
    const stream = plain.streamModelOutputs(keyMetadata())
    stream.write(predict())
    stream.write(predict())
    stream.end()
    const messages = await Array.fromAsync(stream)
    assert.deepEqual(
      messages.map((message) => message.toObject().status!.code),
      [10000, 10000],
    )
  })

  test('server streaming that is not built: one message with 10040', async () => {
    const request = new service.StreamLogEntriesRequest().setUserAppId(userApp('', 'me'))
    const messages = await Array.fromAsync(plain.streamLogEntries(request, keyMetadata()))
    assert.equal(messages.length, 1)
    const { code, details } = messages[0]!.toObject().status!
    assert.equal(code, 10040)
    assert.match(details, /StreamLogEntries/)
  })

  test('both ways, not built: one message with 10040', async () => {
    const stream = plain.postPipelineStepVersionsUpload(keyMetadata())
    stream.write(new service.PostPipelineStepVersionsUploadRequest())
    stream.end()
    const messages = await Array.fromAsync(stream)
    assert.deepEqual(
      messages.map((message) => message.toObject().status!.code),
      [10040],
    )
  })
})

describe('gRPC itself', () => {
  test('a deadline ends the call, at the client and at the server', async () => {
    const request = new service.PostWorkflowResultsRequest()
      .setUserAppId(userApp('main', 'clarifai'))
      .setWorkflowId('General')
      .setInputsList(Array.from({ length: 32 }, () => imageInput(PHOTO)))
    const late = call(plain, plain.postWorkflowResults, request, keyMetadata(), { deadline: new Date(0) })
    await assert.rejects(late, { code: DEADLINE_EXCEEDED })
    // No machine looks at 32 photos within this millisecond, and a client by hand does not end the call itself.
    const path = '/clarifai.api.V2/PostWorkflowResults'
    const cut = await rawGrpc(path, request.serializeBinary(), { 'grpc-timeout': '1m' })
    assert.equal(Number(cut['grpc-status']), DEADLINE_EXCEEDED)
    const whole = await rawGrpc(path, request.serializeBinary(), { 'grpc-timeout': '1H' })
    assert.equal(Number(whole['grpc-status']), 0)
  })

  test('an unknown method is UNIMPLEMENTED', async () => {
    const trailers = await rawGrpc('/clarifai.api.V2/NoSuchMethod')
    assert.equal(Number(trailers['grpc-status']), UNIMPLEMENTED)
  })
})
