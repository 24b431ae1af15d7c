import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainJpegHeader } from './jpeg-header.ts'
import { sharp } from './sharp-setup.ts'

const picture = (channels: 3 | 4 = 3) =>
  sharp({ create: { width: 37, height: 23, channels, background: { r: 200, g: 40, b: 9, alpha: 1 } } })

test('plain JPEGs are read as the image library reads them', async () => {
  const files = {
    baseline: await picture().jpeg().toBuffer(),
    progressive: await picture().jpeg({ progressive: true }).toBuffer(),
    'no subsampling': await picture().jpeg({ chromaSubsampling: '4:4:4' }).toBuffer(),
    'with a profile': await picture().withIccProfile('p3').jpeg().toBuffer(),
    grey: await picture().greyscale().jpeg().toBuffer(),
  }
  for (const [name, bytes] of Object.entries(files)) {
    const { width, height, space } = await sharp(bytes).metadata()
    assert.deepEqual(plainJpegHeader(bytes), { width, height, components: space === 'b-w' ? 1 : 3 }, name)
  }
})

test('what may be turned, of four colours or no JPEG is left to the library', async () => {
  assert.equal(plainJpegHeader(await picture().withMetadata({ orientation: 6 }).jpeg().toBuffer()), undefined)
  assert.equal(plainJpegHeader(await picture().toColourspace('cmyk').jpeg().toBuffer()), undefined)
  assert.equal(plainJpegHeader(await picture().png().toBuffer()), undefined)
  assert.equal(plainJpegHeader(new Uint8Array(0)), undefined)
})

test('cut off or damaged headers are left to the library', async () => {
  const bytes = await picture().jpeg().toBuffer()
  const frame = bytes.indexOf(Buffer.from([0xff, 0xc0]))
  assert.ok(frame > 0)
  for (let length = 0; length < frame + 19; length++)
    assert.equal(plainJpegHeader(bytes.subarray(0, length)), undefined)
  const changed = (at: number, value: number): Buffer => {
    const copy = Buffer.from(bytes)
    copy[at] = value
    return copy
  }
  assert.equal(plainJpegHeader(changed(2, 0)), undefined, 'no marker')
  assert.equal(plainJpegHeader(changed(frame + 4, 12)), undefined, 'precision')
  assert.equal(plainJpegHeader(changed(frame + 3, 16)), undefined, 'length of the frame header')
  assert.equal(plainJpegHeader(changed(frame + 9, 2)), undefined, 'number of components')
  assert.equal(plainJpegHeader(changed(frame + 6, 0)), undefined, 'no height')
})
