import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import { isAppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import { ImageHandle, letterbox } from './image.ts'
import { bmp24, gradient, maxDifference, meanDifference, picture } from './test-images.ts'

const failsWith = (code: StatusCode) => (error: unknown) => isAppError(error) && error.code === code
const pixel = (rgb: Uint8Array, width: number, x: number, y: number): number[] => [
  ...rgb.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
]

test('every accepted format decodes to the pixels that were encoded', async () => {
  const plain = gradient(60, 40)
  const files: Record<string, Buffer> = {
    PNG: await picture(60, 40).png().toBuffer(),
    JPEG: await picture(60, 40).jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer(),
    WEBP: await picture(60, 40).webp({ lossless: true }).toBuffer(),
    TIFF: await picture(60, 40).tiff({ compression: 'lzw' }).toBuffer(),
    GIF: await picture(60, 40).gif().toBuffer(),
    BMP: bmp24(plain, 60, 40),
  }
  const lossy: Record<string, number> = { JPEG: 2, GIF: 8 }
  for (const [format, file] of Object.entries(files)) {
    const image = await ImageHandle.decode(file)
    assert.deepEqual([image.format, image.width, image.height], [format, 60, 40])
    const difference = meanDifference(await image.rgb(60, 40), plain)
    assert.ok(difference <= (lossy[format] ?? 0), `${format} differs by ${difference}`)
  }
})

test('a size looks the same whether it is asked for first or last', async () => {
  const sizes = [
    [224, 224],
    [300, 200],
    [64, 64],
    [500, 480],
  ] as const
  for (const file of [
    await picture(640, 480).jpeg().toBuffer(),
    await picture(1501, 1003)
      .jpeg()
      .withExif({ IFD0: { Software: 'x' } })
      .toBuffer(),
    await sharp(gradient(640, 480), { raw: { width: 640, height: 480, channels: 3 } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer(),
    await picture(640, 480).png().toBuffer(),
    await picture(640, 480).webp().toBuffer(),
  ]) {
    for (const fit of ['fill', 'contain', 'cover'] as const) {
      const shared = await ImageHandle.decode(file)
      await shared.pixels()
      const used = await Promise.all(sizes.map(([w, h]) => shared.rgb(w, h, { fit })))
      for (const [i, [w, h]] of sizes.entries()) {
        const alone = await (await ImageHandle.decode(file)).rgb(w, h, { fit })
        assert.equal(maxDifference(alone, used[i]!), 0, `${shared.format} ${fit} ${w}x${h}`)
      }
    }
  }
})

test('two models that ask for the same size share one array', async () => {
  const image = await ImageHandle.decode(await picture(100, 100).jpeg().toBuffer())
  const [a, b, other] = await Promise.all([
    image.rgb(50, 50),
    image.rgb(50, 50),
    image.rgb(50, 50, { kernel: 'cubic' }),
  ])
  assert.equal(a, b)
  assert.notEqual(a, other)
})

test('large JPEGs reduced on load stay close to a full decode', async () => {
  // The decoder rounds odd sizes up when it reduces, which stretches by less than a pixel of the original.
  for (const [width, height, tolerance] of [
    [4000, 3000, 1],
    [1300, 1116, 1],
    [1301, 1117, 3],
  ] as const) {
    const file = await picture(width, height).jpeg().toBuffer()
    const full = await sharp(file).raw().toBuffer()
    const wanted = await sharp(full, { raw: { width, height, channels: 3 } })
      .resize(224, 224, { fit: 'fill', kernel: 'linear' })
      .raw()
      .toBuffer()
    const difference = meanDifference(await (await ImageHandle.decode(file)).rgb(224, 224), wanted)
    assert.ok(difference < tolerance, `${width}x${height} differs by ${difference}`)
  }
})

test('EXIF orientation is applied to size, pixels and crops', async () => {
  for (let orientation = 1; orientation <= 8; orientation++) {
    const file = await picture(80, 40).png().toBuffer()
    const turned = await sharp(file)
      .withMetadata({ orientation })
      .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
      .toBuffer()
    const upright = await sharp(turned).rotate().raw().toBuffer({ resolveWithObject: true })
    const image = await ImageHandle.decode(turned)
    assert.deepEqual([image.width, image.height], [upright.info.width, upright.info.height])
    assert.ok(maxDifference(await image.rgb(image.width, image.height), upright.data) <= 2)
    const corner = await image.crop({ top: 0, left: 0, bottom: 0.5, right: 0.5 }).pixels()
    assert.ok(Math.abs(corner.data[0]! - upright.data[0]!) <= 2)
  }
})

test('transparent pixels are seen on white, grey, 16-bit and CMYK become 8-bit RGB', async () => {
  const clear = await sharp({
    create: { width: 8, height: 8, channels: 4, background: { r: 9, g: 9, b: 9, alpha: 0 } },
  })
    .png()
    .toBuffer()
  const alpha = await ImageHandle.decode(clear)
  assert.equal(alpha.colorMode, 'RGBA')
  assert.deepEqual(pixel(await alpha.rgb(4, 4), 4, 2, 2), [255, 255, 255])

  const deep = await picture(32, 16).toColourspace('rgb16').png().toBuffer()
  assert.equal((await sharp(deep).metadata()).depth, 'ushort')
  const image16 = await ImageHandle.decode(deep)
  assert.ok(maxDifference(await image16.rgb(32, 16), gradient(32, 16)) <= 1)

  const grey = await picture(32, 16).toColourspace('b-w').png().toBuffer()
  const imageGrey = await ImageHandle.decode(grey)
  const rgb = await imageGrey.rgb(32, 16)
  assert.equal(imageGrey.colorMode, 'L')
  assert.ok(rgb[300] === rgb[301] && rgb[301] === rgb[302])

  const cmyk = await picture(64, 64).toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer()
  assert.equal((await sharp(cmyk).metadata()).space, 'cmyk')
  const imageCmyk = await ImageHandle.decode(cmyk)
  assert.equal(imageCmyk.colorMode, 'CMYK')
  assert.ok(meanDifference(await imageCmyk.rgb(64, 64), gradient(64, 64)) < 25)
})

test('an animated GIF gives its first frame; too many frames are refused', async () => {
  const frames = Buffer.concat([
    Buffer.alloc(16 * 16 * 3, 200),
    Buffer.alloc(16 * 16 * 3, 10),
    Buffer.alloc(16 * 16 * 3, 90),
  ])
  const file = await sharp(frames, { raw: { width: 16, height: 48, channels: 3, pageHeight: 16 } })
    .gif()
    .toBuffer()
  assert.equal((await sharp(file).metadata()).pages, 3)
  const image = await ImageHandle.decode(file)
  assert.deepEqual([image.width, image.height], [16, 16])
  assert.ok(Math.abs((await image.rgb(16, 16))[0]! - 200) <= 4)
  await assert.rejects(ImageHandle.decode(file, { maxFrames: 2 }), failsWith(StatusCode.INPUT_OVER_LIMIT))
})

test('letterboxing keeps proportions and reports where the picture went', async () => {
  const file = await sharp({ create: { width: 200, height: 100, channels: 3, background: '#fff' } })
    .png()
    .toBuffer()
  const image = await ImageHandle.decode(file)
  const place = letterbox(200, 100, 64, 64)
  assert.deepEqual(place, { scale: 0.32, left: 0, top: 16, width: 64, height: 32 })
  const rgb = await image.rgb(64, 64, { fit: 'contain', background: { r: 1, g: 2, b: 3 } })
  assert.deepEqual(pixel(rgb, 64, 30, 15), [1, 2, 3])
  assert.deepEqual(pixel(rgb, 64, 30, 16), [255, 255, 255])
  assert.deepEqual(pixel(rgb, 64, 30, 47), [255, 255, 255])
  assert.deepEqual(pixel(rgb, 64, 30, 48), [1, 2, 3])
})

test('cover cuts the middle out, also of very long pictures', async () => {
  const thirds = Buffer.alloc(300 * 10 * 3)
  for (let i = 0; i < 3000; i++) thirds.fill(Math.floor((i % 300) / 100) * 100, i * 3, i * 3 + 3)
  const image = ImageHandle.fromRaw(thirds, 300, 10)
  const rgb = await image.rgb(32, 32, { fit: 'cover' })
  assert.ok(rgb.every((value) => value === 100))
  const long = ImageHandle.fromRaw(Buffer.alloc(20_000 * 3, 7), 20_000, 1)
  assert.equal((await long.rgb(224, 224, { fit: 'cover' })).length, 224 * 224 * 3)
  assert.equal((await long.rgb(224, 224, { fit: 'contain' })).length, 224 * 224 * 3)
})

test('crops are exact, nest, widen by a margin and stay inside the picture', async () => {
  const plain = gradient(100, 50)
  const image = await ImageHandle.decode(await picture(100, 50).png().toBuffer())
  const part = image.crop({ top: 0.2, left: 0.1, bottom: 0.6, right: 0.5 })
  assert.deepEqual([part.width, part.height], [40, 20])
  const pixels = await part.pixels()
  assert.deepEqual(pixel(pixels.data, 40, 0, 0), pixel(plain, 100, 10, 10))
  assert.deepEqual(pixel(pixels.data, 40, 39, 19), pixel(plain, 100, 49, 29))
  assert.equal(maxDifference(await part.rgb(40, 20), pixels.data), 0)
  const nested = await part.crop({ top: 0.5, left: 0.5, bottom: 1, right: 1 }).pixels()
  assert.deepEqual([nested.width, nested.height], [20, 10])
  assert.deepEqual(pixel(nested.data, 20, 0, 0), pixel(plain, 100, 30, 20))
  const wide = image.crop({ top: 0.2, left: 0.1, bottom: 0.6, right: 0.5 }, { margin: 0.5 })
  assert.deepEqual([wide.width, wide.height], [70, 40])
  const outside = image.crop({ top: -3, left: 2, bottom: -2, right: 5 })
  assert.deepEqual([outside.width, outside.height], [1, 1])
  assert.deepEqual(pixel((await outside.pixels()).data, 1, 0, 0), pixel(plain, 100, 99, 0))
  assert.throws(() => image.crop({ top: Number.NaN, left: 0, bottom: 1, right: 1 }), RangeError)
})

test('crops of very large pictures come from a reduced copy and hit the same place', async () => {
  const [width, height] = [6_000, 4_500]
  const corner = await sharp({ create: { width: 1_500, height: 900, channels: 3, background: '#c81e3c' } })
    .png()
    .toBuffer()
  const file = await sharp({ create: { width, height, channels: 3, background: '#0a1428' } })
    .composite([{ input: corner, left: 4_500, top: 3_600 }])
    .jpeg()
    .toBuffer()
  const image = await ImageHandle.decode(file)
  const pixels = await image.pixels()
  assert.deepEqual([pixels.width, pixels.height], [3_000, 2_250])
  const part = image.crop({ top: 0.8, left: 0.75, bottom: 1, right: 1 })
  assert.deepEqual([part.width, part.height], [1_500, 900])
  assert.ok(maxDifference(await part.rgb(8, 8), Buffer.alloc(192, Buffer.from([200, 30, 60]))) <= 4)
  const square = await image.squareCrop({ x0: 4_800, y0: 3_700, x1: 5_400, y1: 4_300 }, 1, 16)
  assert.ok(maxDifference(square, Buffer.alloc(768, Buffer.from([200, 30, 60]))) <= 4)
})

test('square crops are centred, black outside, and turn about their centre', async () => {
  const plain = gradient(100, 80)
  const image = ImageHandle.fromRaw(plain, 100, 80)
  const straight = await image.squareCrop({ x0: 20, y0: 20, x1: 40, y1: 60 }, 1, 40)
  assert.deepEqual(pixel(straight, 40, 0, 0), pixel(plain, 100, 10, 20))
  assert.deepEqual(pixel(straight, 40, 39, 39), pixel(plain, 100, 49, 59))
  const border = await image.squareCrop({ x0: -20, y0: 0, x1: 20, y1: 40 }, 1, 40)
  assert.deepEqual(pixel(border, 40, 5, 20), [0, 0, 0])
  assert.deepEqual(pixel(border, 40, 30, 20), pixel(plain, 100, 10, 20))
  const quarter = await image.rotateCrop({ centerX: 50, centerY: 40, side: 40, angle: Math.PI / 2 }, 40)
  assert.deepEqual(pixel(quarter, 40, 0, 0), pixel(plain, 100, 69, 20))
  assert.deepEqual(pixel(quarter, 40, 39, 0), pixel(plain, 100, 69, 59))
  const nowhere = await image.squareCrop({ x0: 1e6, y0: 1e6, x1: 1e6 + 500, y1: 1e6 + 500 }, 1, 8)
  assert.ok(nowhere.every((value) => value === 0))
  await assert.rejects(image.squareCrop({ x0: 5, y0: 5, x1: 5, y1: 5 }, 1, 8), RangeError)
})

test('a square crop much larger than its target averages all of its pixels', async () => {
  const rows = Buffer.alloc(400 * 400 * 3)
  for (let y = 0; y < 400; y += 2) rows.fill(255, y * 1200, (y + 1) * 1200)
  const image = ImageHandle.fromRaw(rows, 400, 400)
  for (const angle of [0, 0.4]) {
    const out = await image.rotateCrop({ centerX: 200, centerY: 200, side: 240, angle }, 24)
    assert.ok(Math.abs(meanDifference(out, Buffer.alloc(out.length)) - 127.5) < 3)
    assert.ok(maxDifference(out, Buffer.alloc(out.length, 128)) < 30)
  }
})

test('a picture encodes to PNG without loss and to JPEG, reduced on demand', async () => {
  const plain = gradient(90, 60)
  const image = ImageHandle.fromRaw(plain, 90, 60)
  assert.equal(
    maxDifference(
      await sharp(await image.encode('png'))
        .raw()
        .toBuffer(),
      plain,
    ),
    0,
  )
  const small = await sharp(await image.encode('jpeg', { maxSide: 30 })).metadata()
  assert.deepEqual([small.format, small.width, small.height], ['jpeg', 30, 20])
})
