import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../contract/binary/test-support.ts'
import { ByteBudget } from './budget.ts'
import { FrameReader, PREFIX_BYTES, writePrefix } from './framing.ts'
import { GrpcError, GrpcStatus } from './status.ts'

const LIMIT = 1000

function reader(budget = new ByteBudget(1e6)): FrameReader {
  return new FrameReader(LIMIT, budget)
}

function frameOf(length: number, fill = length % 251): Buffer {
  return writePrefix(Buffer.concat([Buffer.alloc(PREFIX_BYTES), Buffer.alloc(length, fill)]))
}

function refusal(status: GrpcStatus): (error: unknown) => boolean {
  return (error) => error instanceof GrpcError && error.status === status
}

test('frames come out the same however their bytes are cut', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const next = seededRandom(seed)
    const lengths = Array.from({ length: 1 + Math.floor(next() * 8) }, () => Math.floor(next() ** 3 * LIMIT))
    const bytes = Buffer.concat(lengths.map((length) => frameOf(length)))
    const budget = new ByteBudget(1e6)
    const frames = reader(budget)
    const seen: Buffer[] = []
    for (let at = 0; at < bytes.length; ) {
      const size = Math.floor(next() ** 2 * 700)
      frames.push(bytes.subarray(at, at + size))
      at += size
      for (let frame = frames.next(); frame !== undefined; frame = frames.next()) seen.push(Buffer.from(frame.data))
    }
    frames.finish()
    assert.deepEqual(
      seen,
      lengths.map((length) => Buffer.alloc(length, length % 251)),
      `seed ${seed}`,
    )
    frames.release()
    assert.equal(budget.used, 0)
  }
})

test('a frame inside one chunk is a view and costs no budget', () => {
  const budget = new ByteBudget(0)
  const chunk = frameOf(100)
  const frames = reader(budget)
  frames.push(chunk)
  assert.equal(frames.next()?.data.buffer, chunk.buffer)
})

test('a frame over the limit is refused by its prefix alone', () => {
  const prefix = writePrefix(Buffer.alloc(PREFIX_BYTES))
  prefix.writeUInt32BE(LIMIT + 1, 1)
  assert.throws(() => reader().push(prefix), refusal(GrpcStatus.RESOURCE_EXHAUSTED))
})

test('a frame over the limit behind a good one is refused when its turn comes', () => {
  const prefix = Buffer.from([0, 0xff, 0xff, 0xff, 0xff])
  const frames = reader()
  frames.push(Buffer.concat([frameOf(3), prefix]))
  assert.throws(() => frames.next(), refusal(GrpcStatus.RESOURCE_EXHAUSTED))
})

test('an unknown flag is refused', () => {
  assert.throws(() => reader().push(Buffer.from([2, 0, 0, 0, 0])), refusal(GrpcStatus.INTERNAL))
  assert.throws(() => reader().push(Buffer.from([0x80, 0, 0, 0, 0])), refusal(GrpcStatus.INTERNAL))
})

test('an end in the middle of a prefix or a message is refused', () => {
  for (const bytes of [Buffer.from([0]), frameOf(10).subarray(0, 9)]) {
    const frames = reader()
    frames.push(bytes)
    assert.equal(frames.next(), undefined)
    assert.throws(() => frames.finish(), refusal(GrpcStatus.INTERNAL))
  }
})

test('gathered bytes count against the shared budget until they are released', () => {
  const budget = new ByteBudget(500)
  const first = reader(budget)
  const second = reader(budget)
  const half = (frames: FrameReader): void => {
    frames.push(frameOf(900).subarray(0, 400))
    frames.push(Buffer.alloc(300))
  }
  half(first)
  assert.equal(budget.used, 300)
  assert.throws(() => half(second), refusal(GrpcStatus.RESOURCE_EXHAUSTED))
  first.release()
  second.release()
  assert.equal(budget.used, 0)
})
