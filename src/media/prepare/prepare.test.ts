import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import sharp from 'sharp'
import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { picture } from '../test-images.ts'
import { encodeTone, encodeVideo } from '../test-media.ts'
import { prepareMedia } from './prepare.ts'
import type { Prepared, SizeName } from './prepared.ts'

const prepare = (bytes: Uint8Array, kind?: 'image' | 'video' | 'audio' | 'text'): Promise<Prepared> =>
  prepareMedia({ kind, source: { bytes } })

const refusal = (code: StatusCode) => (error: unknown) => error instanceof AppError && error.code === code

function part(prepared: Prepared, size: SizeName): Uint8Array {
  const { start, length } = prepared.sizes.find((one) => one.size === size)!.part!
  return prepared.derived!.subarray(start, start + length)
}

const sidesOf = ({ sizes }: Prepared) =>
  Object.fromEntries(sizes.map(({ size, width, height }) => [size, [width, height]]))

/** Mean colour of the middle of a quarter of a picture: 0 for left or top, 1 for right or bottom. */
async function quarter(file: Uint8Array, right: number, bottom: number): Promise<number[]> {
  const { width, height } = await sharp(file).metadata()
  const area = {
    left: Math.floor(width * (0.1 + right * 0.6)),
    top: Math.floor(height * (0.1 + bottom * 0.6)),
    width: Math.floor(width * 0.2),
    height: Math.floor(height * 0.2),
  }
  const { channels } = await sharp(await sharp(file).extract(area).png().toBuffer()).stats()
  return channels.map(({ mean }) => mean)
}

describe('prepareMedia on images', () => {
  it('makes all sizes of a large JPEG from one decode and says what it is', async () => {
    const prepared = await prepare(await picture(3000, 2000).jpeg().toBuffer(), 'image')
    assert.deepEqual(prepared.facts, { kind: 'image', width: 3000, height: 2000, format: 'JPEG', colorMode: 'RGB' })
    assert.equal(prepared.contentType, 'image/jpeg')
    assert.deepEqual(sidesOf(prepared), { large: [1024, 683], small: [512, 341], tiny: [128, 85] })
    for (const { size, width, height } of prepared.sizes) {
      const found = await sharp(part(prepared, size)).metadata()
      assert.deepEqual([found.format, found.width, found.height], ['jpeg', width, height])
    }
    const [red, green] = await quarter(part(prepared, 'tiny'), 1, 0)
    assert.ok(red! > 150 && green! < 110, `top right is red: ${red}, ${green}`)
  })

  it('lets a small picture be its own sizes', async () => {
    const prepared = await prepare(await picture(600, 400).png().toBuffer())
    assert.deepEqual(sidesOf(prepared), { large: [600, 400], small: [600, 400], tiny: [128, 85] })
    assert.deepEqual(
      prepared.sizes.map(({ size, contentType, part: own }) => [size, contentType, own !== undefined]),
      [
        ['large', 'image/png', false],
        ['small', 'image/png', false],
        ['tiny', 'image/jpeg', true],
      ],
    )
    const least = await prepare(await picture(60, 40).png().toBuffer())
    assert.equal(least.derived, undefined)
    assert.deepEqual(
      least.sizes.map(({ part: own }) => own),
      [undefined, undefined, undefined],
    )
    // The same number of pixels in a large file is not sent where a small one is asked for.
    const { data, info } = await picture(600, 400).raw().toBuffer({ resolveWithObject: true })
    const noisy = data.map((value, at) => (value + ((at * 7_919) % 251)) & 255)
    const heavy = await sharp(noisy, { raw: info }).png().toBuffer()
    assert.ok(heavy.length > 512 * 1024)
    assert.deepEqual(sidesOf(await prepare(heavy)), { large: [600, 400], small: [512, 341], tiny: [128, 85] })
  })

  it('turns derived sizes as EXIF says', async () => {
    for (const [width, height] of [
      [2400, 1600],
      [300, 200],
    ] as const) {
      const turned = await picture(width, height).jpeg().withMetadata({ orientation: 6 }).toBuffer()
      const prepared = await prepare(turned, 'image')
      assert.deepEqual(
        [prepared.sizes[0]!.width < prepared.sizes[0]!.height, prepared.facts],
        [true, { kind: 'image', width: height, height: width, format: 'JPEG', colorMode: 'RGB' }],
      )
      // What was at the bottom left (green) is at the top left now.
      const [red, green] = await quarter(part(prepared, 'tiny'), 0, 0)
      assert.ok(green! > 150 && red! < 110, `top left is green: ${red}, ${green}`)
      assert.equal((await sharp(part(prepared, 'large')).metadata()).orientation, undefined)
    }
  })

  it('makes formats that browsers do not show into JPEG, also small ones', async () => {
    const prepared = await prepare(await picture(100, 80).tiff().toBuffer())
    assert.deepEqual(prepared.facts, { kind: 'image', width: 100, height: 80, format: 'TIFF', colorMode: 'RGB' })
    assert.deepEqual(
      prepared.sizes.map(({ contentType }) => contentType),
      ['image/jpeg', 'image/jpeg', 'image/jpeg'],
    )
    assert.equal((await sharp(part(prepared, 'tiny')).metadata()).width, 100)
  })

  it('converts wide colours, so that they look the same without their profile', async () => {
    const red = { create: { width: 1200, height: 900, channels: 3 as const, background: { r: 200, g: 30, b: 40 } } }
    const wide = await sharp(red).withIccProfile('p3').jpeg({ quality: 98 }).toBuffer()
    const [was] = await quarter(await sharp(wide).toColourspace('srgb').png().toBuffer(), 0, 0)
    const [is] = await quarter(part(await prepare(wide), 'small'), 0, 0)
    assert.ok(Math.abs(was! - is!) < 4, `${was} and ${is}`)
  })

  it('refuses cut, disguised and oversized pictures with the status that says so', async () => {
    const jpeg = await picture(900, 700).jpeg().toBuffer()
    const png = await picture(100, 80).png().toBuffer()
    await assert.rejects(prepare(jpeg.subarray(0, jpeg.length / 2)), refusal(StatusCode.ALL_INPUT_INVALID_BYTES))
    await assert.rejects(prepare(png.subarray(0, png.length / 2)), refusal(StatusCode.ALL_INPUT_INVALID_BYTES))
    await assert.rejects(prepare(Buffer.from('not a picture'), 'image'), refusal(StatusCode.INPUT_UNSUPPORTED_FORMAT))
    await assert.rejects(prepare(jpeg, 'video'), refusal(StatusCode.INPUT_UNSUPPORTED_FORMAT))
    await assert.rejects(prepare(Buffer.alloc(21 * 1024 * 1024), 'image'), refusal(StatusCode.INPUT_OVER_LIMIT))
    const bomb = await sharp({ create: { width: 12_000, height: 8_000, channels: 3, background: '#fff' } })
      .png()
      .toBuffer()
    await assert.rejects(prepare(bomb), refusal(StatusCode.INPUT_OVER_LIMIT))
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')
    await assert.rejects(prepare(svg, 'image'), refusal(StatusCode.INPUT_UNSUPPORTED_FORMAT))
  })
})

