import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32, deflateSync } from 'node:zlib'
import { isAppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import { ImageHandle } from './image.ts'
import { bmp24, gradient, picture, seeded } from './test-images.ts'

const failsWith = (code: StatusCode) => (error: unknown) => isAppError(error) && error.code === code

/** A PNG file that announces `side` x `side` pixels, all of one colour, in few bytes. */
function flatPng(side: number): Buffer {
  const chunk = (type: string, body: Buffer): Buffer => {
    const out = Buffer.alloc(body.length + 12)
    out.writeUInt32BE(body.length)
    out.write(type, 4, 'latin1')
    body.copy(out, 8)
    out.writeUInt32BE(crc32(out.subarray(4, body.length + 8)), body.length + 8)
    return out
  }
  const head = Buffer.alloc(13)
  head.writeUInt32BE(side)
  head.writeUInt32BE(side, 4)
  head[8] = 1
  const rows = Buffer.alloc((Math.ceil(side / 8) + 1) * side)
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  return Buffer.concat([
    signature,
    chunk('IHDR', head),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

test('pixel bombs and oversize files are refused from their header alone', async () => {
  const bomb = flatPng(14_000)
  assert.ok(bomb.length < 50_000)
  const before = process.memoryUsage().rss
  await assert.rejects(ImageHandle.decode(bomb), failsWith(StatusCode.INPUT_OVER_LIMIT))
  assert.ok(process.memoryUsage().rss - before < 100e6)
  const bmp = bmp24(gradient(4, 4), 4, 4)
  bmp.writeInt32LE(50_000, 18)
  bmp.writeInt32LE(50_000, 22)
  await assert.rejects(ImageHandle.decode(bmp), failsWith(StatusCode.INPUT_OVER_LIMIT))
  const file = await picture(100, 100).png().toBuffer()
  await assert.rejects(ImageHandle.decode(file, { maxBytes: 100 }), failsWith(StatusCode.INPUT_OVER_LIMIT))
  await assert.rejects(ImageHandle.decode(file, { maxPixels: 9_999 }), failsWith(StatusCode.INPUT_OVER_LIMIT))
})

test('what is no accepted image is refused as an unsupported format', async () => {
  const svg = Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
  )
  const avif = await picture(16, 16).avif().toBuffer()
  for (const bytes of [
    svg,
    avif,
    Buffer.alloc(0),
    Buffer.alloc(500),
    Buffer.from('BMW is a car maker'),
    Buffer.from('GIF'),
  ]) {
    await assert.rejects(ImageHandle.decode(bytes), failsWith(StatusCode.INPUT_UNSUPPORTED_FORMAT))
  }
})

test('truncated pictures give a clear error, never pixels', async () => {
  const whole = [
    await picture(300, 200).jpeg().toBuffer(),
    await picture(300, 200).png().toBuffer(),
    await picture(300, 200).webp().toBuffer(),
    bmp24(gradient(300, 200), 300, 200),
  ]
  for (const file of whole) {
    await assert.rejects(
      ImageHandle.decode(file.subarray(0, Math.floor(file.length * 0.6))).then((image) => image.rgb(50, 50)),
      failsWith(StatusCode.ALL_INPUT_INVALID_BYTES),
    )
  }
})

test('hundreds of mutated files give an image or an AppError and nothing else', async () => {
  const random = seeded(20_240_613)
  const base = [
    await picture(64, 48).jpeg().toBuffer(),
    await picture(64, 48).png().toBuffer(),
    await picture(64, 48).webp().toBuffer(),
    await picture(64, 48).gif().toBuffer(),
    await picture(64, 48).tiff({ compression: 'lzw' }).toBuffer(),
    bmp24(gradient(64, 48), 64, 48),
  ]
  let refused = 0
  for (let i = 0; i < 600; i++) {
    const file = Buffer.from(base[i % base.length]!)
    // Headers hold the dangerous numbers, so half of the mutations go there.
    const reach = i % 2 ? 64 : file.length
    for (let k = 0; k <= random() * 8; k++) file[Math.floor(random() * Math.min(reach, file.length))] = random() * 256
    const cut = random() < 0.2 ? file.subarray(0, Math.floor(random() * file.length)) : file
    try {
      const image = await ImageHandle.decode(cut)
      assert.equal((await image.rgb(32, 32)).length, 32 * 32 * 3)
      await image.crop({ top: 0.1, left: 0.1, bottom: 0.4, right: 0.4 }).rgb(8, 8)
    } catch (error) {
      if (!isAppError(error)) throw error
      refused++
    }
  }
  assert.ok(refused > 100 && refused < 600, `${refused} refused`)
})
