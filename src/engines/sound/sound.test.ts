import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import type { Data } from '../../contract/index.ts'
import type { Engine } from '../engine.ts'
import { itemOf, loadForTest, PLAIN, speechRecording } from '../test-weights.ts'
import { dot } from '../vectors.ts'
import { SOUND_VECTOR_SIZE, speechEmbed } from './speech-embed.ts'
import { speechShare } from './speech-share.ts'

const RATE = 16_000
let speech: Buffer
before(async () => {
  speech = await speechRecording()
})

/** A WAV file of 16-bit samples. */
function wav(samples: Int16Array): Buffer {
  const head = Buffer.alloc(44)
  head.write('RIFF', 0)
  head.writeUInt32LE(36 + samples.byteLength, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(RATE, 24)
  head.writeUInt32LE(RATE * 2, 28)
  head.writeUInt16LE(2, 32)
  head.writeUInt16LE(16, 34)
  head.write('data', 36)
  head.writeUInt32LE(samples.byteLength, 40)
  return Buffer.concat([head, Buffer.from(samples.buffer)])
}

const tone = (seconds: number): Buffer =>
  wav(Int16Array.from({ length: RATE * seconds }, (_, at) => 8_000 * Math.sin((at * 440 * 2 * Math.PI) / RATE)))

/** Seconds `from` to `to` of the recording. */
const part = (from: number, to: number): Buffer =>
  wav(new Int16Array(new Uint8Array(speech.subarray(44 + from * RATE * 2, 44 + to * RATE * 2)).buffer))

async function ask(engine: Engine, ...sounds: Buffer[]): Promise<Data[]> {
  const loaded = await loadForTest(engine)
  try {
    return await loaded.infer(
      sounds.map((base64) => itemOf({ audio: { base64 } })),
      PLAIN,
    )
  } finally {
    await loaded.dispose()
  }
}

test('the share of speech, and when it is', async () => {
  const [spoken, hum] = await ask(speechShare, speech, tone(3))
  const [first, second] = spoken!.concepts
  assert.deepEqual([first!.name, second!.name], ['speech', 'no speech'])
  assert.ok(first!.value > 0.6 && first!.value < 0.99)
  assert.ok(Math.abs(first!.value + second!.value - 1) < 1e-6)
  const times = spoken!.timeSegments.map(({ timeInfo }) => timeInfo!)
  assert.ok(times.length >= 2)
  for (const { beginTime, endTime } of times) assert.ok(beginTime < endTime && endTime <= 11.1)
  assert.deepEqual([hum!.concepts[0]!.name, hum!.concepts[0]!.value, hum!.timeSegments.length], ['no speech', 1, 0])
})

test('two parts of one recording are more alike than speech and a tone; short sounds get a vector too', async () => {
  const [begin, end, hum, click] = await ask(speechEmbed, part(0, 5), part(5, 10), tone(3), tone(1).subarray(0, 4_044))
  const vector = (data: Data | undefined): number[] => data!.embeddings[0]!.vector
  assert.equal(vector(click).length, SOUND_VECTOR_SIZE)
  assert.ok(Math.abs(dot(vector(begin), vector(begin)) - 1) < 1e-5)
  assert.ok(dot(vector(begin), vector(end)) > dot(vector(begin), vector(hum)) + 0.1)
})
