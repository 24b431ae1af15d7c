import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientHttp2Session, connect, constants } from 'node:http2'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { Metadata, type ServiceError, status } from '@grpc/grpc-js'
import { AppError } from '../../base/errors.ts'
import { MultiOutputResponseSchema, PostModelOutputsRequestSchema, StatusCode } from '../../contract/index.ts'
import type { RequestOf } from '../../contract/methods.ts'
import type { IncomingCall } from '../call.ts'
import { grpcClient, listenForTest, stub } from '../port/test-support.ts'
import { PREFIX_BYTES, writePrefix } from './framing.ts'

const KIB = 1024

function requestOf(text: string): RequestOf<'StreamModelOutputs'> {
  return create(PostModelOutputsRequestSchema, { inputs: [{ data: { text: { raw: text } } }] })
}

function answerOf(text: string) {
  const init: MessageInitShape<typeof MultiOutputResponseSchema> = { outputs: [{ data: { text: { raw: text } } }] }
  return create(MultiOutputResponseSchema, init)
}

function textOf(message: RequestOf<'StreamModelOutputs'>): string {
  return message.inputs[0]?.data?.text?.raw ?? ''
}

function frameOf(message: RequestOf<'StreamModelOutputs'>): Buffer {
  return writePrefix(Buffer.concat([Buffer.alloc(PREFIX_BYTES), toBinary(PostModelOutputsRequestSchema, message)]))
}

function rawStream(session: ClientHttp2Session, rpc: string) {
  return session.request({
    ':method': 'POST',
    ':path': `/clarifai.api.V2/${rpc}`,
    'content-type': 'application/grpc',
  })
}

async function* echo(_call: IncomingCall, requests: AsyncIterable<RequestOf<'StreamModelOutputs'>>) {
  for await (const request of requests) yield answerOf(textOf(request))
}

test('server streaming: one request, many answers in order', async (t) => {
  const port = await listenForTest(t, {
    stream: {
      GenerateModelOutputs: async function* (_call, requests) {
        for await (const request of requests) {
          for (let i = 0; i < 500; i++) yield answerOf(`${textOf(request)} ${i}`)
        }
      },
    },
  })
  const { path, serialize, deserialize } = stub('GenerateModelOutputs')
  const client = grpcClient(t, port.target)
  const texts: (string | undefined)[] = []
  const call = client.makeServerStreamRequest(path, serialize, deserialize, requestOf('token'), new Metadata())
  for await (const answer of call) texts.push(answer.outputs[0]?.data?.text?.raw)
  assert.deepEqual(
    texts,
    Array.from({ length: 500 }, (_, i) => `token ${i}`),
  )
  assert.equal(port.rpc.server.running, 0)
})

test('bidirectional: answers come while requests are still being sent', async (t) => {
  const port = await listenForTest(t, { stream: { StreamModelOutputs: echo } })
  const { path, serialize, deserialize } = stub('StreamModelOutputs')
  const call = grpcClient(t, port.target).makeBidiStreamRequest(path, serialize, deserialize, new Metadata())
  for (const text of ['one', 'two', '', 'x'.repeat(300 * KIB)]) {
    call.write(requestOf(text))
    const [answer] = await once(call, 'data')
    assert.equal(answer.outputs[0].data.text?.raw ?? '', text)
  }
  call.end()
  const [end] = await once(call, 'status')
  assert.equal(end.code, status.OK)
})

test('a stream without any answer ends with OK', async (t) => {
  const port = await listenForTest(t, { stream: { StreamModelOutputs: echo } })
  const { path, serialize, deserialize } = stub('StreamModelOutputs')
  const call = grpcClient(t, port.target).makeBidiStreamRequest(path, serialize, deserialize, new Metadata())
  call.resume()
  call.end()
  const [end] = await once(call, 'status')
  assert.equal(end.code, status.OK)
})

test('requests are held back while the handler does not ask for them', async (t) => {
  const gate = Promise.withResolvers<void>()
  let received = 0
  const port = await listenForTest(t, {
    stream: {
      StreamModelOutputs: async function* (_call, requests) {
        await gate.promise
        for await (const request of requests) received += textOf(request).length
        yield answerOf('done')
      },
    },
  })
  const session = connect(`http://${port.target}`)
  await once(session, 'connect')
  const ping = promisify(session.ping.bind(session) as (callback: (error: Error | null) => void) => boolean)
  const stream = rawStream(session, 'StreamModelOutputs')
  const chunk = frameOf(requestOf('x'.repeat(64 * KIB)))
  const count = 128
  let taken = 0
  for (let i = 0; i < count; i++) stream.write(chunk, () => taken++)
  for (let i = 0; i < 50; i++) await ping()
  assert.ok(taken * chunk.length <= 2048 * KIB, `the server took ${taken} of ${count} chunks unread`)
  gate.resolve()
  stream.end()
  await stream.toArray()
  assert.equal(received, count * 64 * KIB)
  session.close()
})

test('answers are held back while the client does not read them', async (t) => {
  const count = 200
  let produced = 0
  const port = await listenForTest(t, {
    stream: {
      GenerateModelOutputs: async function* () {
        for (; produced < count; produced++) yield answerOf('y'.repeat(64 * KIB))
      },
    },
  })
  const session = connect(`http://${port.target}`)
  await once(session, 'connect')
  const ping = promisify(session.ping.bind(session) as (callback: (error: Error | null) => void) => boolean)
  const stream = rawStream(session, 'GenerateModelOutputs')
  stream.end(frameOf(requestOf('')))
  await once(stream, 'response')
  for (let i = 0; i < 50; i++) await ping()
  assert.ok(produced < 10, `${produced} answers were produced for a client that reads none`)
  const bytes = Buffer.concat(await stream.toArray())
  assert.ok(bytes.length > count * 64 * KIB)
  assert.equal(produced, count)
  session.close()
})

