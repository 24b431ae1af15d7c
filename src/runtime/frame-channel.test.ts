import assert from 'node:assert/strict'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { type Frame, FrameChannel } from './frame-channel.ts'

/** The bytes that a channel writes for some frames. */
async function bytesOf(frames: readonly Frame[]): Promise<Buffer> {
  const written: Buffer[] = []
  const pipe = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, next) {
      written.push(chunk)
      setImmediate(next)
    },
  })
  const channel = new FrameChannel(
    pipe,
    () => {},
    () => {},
  )
  for (const frame of frames) channel.send(frame)
  await channel.flushed()
  return Buffer.concat(written)
}

/** Reads chunks as they come from a pipe; answers the frames and how the channel ended. */
async function readAll(chunks: readonly Buffer[]): Promise<{ frames: Frame[]; error: Error | undefined }> {
  const frames: Frame[] = []
  const error = await new Promise<Error | undefined>((resolve) => {
    new FrameChannel(Duplex.from(chunks), (frame) => frames.push(frame), resolve)
  })
  return { frames, error }
}

const FRAMES: Frame[] = [
  { message: { type: 'a', list: [1, 'two', undefined, 3n] }, attachments: [] },
  { message: 'b', attachments: [Uint8Array.of(1, 2, 3), new Uint8Array(0), Uint8Array.of(4)] },
  { message: null, attachments: [new Uint8Array(100_000).map((_, at) => at % 253)] },
]

function check(frames: readonly Frame[]): void {
  assert.deepEqual(
    frames.map(({ message, attachments }) => [message, attachments.map((bytes) => [...bytes])]),
    FRAMES.map(({ message, attachments }) => [message, attachments.map((bytes) => [...bytes])]),
  )
}

test('frames arrive as they were sent, however the pipe cuts them', async () => {
  const bytes = await bytesOf(FRAMES)
  for (const size of [1, 3, 7, 8, 9, 1_000, 65_536, bytes.length]) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
      bytes.subarray(at * size, (at + 1) * size),
    )
    const { frames, error } = await readAll(chunks)
    assert.equal(error, undefined)
    check(frames)
  }
})

test('a pipe that ends inside a frame ends without that frame', async () => {
  const bytes = await bytesOf(FRAMES)
  const { frames, error } = await readAll([bytes.subarray(0, -1)])
  assert.deepEqual([frames.length, error], [2, undefined])
})

test('lengths that cannot be are an error, not a huge buffer', async () => {
  const huge = Buffer.alloc(8, 0xff)
  assert.match(String((await readAll([huge])).error), /bad length/)
  const headTooLong = Buffer.from([10, 0, 0, 0, 11, 0, 0, 0])
  assert.match(String((await readAll([headTooLong])).error), /bad length/)
})

test('attachments that do not fill the frame are an error', async () => {
  const bytes = await bytesOf([{ message: 1, attachments: [Uint8Array.of(1, 2)] }])
  const longer = Buffer.concat([bytes, Buffer.of(0)])
  longer.writeUInt32LE(bytes.length - 8 + 1, 0)
  assert.match(String((await readAll([longer])).error), /announced size/)
})
