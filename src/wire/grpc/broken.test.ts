import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { status } from '@grpc/grpc-js'
import { MultiInputResponseSchema, SingleUserResponseSchema } from '../../contract/index.ts'
import { echo, listenForTest, rawCall } from '../port/test-support.ts'

test('requests that break the framing end with a status', async (t) => {
  const port = await listenForTest(t, echo)
  const gzipped = { 'grpc-encoding': 'gzip' }
  const cases: [string, Record<string, string>, number[], status][] = [
    ['no message', {}, [], status.INTERNAL],
    ['two messages', {}, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0], status.INTERNAL],
    ['cut message', {}, [0, 0, 0, 0, 9, 1], status.INTERNAL],
    ['unknown flag', {}, [9, 0, 0, 0, 0], status.INTERNAL],
    ['compressed without encoding', {}, [1, 0, 0, 0, 0], status.INTERNAL],
    ['bad gzip', gzipped, [1, 0, 0, 0, 3, 1, 2, 3], status.INTERNAL],
    ['unknown encoding', { 'grpc-encoding': 'br' }, [0, 0, 0, 0, 0], status.UNIMPLEMENTED],
    ['claims 4 GiB', {}, [0, 255, 255, 255, 255], status.RESOURCE_EXHAUSTED],
  ]
  for (const [name, headers, bytes, expected] of cases) {
    const answer = await rawCall(port.target, headers, Buffer.from(bytes))
    assert.equal(answer.headers['grpc-status'], String(expected), name)
    assert.equal(answer.headers['grpc-accept-encoding'], 'identity,deflate,gzip', name)
  }
  assert.equal(port.rpc.server.running, 0)
})

test('a client that stops sending in the middle of a request is ended', async (t) => {
  const port = await listenForTest(t, echo, { rpcLimits: { stallMs: 50 } })
  const session = connect(`http://${port.target}`)
  const stream = session.request({
    ':method': 'POST',
    ':path': '/clarifai.api.V2/PostInputs',
    'content-type': 'application/grpc',
  })
  stream.write(Buffer.from([0, 0, 0, 0, 9, 1]))
  const [headers] = await once(stream, 'response')
  assert.equal(headers['grpc-status'], String(status.DEADLINE_EXCEEDED))
})

test('other message formats and GET are not taken for gRPC', async (t) => {
  const port = await listenForTest(t, echo)
  const json = await rawCall(port.target, { 'content-type': 'application/grpc+json' }, Buffer.from('{}'))
  assert.equal(json.headers[':status'], 415)
  const proto = await rawCall(port.target, { 'content-type': 'application/grpc+proto' }, Buffer.from([0, 0, 0, 0, 0]))
  assert.equal(proto.trailers['grpc-status'], '0')
})

test('a request whose headers already end the stream has no message', async (t) => {
  const port = await listenForTest(t, echo)
  const session = connect(`http://${port.target}`)
  const headers = { ':method': 'POST', ':path': '/clarifai.api.V2/GetUser', 'content-type': 'application/grpc' }
  const stream = session.request(headers, { endStream: true })
  const [answer] = await once(stream, 'response')
  assert.equal(answer['grpc-status'], String(status.INTERNAL))
  session.close()
})

test('the message of a call that is refused for its credential is neither unpacked nor decoded', async (t) => {
  const port = await listenForTest(t, { ...echo, refusal: async () => create(MultiInputResponseSchema) })
  const garbage = Buffer.from([1, 0, 0, 0, 3, 1, 2, 3])
  const answer = await rawCall(port.target, { 'grpc-encoding': 'gzip' }, garbage)
  assert.equal(answer.trailers['grpc-status'], String(status.OK))
  assert.equal(port.rpc.server.running, 0)
})

test('what a client sends after its answer does not count as held', async (t) => {
  const port = await listenForTest(t, { ...echo, refusal: async () => create(SingleUserResponseSchema) })
  const session = connect(`http://${port.target}`)
  t.after(() => session.close())
  const headers = { ':method': 'POST', ':path': '/clarifai.api.V2/GetUser', 'content-type': 'application/grpc' }
  const stream = session.request(headers)
  // The prefix of a message of a mebibyte, which then comes in pieces.
  stream.write(Buffer.from([0, 0, 16, 0, 0]))
  await once(stream, 'response')
  for (let i = 0; i < 8; i++) stream.write(Buffer.alloc(64 * 1024))
  stream.on('error', () => {})
  stream.resume()
  await once(stream, 'close')
  assert.equal(port.rpc.server.bufferedBytes, 0)
})
