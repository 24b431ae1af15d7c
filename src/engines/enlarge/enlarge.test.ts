import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ImageHandle } from '../../media/image.ts'
import { sharp } from '../../media/sharp-setup.ts'
import { itemOfPicture, loadForTest, PLAIN, platformPhoto } from '../test-weights.ts'
import { ENLARGE_PIXELS_MAX, esrganSlim } from './engine.ts'
import { parts, place, TILE_PX, tileAt } from './tiles.ts'

test('tiles that are put back after doubling give the doubled picture', () => {
  const [width, height] = [170, 83]
  const data = Uint8Array.from({ length: width * height * 3 }, (_, at) => (at * 7) % 251)
  const picture = { data, width, height }
  const out = { data: new Uint8Array(data.length * 4), width: width * 2, height: height * 2 }
  for (const { x, y } of parts(picture)) {
    const tile = tileAt(picture, x, y)
    const side = 2 * TILE_PX
    const large = Float32Array.from({ length: side * side * 3 }, (_, at) => {
      const [pixel, channel] = [Math.floor(at / 3), at % 3]
      const [row, column] = [Math.floor(pixel / side) >> 1, (pixel % side) >> 1]
      return tile[(row * TILE_PX + column) * 3 + channel]!
    })
    place(large, out, x, y)
  }
  for (let at = 0; at < out.data.length; at++) {
    const [pixel, channel] = [Math.floor(at / 3), at % 3]
    const [row, column] = [Math.floor(pixel / out.width) >> 1, (pixel % out.width) >> 1]
    if (out.data[at] !== data[(row * width + column) * 3 + channel]) assert.fail(`byte ${at} differs`)
  }
})

/** How far two pictures lie apart, as the mean squared difference of their bytes. */
const distance = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((sum, value, at) => sum + (value - b[at]!) ** 2, 0) / a.length

test('a photo made small comes closer to the original than by plain enlarging', async () => {
  const original = sharp(await platformPhoto())
    .resize(400, 240, { fit: 'cover' })
    .removeAlpha()
  const truth = await original.clone().raw().toBuffer()
  const small = await sharp(truth, { raw: { width: 400, height: 240, channels: 3 } })
    .resize(200, 120)
    .raw()
    .toBuffer()
  const plain = await sharp(small, { raw: { width: 200, height: 120, channels: 3 } })
    .resize(400, 240)
    .raw()
    .toBuffer()
  const loaded = await loadForTest(esrganSlim)
  try {
    const item = itemOfPicture(ImageHandle.fromRaw(small, 200, 120))
    const [data] = await loaded.infer([item], PLAIN)
    const large = await item.scope.imageOf(data!.image!)
    assert.deepEqual([large.width, large.height], [400, 240])
    const { data: pixels } = await large.pixels()
    assert.ok(distance(pixels, truth) < 0.9 * distance(plain, truth))
    const huge = itemOfPicture(
      ImageHandle.fromRaw(new Uint8Array((ENLARGE_PIXELS_MAX + 1) * 3), ENLARGE_PIXELS_MAX + 1, 1),
    )
    await assert.rejects(loaded.infer([huge], PLAIN), /only pictures of at most 1048576 pixels/)
  } finally {
    await loaded.dispose()
  }
})
