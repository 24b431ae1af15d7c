import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MAX_MASK_SIDE } from './limits.ts'
import { splitMask } from './mask.ts'
import { sharp } from './sharp-setup.ts'

const grey = async (png: Buffer): Promise<Buffer> => sharp(png).toColourspace('b-w').raw().toBuffer()

test('a soft mask becomes two masks in the size of the picture, which make up the whole', async () => {
  // The left quarter is certain, the next one nearly so, the right half is not.
  const soft = { values: [1, 0.9, 0.1, 0, 1, 0.9, 0.1, 0], width: 4, height: 2 }
  const { inside, outside } = await splitMask(soft, { width: 40, height: 10 })
  assert.deepEqual([inside.width, inside.height, outside.width, outside.height], [40, 10, 40, 10])
  const [covered, rest] = [await grey(inside.png), await grey(outside.png)]
  const { channels, width, height, format } = await sharp(inside.png).metadata()
  assert.deepEqual([channels, width, height, format], [1, 40, 10, 'png'])
  assert.deepEqual(new Set(covered), new Set([0, 255]))
  assert.ok(covered.every((value, at) => value + rest[at]! === 255))
  assert.deepEqual([covered[0], covered[18], covered[21], covered[39]], [255, 255, 0, 0])
  assert.ok(Math.abs(inside.share - 0.5) < 0.03 && Math.abs(inside.share + outside.share - 1) < 1e-9)
})

test('masks of large pictures are smaller but keep the shape', async () => {
  const soft = { values: [0, Number.NaN, -3, 7], width: 2, height: 2 }
  const { inside } = await splitMask(soft, { width: 4 * MAX_MASK_SIDE, height: MAX_MASK_SIDE })
  assert.deepEqual([inside.width, inside.height], [MAX_MASK_SIDE, MAX_MASK_SIDE / 4])
  assert.ok(inside.share > 0.1 && inside.share < 0.4)
  const { outside } = await splitMask({ values: [0], width: 1, height: 1 }, { width: 1, height: 1 })
  assert.deepEqual([outside.share, [...(await grey(outside.png))]], [1, [255]])
})
