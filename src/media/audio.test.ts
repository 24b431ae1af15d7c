import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import { decodeAudio, probeAudio } from './audio.ts'
import { encodeTone, encodeVideo } from './test-media.ts'

const failsWith = (code: StatusCode) => (error: unknown) => isAppError(error) && error.code === code

/** Tone in hertz, from the crossings of zero of the middle half. */
function toneOf(samples: Float32Array, sampleRate: number): number {
  const middle = samples.subarray(samples.length / 4, (samples.length * 3) / 4)
  let crossings = 0
  for (let i = 1; i < middle.length; i++) if (middle[i - 1]! < 0 && middle[i]! >= 0) crossings++
  return (crossings * sampleRate) / middle.length
}

test('every accepted format becomes 16 kHz mono of the same tone and length', async () => {
  const kinds: [string, string, string, number, 1 | 2][] = [
    ['WAV', 'wav', 'pcm_s16le', 44_100, 2],
    ['WAV', 'wav', 'pcm_s16le', 8_000, 1],
    ['FLAC', 'flac', 'flac', 48_000, 2],
    ['M4A', 'ipod', 'aac', 44_100, 2],
    ['AAC', 'adts', 'aac', 44_100, 1],
    ['OGG', 'ogg', 'libopus', 48_000, 1],
  ]
  for (const [format, container, codec, sampleRate, channels] of kinds) {
    const bytes = await encodeTone({ container, codec, hertz: 440, sampleRate, channels, seconds: 2 })
    const probe = await probeAudio(bytes)
    assert.deepEqual([probe.format, probe.sampleRate, probe.channels], [format, sampleRate, channels])
    assert.ok(probe.bitRate > 0)
    const sound = await decodeAudio(bytes)
    assert.equal(sound.sampleRate, 16_000)
    assert.ok(
      Math.abs(sound.durationSeconds - 2) < (format === 'WAV' || format === 'FLAC' ? 0.001 : 0.1),
      `${format} lasts ${sound.durationSeconds}`,
    )
    const tone = toneOf(sound.samples, 16_000)
    assert.ok(Math.abs(tone - 440) < 4, `${format} sounds at ${tone}`)
    const middle = sound.samples.subarray(8_000, 24_000)
    const loudness = Math.sqrt(middle.reduce((sum, value) => sum + value * value, 0) / middle.length)
    assert.ok(Math.abs(loudness - 0.5 / Math.SQRT2) < 0.02, `${format} is ${loudness} loud`)
  }
})

test('long, silent and foreign files are told apart', async () => {
  const bytes = await encodeTone({
    container: 'wav',
    codec: 'pcm_s16le',
    hertz: 300,
    sampleRate: 16_000,
    channels: 1,
    seconds: 3,
  })
  await assert.rejects(decodeAudio(bytes, { maxSeconds: 2 }), failsWith(StatusCode.INPUT_OVER_LIMIT))
  await assert.rejects(decodeAudio(Buffer.from('just words')), failsWith(StatusCode.INPUT_UNSUPPORTED_FORMAT))
  const mute = await encodeVideo({
    ...{ container: 'mp4', codec: 'mpeg4', width: 32, height: 32, fps: 10, frames: 5 },
    luma: () => 9,
  })
  await assert.rejects(decodeAudio(mute), failsWith(StatusCode.INPUT_UNSUPPORTED_FORMAT))
  await assert.rejects(decodeAudio(bytes.subarray(0, 30)), failsWith(StatusCode.ALL_INPUT_INVALID_BYTES))
  const { signal } = new AbortController()
  assert.ok((await decodeAudio(bytes, { signal })).samples.length > 0)
  await assert.rejects(decodeAudio(bytes, { signal: AbortSignal.abort(new Error('gone')) }), /gone/)
})

/** A plain WAV file of noise with these numbers in its header. */
function wav(head: { tag: number; rate: number; channels: number; bits: number }): Buffer {
  const file = Buffer.from(Array.from({ length: 6_444 }, (_, at) => (at * at * 31) & 255))
  const block = Math.ceil((head.channels * head.bits) / 8) & 0xffff
  file.write('RIFF', 0, 'latin1')
  file.writeUInt32LE(file.length - 8, 4)
  file.write('WAVEfmt ', 8, 'latin1')
  file.writeUInt32LE(16, 16)
  file.writeUInt16LE(head.tag, 20)
  file.writeUInt16LE(head.channels, 22)
  file.writeUInt32LE(head.rate, 24)
  file.writeUInt32LE((head.rate * block) % 2 ** 32, 28)
  file.writeUInt16LE(block, 32)
  file.writeUInt16LE(head.bits, 34)
  file.write('data', 36, 'latin1')
  file.writeUInt32LE(file.length - 44, 40)
  return file
}

test('sample rates and channels that no recording has are refused before anything is resampled', async () => {
  const plain = { tag: 1, rate: 16_000, channels: 1, bits: 16 }
  assert.equal((await decodeAudio(wav(plain))).samples.length, 3_200)
  for (const rate of [1, 999, 1_073_757_824]) {
    await assert.rejects(decodeAudio(wav({ ...plain, rate })), {
      code: StatusCode.INPUT_UNSUPPORTED_FORMAT,
      details: `The audio has a sample rate of ${rate} hertz; 1000 to 768000 are possible.`,
    })
  }
  await assert.rejects(decodeAudio(wav({ ...plain, channels: 100 })), {
    code: StatusCode.INPUT_UNSUPPORTED_FORMAT,
    details: 'The audio has 100 channels; at most 64 are possible.',
  })
})

test('decoders that no accepted format needs stay shut', async () => {
  const adpcmOki = wav({ tag: 0x10, rate: 16_000, channels: 1, bits: 4 })
  await assert.rejects(decodeAudio(adpcmOki), {
    code: StatusCode.INPUT_UNSUPPORTED_FORMAT,
    details: 'The file holds no audio stream that can be decoded.',
  })
})
