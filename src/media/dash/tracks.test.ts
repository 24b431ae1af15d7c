import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { FileSource, toSource } from '../encoded-source.ts'
import { encodeTone, encodeVideo, joinMedia } from '../test-media.ts'
import { probeVideo } from '../video.ts'
import { findIndex } from './boxes.ts'
import { dashTracks } from './tracks.ts'

const film = (codec: string, container = 'mp4') =>
  encodeVideo({ container, codec, width: 160, height: 120, fps: 10, frames: 60, gop: 10, luma: (frame) => frame * 4 })

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'limpid-dash-'))
  try {
    await work(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Types of the boxes that the index names, by following its sizes as a player does. */
function indexed(file: Buffer, index: { start: number; end: number }): string[] {
  const box = file.subarray(index.start, index.end + 1)
  assert.equal(box.toString('latin1', 4, 8), 'sidx')
  const isLong = box[8] === 1
  let at = index.end + 1 + (isLong ? Number(box.readBigUInt64BE(28)) : box.readUInt32BE(24))
  const head = isLong ? 36 : 28
  const count = box.readUInt16BE(head + 2)
  const types: string[] = []
  for (let entry = 0; entry < count; entry++) {
    types.push(file.toString('latin1', at + 4, at + 8))
    at += box.readUInt32BE(head + 4 + entry * 12) & 0x7fff_ffff
  }
  assert.ok(at <= file.length, 'the parts lie in the file')
  return types
}

describe('dashTracks', () => {
  it('writes pictures and sound into fragmented files that their index describes', () =>
    inFolder(async (folder) => {
      const sound = await encodeTone({
        container: 'mp4',
        codec: 'aac',
        hertz: 440,
        sampleRate: 48_000,
        channels: 2,
        seconds: 6,
      })
      const both = await joinMedia('mp4', [await film('libx264'), sound])
      const { durationSeconds, tracks } = await dashTracks(toSource(both), folder)
      assert.ok(Math.abs(durationSeconds - 6) < 0.2)
      assert.deepEqual(
        tracks.map(({ kind, codecs, width, height, sampleRate }) => ({
          kind,
          codecs: codecs.slice(0, 5),
          width,
          height,
          sampleRate,
        })),
        [
          { kind: 'video', codecs: 'avc1.', width: 160, height: 120, sampleRate: undefined },
          { kind: 'audio', codecs: 'mp4a.', width: undefined, height: undefined, sampleRate: 48_000 },
        ],
      )
      for (const { file, init, index, bandwidth } of tracks) {
        const bytes = await readFile(file!)
        assert.equal(init.start, 0)
        assert.ok(index.start > init.end && bandwidth > 0)
        const types = indexed(bytes, index)
        assert.ok(types.length >= 3, `${types.length} parts of two seconds`)
        assert.ok(
          types.every((type) => type === 'moof' || type === 'styp' || type === 'sidx'),
          types.join(),
        )
      }
      const again = await probeVideo(await readFile(tracks[0]!.file!))
      assert.deepEqual([again.width, again.height, again.fps], [160, 120, 10])
    }))

  it('takes a file that is fit already as it is', () =>
    inFolder(async (folder) => {
      const { tracks } = await dashTracks(toSource(await film('libx264', 'matroska')), folder)
      const fit = join(folder, 'fit')
      await writeFile(fit, await readFile(tracks[0]!.file!))
      const source = new FileSource(fit)
      try {
        const [track] = (await dashTracks(source, folder)).tracks
        assert.equal(track!.file, undefined)
        assert.deepEqual(track!.index, findIndex(source)!.index)
      } finally {
        source.close()
      }
    }))

  it('gives no track of a coding that browsers do not play', () =>
    inFolder(async (folder) => {
      const { tracks, durationSeconds } = await dashTracks(toSource(await film('mpeg4', 'avi')), folder)
      assert.deepEqual(tracks, [])
      assert.ok(durationSeconds > 5)
    }))
})

describe('findIndex', () => {
  it('finds nothing in files without an index in front, and in nonsense', async () => {
    for (const bytes of [await film('libx264'), Buffer.alloc(0), Buffer.alloc(200), Buffer.alloc(200, 255)]) {
      assert.equal(findIndex(toSource(bytes)), undefined)
    }
  })
})
