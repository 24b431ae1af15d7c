import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { GrpcError, GrpcStatus } from '../grpc/status.ts'
import { Base64Decoder } from './base64.ts'

async function decode(pieces: string[]): Promise<Buffer> {
  const bytes = await Readable.from(pieces.map((piece) => Buffer.from(piece)))
    .pipe(new Base64Decoder())
    .toArray()
  return Buffer.concat(bytes)
}

test('one text, several padded texts in a row, any chunking', async () => {
  for (const sizes of [[0], [1], [2], [3], [1, 1], [2, 1, 3], [5, 0, 100, 1], [1000, 7]]) {
    const parts = sizes.map((size) => randomBytes(size))
    const text = parts.map((part) => part.toString('base64')).join('')
    for (const step of [1, 2, 3, 4, 5, 7, 1000]) {
      const pieces = text.match(new RegExp(`.{1,${step}}`, 'g')) ?? []
      assert.deepEqual(await decode(pieces), Buffer.concat(parts), `sizes ${sizes}, step ${step}`)
    }
  }
})

test('unpadded ends, line ends and the URL alphabet are understood', async () => {
  assert.deepEqual(await decode(['AA']), Buffer.from([0]))
  assert.deepEqual(await decode(['AAEC\r\nAwQ', '=\n']), Buffer.from([0, 1, 2, 3, 4]))
  assert.deepEqual(await decode(['-_-_']), Buffer.from('+/+/', 'base64'))
})

test('text that is not base64 fails', async () => {
  for (const text of ['A', 'AAAAA', 'AA!A', 'AA AA', '=', 'AAAA=']) {
    await assert.rejects(
      decode([text]),
      (error) => error instanceof GrpcError && error.status === GrpcStatus.INVALID_ARGUMENT,
      text,
    )
  }
})
