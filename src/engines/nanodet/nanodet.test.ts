import assert from 'node:assert/strict'
import { test } from 'node:test'
import { itemOfBytes, loadForTest, PLAIN, platformPhoto } from '../test-weights.ts'
import { BINS, CLASSES, decodeBoxes } from './decode.ts'
import { nanodet } from './engine.ts'

test('a cell gives a box whose edges lie as far away as its distributions say', () => {
  const cells = 13 * 13
  const scores = new Float32Array(cells * CLASSES)
  const edges = new Float32Array(cells * 4 * BINS)
  // The cell in the third column of the second row, class 7, edges 1, 1, 2 and 0 cells away.
  const cell = 13 + 2
  scores[cell * CLASSES + 7] = 0.8
  for (const [edge, bin] of [1, 1, 2, 0].entries()) edges[(4 * cell + edge) * BINS + bin] = 60
  const [box, ...others] = decodeBoxes([{ stride: 32, scores, edges }], 0.5, 10)
  assert.deepEqual(others, [])
  const pixels = [box!.left, box!.top, box!.right, box!.bottom].map((share) => Math.round(share * 416))
  assert.deepEqual([box!.label, ...pixels], [7, 48, 16, 144, 48])
})

test('people on a platform and their train are found', async () => {
  const loaded = await loadForTest(nanodet)
  try {
    const [data] = await loaded.infer([itemOfBytes(await platformPhoto())], PLAIN)
    const names = new Set(data!.regions.map((region) => region.data!.concepts[0]!.name))
    assert.ok(names.has('person'), [...names].join())
    for (const { value } of data!.regions) assert.ok(value >= 0.4 && value <= 1)
  } finally {
    await loaded.dispose()
  }
})
