import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainProducts } from './products.ts'
import { trainProjection } from './projection.ts'
import { seededRandom } from './random.ts'
import { clouds } from './test-heads.ts'
import type { HeadOrder } from './types.ts'

/** Share of examples whose nearest other one, by cosine around the mean, has the same concept. */
function neighbours(order: HeadOrder, project: (vector: Float32Array) => number[]): number {
  const { embeddings, dims, concepts } = order
  const rows = Array.from({ length: embeddings.length / dims }, (_, row) => {
    const vector = project(embeddings.subarray(row * dims, (row + 1) * dims))
    const length = Math.hypot(...vector)
    return vector.map((value) => value / length)
  })
  const right = rows.filter((row, at) => {
    const scores = rows.map((other, place) => (place === at ? -2 : other.reduce((sum, x, i) => sum + x * row[i]!, 0)))
    return scores.indexOf(Math.max(...scores)) % concepts === at % concepts
  })
  return right.length / rows.length
}

test('differences inside concepts count less, so that neighbours share their concept more often', async () => {
  const order = clouds(120, 16, 3, 0.4)
  // Half of the numbers have nothing to do with concepts, and outweigh the others.
  const random = seededRandom(4)
  for (let at = 0; at < order.embeddings.length; at++) {
    if (at % 16 >= 8) order.embeddings[at] = 20 * (random() - 0.5)
  }
  const { matrix, mean, log } = await trainProjection(order, (vectors) => plainProducts(vectors, 16))
  const centred = (vector: Float32Array): number[] => [...vector].map((value, at) => value - mean[at]!)
  const before = neighbours(order, centred)
  const after = neighbours(order, (vector) => {
    const moved = centred(vector)
    return Array.from({ length: 16 }, (_, row) =>
      moved.reduce((sum, value, at) => sum + value * matrix[row * 16 + at]!, 0),
    )
  })
  assert.ok(before < 0.75 && after > before + 0.15, `${before} before, ${after} after`)
  assert.deepEqual(
    log.concepts.map(({ positives }) => positives),
    [40, 40, 40],
  )
})

test('one example of each concept leaves numbers that are finite', async () => {
  const { matrix, mean } = await trainProjection(clouds(2, 4, 2), (vectors) => plainProducts(vectors, 4))
  assert.ok([...matrix, ...mean].every(Number.isFinite))
})
