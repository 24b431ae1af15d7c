import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isAppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import { seeded } from './test-images.ts'
import { encodeTone, encodeVideo, type TestVideo } from './test-media.ts'
import { probeVideo, type SampleOptions, videoFrames } from './video.ts'

const failsWith = (code: StatusCode) => (error: unknown) => isAppError(error) && error.code === code

/** Ten frames a second, each as bright as twice its number. */
const plain: TestVideo = {
  container: 'mp4',
  codec: 'mpeg4',
  width: 64,
  height: 48,
  fps: 10,
  frames: 60,
  luma: (frame) => frame * 2,
}

async function sample(
  bytes: Uint8Array,
  options?: SampleOptions,
): Promise<{ index: number; timeMs: number; grey: number }[]> {
  const frames = []
  for await (const { index, timeMs, image } of videoFrames(bytes, options)) {
    const rgb = await image.rgb(8, 8)
    frames.push({ index, timeMs, grey: rgb.reduce((sum, value) => sum + value, 0) / rgb.length })
  }
  return frames
}

test('samples are the frames shown in the middle of each slice', async () => {
  const bytes = await encodeVideo(plain)
  for (const [sampleMs, count] of [
    [1_000, 6],
    [500, 12],
    [700, 9],
    [100, 60],
    [4_000, 1],
  ] as const) {
    const frames = await sample(bytes, { sampleMs })
    assert.equal(frames.length, count === 1 ? 1 : count, `${sampleMs} ms`)
    for (const [i, { index, timeMs, grey }] of frames.entries()) {
      assert.deepEqual([index, timeMs], [i, sampleMs / 2 + i * sampleMs])
      // A sample exactly on the border of two frames may be either.
      const shown = timeMs / 100
      const off = Math.min(Math.abs(grey - Math.floor(shown) * 2), Math.abs(grey - (Math.ceil(shown) - 1) * 2))
      assert.ok(off < 2.5, `${sampleMs} ms, frame ${i} at ${timeMs} has ${grey}`)
    }
  }
  assert.equal((await sample(bytes)).length, 6)
})

test('all accepted containers are read', async () => {
  const kinds: [string, string, string][] = [
    ['MP4', 'mp4', 'mpeg4'],
    ['MOV', 'mov', 'mpeg4'],
    ['AVI', 'avi', 'mpeg4'],
    ['WMV', 'asf', 'wmv2'],
    ['3GPP', '3gp', 'mpeg4'],
    ['MKV', 'matroska', 'mpeg4'],
    ['WEBM', 'webm', 'libvpx-vp9'],
    ['MP4', 'mp4', 'libx264'],
  ]
  for (const [format, container, codec] of kinds) {
    const bytes = await encodeVideo({ ...plain, frames: 20, container, codec, width: 176, height: 144 })
    const probe = await probeVideo(bytes)
    assert.deepEqual([probe.format, probe.width, probe.height], [format, 176, 144])
    assert.ok(Math.abs(probe.durationSeconds - 2) < 0.15, `${container} lasts ${probe.durationSeconds}`)
    assert.ok(Math.abs(probe.fps - 10) < 0.1, `${container} has ${probe.fps} frames a second`)
    assert.ok(Math.abs(probe.frameCount - 20) <= 1 && probe.bitRate > 0, `${container} ${probe.frameCount}`)
    const frames = await sample(bytes, { sampleMs: 1_000 })
    assert.deepEqual(
      frames.map(({ timeMs }) => timeMs),
      [500, 1_500],
    )
    for (const { timeMs, grey } of frames) {
      assert.ok(Math.abs(grey - timeMs / 50) < 4, `${container} at ${timeMs} has ${grey}`)
    }
  }
})

test('far samples are reached by jumping, also when there are few key frames', async () => {
  const long = { ...plain, width: 32, height: 32, frames: 500, luma: (frame: number) => frame / 2 }
  for (const gop of [5, 600]) {
    const frames = await sample(await encodeVideo({ ...long, gop }), { sampleMs: 10_000 })
    assert.deepEqual(
      frames.map(({ timeMs }) => timeMs),
      [5_000, 15_000, 25_000, 35_000, 45_000],
    )
    for (const { timeMs, grey } of frames) {
      assert.ok(Math.abs(grey - timeMs / 200) < 4, `gop ${gop} at ${timeMs} has ${grey}`)
    }
  }
})