describe('prepareMedia on videos and sound', () => {
  const film = (frames: number, fps = 10) =>
    encodeVideo({
      container: 'mp4',
      codec: 'mpeg4',
      width: 320,
      height: 240,
      fps,
      frames,
      luma: (frame) => (frame === 0 ? 20 : frame === 10 ? 220 : 120),
    })

  it('takes the picture at one second as the thumbnail, from a file', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'limpid-prepare-'))
    try {
      const file = join(folder, 'film')
      await writeFile(file, await film(30))
      const prepared = await prepareMedia({ kind: 'video', source: { file } })
      assert.ok(prepared.facts.kind === 'video')
      const { bitRate, ...facts } = prepared.facts
      assert.deepEqual(facts, {
        kind: 'video',
        width: 320,
        height: 240,
        fps: 10,
        videoFormat: 'MP4',
        frameCount: 30,
        durationSeconds: 3,
      })
      assert.ok(bitRate > 0)
      assert.deepEqual(Object.keys(sidesOf(prepared)), ['thumbnail', 'large', 'small', 'tiny'])
      assert.deepEqual(sidesOf(prepared).thumbnail, [320, 240])
      const [bright] = await quarter(part(prepared, 'thumbnail'), 0, 0)
      assert.ok(bright! > 200, `the frame at one second is bright: ${bright}`)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('takes the first picture of a shorter video', async () => {
    const prepared = await prepare(await film(5), 'video')
    const [dark] = await quarter(part(prepared, 'thumbnail'), 0, 0)
    assert.ok(dark! < 60, `the first frame is dark: ${dark}`)
  })

  it('refuses a video without a frame that decodes', async () => {
    const bytes = await film(5)
    await assert.rejects(prepare(bytes.subarray(0, 600), 'video'), refusal(StatusCode.ALL_INPUT_INVALID_BYTES))
  })

  it('says what a sound is', async () => {
    const wav = await encodeTone({
      container: 'wav',
      codec: 'pcm_s16le',
      hertz: 440,
      sampleRate: 22_050,
      channels: 1,
      seconds: 2,
    })
    const prepared = await prepare(wav, 'audio')
    assert.deepEqual(prepared.facts, {
      kind: 'audio',
      audioFormat: 'WAV',
      sampleRate: 22_050,
      durationSeconds: 2,
      bitRate: 352_800,
    })
    assert.equal(prepared.contentType, 'audio/wav')
    assert.deepEqual(prepared.sizes, [])
  })
})

describe('prepareMedia on text', () => {
  it('counts characters, not bytes', async () => {
    const prepared = await prepare(Buffer.from('\ufeffgrüße 👋'), 'text')
    assert.deepEqual(prepared.facts, { kind: 'text', charCount: 7, encoding: 'UTF8' })
    assert.equal(prepared.converted, undefined)
    assert.equal(prepared.contentType, 'text/plain; charset=utf-8')
  })

  it('converts UTF-16 and refuses what is no text', async () => {
    const prepared = await prepare(Buffer.from('\ufeffgrüße', 'utf16le'), 'text')
    assert.equal(Buffer.from(prepared.converted!).toString(), 'grüße')
    assert.deepEqual(prepared.facts, { kind: 'text', charCount: 5, encoding: 'UTF8' })
    await assert.rejects(prepare(Buffer.from('grüße', 'latin1'), 'text'), refusal(StatusCode.INPUT_UNSUPPORTED_FORMAT))
    await assert.rejects(prepare(Buffer.from([104, 0, 105]), 'text'), refusal(StatusCode.INPUT_UNSUPPORTED_FORMAT))
  })
})
