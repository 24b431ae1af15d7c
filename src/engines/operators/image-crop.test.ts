import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { DataSchema, ImageSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { ImageHandle } from '../../media/image.ts'
import { materialise } from '../scope.ts'
import { imageCrop } from './image-crop.ts'
import { apply, concept, region, scope } from './test-support.ts'

/** A picture of 100 x 50 pixels whose red is the column and whose green is the row. */
function picture() {
  const pixels = new Uint8Array(100 * 50 * 3)
  for (let row = 0; row < 50; row++) {
    for (let column = 0; column < 100; column++) pixels.set([column, row, 0], (row * 100 + column) * 3)
  }
  const within = scope()
  const image = create(ImageSchema)
  within.bindImage(image, ImageHandle.fromRaw(pixels, 100, 50))
  return { image, within }
}

async function cropOf(box: [number, number, number, number], margin?: number) {
  const { image, within } = picture()
  const data = create(DataSchema, { image, regions: [region('r', box)] })
  const answer = await apply(imageCrop, data, { params: margin === undefined ? {} : { margin } }, within)
  const handle = await within.imageOf(answer.regions[0]!.data!.image!)
  const { data: pixels } = await handle.pixels()
  return { width: handle.width, height: handle.height, left: pixels[0], top: pixels[1], answer }
}

test('margin 1 is the box itself', async () => {
  const { width, height, left, top, answer } = await cropOf([0.2, 0.1, 0.6, 0.3])
  assert.deepEqual([width, height, left, top], [20, 20, 10, 10])
  const [kept] = answer.regions
  assert.deepEqual([kept!.id, kept!.value, kept!.regionInfo!.boundingBox!.rightCol], ['r', 0.5, 0.3])
})

test('other margins grow or shrink the box around its middle', async () => {
  const grown = await cropOf([0.2, 0.2, 0.6, 0.4], 1.5)
  assert.deepEqual([grown.width, grown.height, grown.left, grown.top], [30, 30, 15, 5])
  const shrunk = await cropOf([0.2, 0.2, 0.6, 0.4], 0.5)
  assert.deepEqual([shrunk.width, shrunk.height, shrunk.left, shrunk.top], [10, 10, 25, 15])
})

test('what lies outside of the picture is left out; an empty box is one pixel', async () => {
  const wide = await cropOf([-0.5, 0.9, 0.5, 1.4])
  assert.deepEqual([wide.width, wide.height], [10, 25])
  const empty = await cropOf([0.5, 0.5, 0.5, 0.5])
  assert.deepEqual([empty.width, empty.height], [1, 1])
})

test('only the picture is answered, for regions with a usable box, and can be encoded', async () => {
  const { image, within } = picture()
  const tagged = create(DataSchema, { concepts: [concept('a')] })
  const data = create(DataSchema, {
    image,
    regions: [region('r', [0, 0, 1, 0.5], tagged), { id: 'no box' }, region('nan', [Number.NaN, 0, 1, 1])],
  })
  const answer = await apply(imageCrop, data, {}, within)
  assert.deepEqual(
    answer.regions.map(({ id }) => id),
    ['r'],
  )
  assert.equal(answer.regions[0]!.data!.concepts.length, 0)
  await materialise(answer)
  const decoded = await ImageHandle.decode(answer.regions[0]!.data!.image!.base64)
  assert.deepEqual([decoded.width, decoded.height], [50, 50])
})

test('margins out of range are refused', async () => {
  for (const margin of [0, -1, 1000, 'wide']) {
    const data = create(DataSchema, { image: picture().image })
    await assert.rejects(apply(imageCrop, data, { params: { margin } }), { code: StatusCode.MODEL_INVALID_ARGUMENT })
  }
})