test('a turned recording comes upright', async () => {
  for (const turn of [90, 180, 270] as const) {
    const bytes = await encodeVideo({ ...plain, turn, frames: 5, luma: (_, x) => (x < 32 ? 230 : 20) })
    const across = turn !== 180
    const probe = await probeVideo(bytes)
    assert.deepEqual([probe.width, probe.height], across ? [48, 64] : [64, 48])
    for await (const { image } of videoFrames(bytes, { sampleMs: 500 })) {
      assert.deepEqual([image.width, image.height], [probe.width, probe.height])
      const { data, width, height } = await image.pixels()
      const at = (x: number, y: number): number => data[(y * width + x) * 3]!
      const brightSide = turn === 90 ? at(24, 4) : turn === 180 ? at(width - 4, 24) : at(24, height - 4)
      const darkSide = turn === 90 ? at(24, height - 4) : turn === 180 ? at(4, 24) : at(24, 4)
      assert.ok(brightSide > 200 && darkSide < 50, `${turn}: ${brightSide} ${darkSide}`)
    }
  }
})

test('limits on length and count hold', async () => {
  const bytes = await encodeVideo(plain)
  assert.equal((await sample(bytes, { sampleMs: 1_000, maxFrames: 2 })).length, 2)
  await assert.rejects(sample(bytes, { maxDurationMs: 3_000 }), failsWith(StatusCode.INPUT_OVER_LIMIT))
  for (const sampleMs of [0, 99, 60_001, Number.NaN]) await assert.rejects(sample(bytes, { sampleMs }), RangeError)
})

test('a video shorter than half a slice gives one frame of its own middle', async () => {
  const frames = await sample(await encodeVideo({ ...plain, frames: 4 }), { sampleMs: 60_000 })
  assert.deepEqual(
    frames.map(({ index, timeMs }) => [index, timeMs]),
    [[0, 200]],
  )
})

test('sampling stops when the caller gives up, and when it breaks off', async () => {
  const bytes = await encodeVideo(plain)
  const controller = new AbortController()
  const { signal } = controller
  await assert.rejects(async () => {
    for await (const { index } of videoFrames(bytes, { sampleMs: 500, signal })) {
      if (index === 1) controller.abort(new Error('client left'))
    }
  }, /client left/)
  for await (const { index } of videoFrames(bytes)) if (index === 1) break
})

test('what is no video is refused', async () => {
  const playlist = Buffer.from('#EXTM3U\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n')
  const sound = await encodeTone({
    container: 'mp4',
    codec: 'aac',
    hertz: 440,
    sampleRate: 44_100,
    channels: 1,
    seconds: 1,
  })
  for (const bytes of [playlist, Buffer.alloc(0), Buffer.alloc(5_000), sound]) {
    await assert.rejects(sample(bytes), failsWith(StatusCode.INPUT_UNSUPPORTED_FORMAT))
  }
  const head = (await encodeVideo(plain)).subarray(0, 200)
  await assert.rejects(sample(head), failsWith(StatusCode.ALL_INPUT_INVALID_BYTES))
})

test('damaged videos give frames or an AppError and nothing else', async () => {
  const random = seeded(77)
  const base = [
    await encodeVideo({ ...plain, codec: 'libx264' }),
    await encodeVideo({ ...plain, container: 'avi' }),
    await encodeVideo({ ...plain, container: 'matroska' }),
  ]
  let refused = 0
  for (let i = 0; i < 120; i++) {
    const file = Buffer.from(base[i % base.length]!)
    const reach = i % 2 ? 300 : file.length
    for (let k = 0; k <= random() * 20; k++) file[Math.floor(random() * reach)] = random() * 256
    const cut = random() < 0.3 ? file.subarray(0, Math.floor(random() * file.length)) : file
    try {
      await sample(cut, { sampleMs: 1_000, maxFrames: 20 })
    } catch (error) {
      if (!isAppError(error)) throw error
      refused++
    }
  }
  assert.ok(refused > 10 && refused < 120, `${refused} refused`)
})
