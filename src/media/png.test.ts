import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32, deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { checkPng } from './png.ts'

const MAX = 1_000_000
const grey = (width: number, height: number) =>
  sharp(Buffer.alloc(width * height, 7), { raw: { width, height, channels: 1 } })

test('whole pictures of all kinds are read', async () => {
  const colours = sharp({
    create: { width: 33, height: 17, channels: 4, background: { r: 1, g: 2, b: 3, alpha: 0.5 } },
  })
  for (const picture of [
    grey(33, 17).png(),
    grey(33, 17).toColourspace('b-w').png({ progressive: true }),
    colours.clone().png(),
    colours.clone().png({ palette: true }),
    colours.clone().png({ progressive: true }),
    colours.clone().toColourspace('rgb16').png(),
  ]) {
    assert.deepEqual(await checkPng(await picture.toBuffer(), MAX), { width: 33, height: 17 })
  }
  assert.deepEqual(await checkPng(await grey(1, 1).png({ progressive: true }).toBuffer(), MAX), { width: 1, height: 1 })
})

test('what is no picture, cut off, damaged or too large is told', async () => {
  const png = await grey(64, 48).png().toBuffer()
  assert.equal(await checkPng(new Uint8Array(3), MAX), 'is not a PNG')
  assert.equal(await checkPng(await grey(8, 8).jpeg().toBuffer(), MAX), 'is not a PNG')
  for (const end of [8, 20, 40, png.length - 1]) {
    assert.equal(await checkPng(png.subarray(0, end), MAX), 'is a PNG that is cut off')
  }
  const damaged = Buffer.from(png)
  damaged[45]! ^= 1
  assert.match((await checkPng(damaged, MAX)) as string, /damaged|cut off/)
  assert.equal(await checkPng(png, 64 * 48 - 1), 'has 64 x 48 pixels; use at most 3071 pixels')
})

test('pixels that are too few, too many or nonsense are told, and a bomb is not unpacked', async () => {
  assert.deepEqual(await checkPng(withPixels(4, 4, deflateSync(Buffer.alloc(20))), MAX), { width: 4, height: 4 })
  assert.equal(
    await checkPng(withPixels(4, 4, deflateSync(Buffer.alloc(5 * 3))), MAX),
    'is a PNG of which pixels are missing',
  )
  assert.equal(
    await checkPng(withPixels(4, 4, deflateSync(Buffer.alloc(50_000_000))), MAX),
    'is a PNG with broken pixels',
  )
  assert.equal(await checkPng(withPixels(4, 4, Buffer.from('nonsense')), MAX), 'is a PNG with broken pixels')
  assert.equal(await checkPng(withPixels(4, 4, deflateSync(Buffer.alloc(20, 9))), MAX), 'is a PNG with broken pixels')
  assert.equal(await checkPng(withPixels(0, 4, deflateSync(Buffer.alloc(4))), MAX), 'is a PNG with a broken header')
})

/** A grey PNG with the given packed pixels. */
function withPixels(width: number, height: number, packed: Buffer): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header[8] = 8
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', packed),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data])
  const length = Buffer.alloc(4)
  length.writeUInt32BE(data.length)
  const sum = Buffer.alloc(4)
  sum.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, sum])
}
