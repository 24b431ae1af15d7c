import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findClusters } from './clusters.ts'
import { plainProducts } from './products.ts'
import { clouds } from './test-heads.ts'

const grouped = (embeddings: Float32Array, dims: number, clusters: number, seed = 1) =>
  findClusters({ embeddings, dims, clusters, seed }, plainProducts(embeddings, dims))

test('clouds are found as clusters, each with its share, and the same again with the same seed', async () => {
  const { embeddings } = clouds(90, 8, 3, 0.1)
  const found = await grouped(embeddings, 8, 3)
  assert.deepEqual([...found.counts], [30, 30, 30])
  assert.ok(found.spread < 0.2)
  assert.deepEqual(await grouped(embeddings, 8, 3), found)
  const [a, b] = [found.axes.subarray(0, 8), found.axes.subarray(8)]
  const dot = (x: Float32Array, y: Float32Array): number => x.reduce((sum, value, at) => sum + value * y[at]!, 0)
  assert.ok(Math.abs(dot(a, a) - 1) < 1e-5 && Math.abs(dot(b, b) - 1) < 1e-5 && Math.abs(dot(a, b)) < 1e-5)
})

test('the first axis is the direction in which vectors differ most', async () => {
  const embeddings = Float32Array.from({ length: 40 }, (_, at) => (at % 2 === 0 ? at : 3 + (at % 4)))
  const { axes } = await grouped(embeddings, 2, 2)
  assert.ok(Math.abs(axes[0]!) > 0.99)
})

test('there are no more clusters than vectors, and equal vectors are one group', async () => {
  assert.equal((await grouped(Float32Array.of(1, 2, 3, 4), 2, 9)).counts.length, 2)
  const same = await grouped(new Float32Array(30).fill(2), 3, 4)
  assert.ok([...same.centres, ...same.axes].every(Number.isFinite))
  assert.equal(
    same.counts.reduce((sum, count) => sum + count, 0),
    10,
  )
})
