import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { compressionAlgorithms, status } from '@grpc/grpc-js'
import { MultiInputResponseSchema, SingleUserResponseSchema } from '../../contract/index.ts'
import {
  callUnary,
  echo,
  getMe,
  grpcClient,
  imageRequest,
  listenForTest,
  rawCall,
  withStatus,
} from '../port/test-support.ts'

const MIB = 1024 * 1024

test('100 MiB there and back', async (t) => {
  const port = await listenForTest(t, echo)
  const client = grpcClient(t, port.target)
  const image = randomBytes(100 * MIB)
  const answer = await callUnary(client, 'PostInputs', imageRequest(image))
  assert.equal(image.equals(answer.inputs[0]?.data?.image?.base64 ?? Buffer.alloc(0)), true)
  assert.equal(port.rpc.server.bufferedBytes, 0)
})

test('a request over the limit is RESOURCE_EXHAUSTED, and the connection goes on working', async (t) => {
  const port = await listenForTest(t, echo, { rpcLimits: { messageBytes: 2 * MIB } })
  const client = grpcClient(t, port.target)
  await assert.rejects(
    callUnary(client, 'PostInputs', imageRequest(Buffer.alloc(20 * MIB))),
    withStatus(status.RESOURCE_EXHAUSTED),
  )
  await callUnary(client, 'PostInputs', imageRequest(Buffer.alloc(MIB)))
})

test('an answer over the limit is RESOURCE_EXHAUSTED', async (t) => {
  const port = await listenForTest(
    t,
    { unary: { GetUser: () => create(SingleUserResponseSchema, { user: { id: 'x'.repeat(2000) } }) } },
    { rpcLimits: { messageBytes: 1000 } },
  )
  const client = grpcClient(t, port.target)
  await assert.rejects(callUnary(client, 'GetUser', getMe), withStatus(status.RESOURCE_EXHAUSTED))
})

test('too many request bytes at once are RESOURCE_EXHAUSTED and given back afterwards', async (t) => {
  const port = await listenForTest(t, echo, { rpcLimits: { bufferedBytes: 3 * MIB } })
  const client = grpcClient(t, port.target)
  await assert.rejects(
    callUnary(client, 'PostInputs', imageRequest(Buffer.alloc(5 * MIB))),
    withStatus(status.RESOURCE_EXHAUSTED),
  )
  assert.equal(port.rpc.server.bufferedBytes, 0)
  await callUnary(client, 'PostInputs', imageRequest(Buffer.alloc(2 * MIB)))
  assert.equal(port.rpc.server.bufferedBytes, 0)
})

for (const algorithm of [compressionAlgorithms.gzip, compressionAlgorithms.deflate]) {
  test(`requests compressed with ${compressionAlgorithms[algorithm]}`, async (t) => {
    const port = await listenForTest(t, echo)
    const client = grpcClient(t, port.target, { 'grpc.default_compression_algorithm': algorithm })
    const answer = await callUnary(client, 'PostInputs', imageRequest(Buffer.alloc(3 * MIB, 7)))
    assert.equal(answer.inputs[0]?.data?.image?.base64.length, 3 * MIB)
    assert.equal(port.rpc.server.bufferedBytes, 0)
  })
}

test('a compressed request that unpacks over the limit is RESOURCE_EXHAUSTED', async (t) => {
  const port = await listenForTest(t, echo, { rpcLimits: { messageBytes: MIB } })
  const client = grpcClient(t, port.target, { 'grpc.default_compression_algorithm': compressionAlgorithms.gzip })
  await assert.rejects(
    callUnary(client, 'PostInputs', imageRequest(Buffer.alloc(50 * MIB))),
    withStatus(status.RESOURCE_EXHAUSTED),
  )
})

test('large compressible answers are compressed for clients that accept it, others left alone', async (t) => {
  const answers = { text: Buffer.alloc(MIB, 'a'), noise: randomBytes(MIB), small: Buffer.alloc(100) }
  let next: keyof typeof answers = 'text'
  const port = await listenForTest(t, {
    unary: {
      PostInputs: () => create(MultiInputResponseSchema, { inputs: [{ data: { image: { base64: answers[next] } } }] }),
    },
  })
  const empty = Buffer.from([0, 0, 0, 0, 0])
  const accepting = { 'grpc-accept-encoding': 'identity,deflate,gzip' }
  const compressed = await rawCall(port.target, accepting, empty)
  assert.equal(compressed.headers['grpc-encoding'], 'gzip')
  assert.equal(compressed.body[0], 1)
  assert.ok(compressed.body.length < MIB / 50)
  assert.equal(compressed.trailers['grpc-status'], '0')
  assert.equal((await rawCall(port.target, {}, empty)).body[0], 0)
  for (next of ['noise', 'small'] as const)
    assert.equal((await rawCall(port.target, accepting, empty)).body[0], 0, next)
  next = 'text'
  const client = grpcClient(t, port.target)
  const answer = await callUnary(client, 'PostInputs', imageRequest(Buffer.alloc(0)))
  assert.equal(answers.text.equals(answer.inputs[0]?.data?.image?.base64 ?? Buffer.alloc(0)), true)
})