test('a client that takes no answers for too long is ended', async (t) => {
  const stopped = Promise.withResolvers<unknown>()
  const port = await listenForTest(
    t,
    {
      stream: {
        GenerateModelOutputs: async function* (call) {
          try {
            for (;;) yield answerOf('y'.repeat(64 * KIB))
          } finally {
            stopped.resolve(call.signal.reason)
          }
        },
      },
    },
    { rpcLimits: { stallMs: 50 } },
  )
  const session = connect(`http://${port.target}`)
  const stream = rawStream(session, 'GenerateModelOutputs')
  stream.on('error', () => {})
  stream.end(frameOf(requestOf('')))
  const reason = await stopped.promise
  assert.ok(reason instanceof AppError)
  assert.equal(reason.code, StatusCode.RPC_REQUEST_TIMEOUT)
  session.destroy()
})

test('cancelling ends the handler of a stream', async (t) => {
  const stopped = Promise.withResolvers<unknown>()
  const port = await listenForTest(t, {
    stream: {
      GenerateModelOutputs: async function* (call) {
        try {
          for (;;) yield answerOf('more')
        } finally {
          stopped.resolve(call.signal.reason)
        }
      },
    },
  })
  const { path, serialize, deserialize } = stub('GenerateModelOutputs')
  const client = grpcClient(t, port.target)
  const call = client.makeServerStreamRequest(path, serialize, deserialize, requestOf(''), new Metadata())
  call.on('error', () => {})
  await once(call, 'data')
  call.cancel()
  const reason = await stopped.promise
  assert.ok(reason instanceof AppError)
  assert.equal(reason.code, StatusCode.RPC_CANCELED)
})

test('a connection that breaks ends the iteration of requests', async (t) => {
  const started = Promise.withResolvers<void>()
  const failed = Promise.withResolvers<unknown>()
  const port = await listenForTest(t, {
    stream: {
      StreamModelOutputs: async function* (_call, requests) {
        try {
          for await (const request of requests) {
            yield answerOf(textOf(request))
            started.resolve()
          }
        } catch (error) {
          failed.resolve(error)
          throw error
        }
      },
    },
  })
  const session = connect(`http://${port.target}`)
  const stream = rawStream(session, 'StreamModelOutputs')
  stream.on('error', () => {})
  stream.write(frameOf(requestOf('first')))
  await started.promise
  session.destroy()
  const error = await failed.promise
  assert.ok(error instanceof AppError)
  assert.equal(error.code, StatusCode.RPC_CANCELED)
  assert.equal(port.rpc.server.running, 0)
})

test('a handler may finish while the client is still sending', async (t) => {
  const port = await listenForTest(t, {
    stream: {
      StreamModelOutputs: async function* (_call, requests) {
        for await (const request of requests) {
          yield answerOf(textOf(request))
          break
        }
        yield answerOf('enough')
      },
    },
  })
  const { path, serialize, deserialize } = stub('StreamModelOutputs')
  const call = grpcClient(t, port.target).makeBidiStreamRequest(path, serialize, deserialize, new Metadata())
  const ended = once(call, 'status')
  call.write(requestOf('first'))
  const texts: (string | undefined)[] = []
  for await (const answer of call) texts.push(answer.outputs[0]?.data?.text?.raw)
  assert.deepEqual(texts, ['first', 'enough'])
  const [end] = await ended
  assert.equal(end.code, status.OK)
})

test('a client that never stops sending is reset after the status', async (t) => {
  const port = await listenForTest(t, {
    stream: {
      StreamModelOutputs: async function* () {
        yield answerOf('enough')
      },
    },
  })
  const session = connect(`http://${port.target}`)
  const stream = rawStream(session, 'StreamModelOutputs')
  stream.resume()
  const [trailers] = await once(stream, 'trailers')
  assert.equal(trailers['grpc-status'], '0')
  await once(stream, 'close')
  assert.equal(stream.rstCode, constants.NGHTTP2_NO_ERROR)
  session.close()
})

test('a message in the middle that cannot be read ends the stream with INTERNAL', async (t) => {
  const port = await listenForTest(t, { stream: { StreamModelOutputs: echo } })
  const { path, deserialize } = stub('StreamModelOutputs')
  const client = grpcClient(t, port.target)
  const call = client.makeBidiStreamRequest(path, (bytes: Buffer) => bytes, deserialize, new Metadata())
  call.write(Buffer.from(toBinary(PostModelOutputsRequestSchema, requestOf('good'))))
  await once(call, 'data')
  call.write(Buffer.from([0xff, 0xff]))
  const [error] = (await once(call, 'error')) as [ServiceError]
  assert.equal(error.code, status.INTERNAL)
  assert.equal(port.rpc.server.running, 0)
})

test('a stream handler that throws after an answer ends with INTERNAL trailers', async (t) => {
  const port = await listenForTest(t, {
    stream: {
      GenerateModelOutputs: async function* () {
        yield answerOf('one')
        throw new Error('secret')
      },
    },
  })
  const { path, serialize, deserialize } = stub('GenerateModelOutputs')
  const client = grpcClient(t, port.target)
  const call = client.makeServerStreamRequest(path, serialize, deserialize, requestOf(''), new Metadata())
  call.resume()
  const [error] = (await once(call, 'error')) as [ServiceError]
  assert.equal(error.code, status.INTERNAL)
  assert.doesNotMatch(error.details, /secret/)
})
