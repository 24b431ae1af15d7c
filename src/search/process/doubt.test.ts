import assert from 'node:assert/strict'
import { test } from 'node:test'
import { disagreementOf, doubtOf, spreadOut, valuesOf } from './doubt.ts'

const head = (exclusive: boolean) => ({
  rows: [Float32Array.of(2, 0), Float32Array.of(0, 2)],
  bias: [0, 0],
  exclusive,
})

test('a head says of a vector what the classifier says', () => {
  const [x, y] = valuesOf(head(false), Float32Array.of(1, 0))
  assert.ok(Math.abs(x! - 1 / (1 + Math.exp(-2))) < 1e-6)
  assert.equal(y, 0.5)
  const exclusive = valuesOf(head(true), Float32Array.of(1, 0))
  assert.ok(Math.abs(exclusive[0]! + exclusive[1]! - 1) < 1e-6)
})

test('doubt is highest in the middle, or where the two best are equal', () => {
  assert.equal(doubtOf([0.5, 1], false), 1)
  assert.equal(doubtOf([0, 1], false), 0)
  assert.equal(doubtOf([0.25], false), 0.5)
  assert.equal(doubtOf([0.4, 0.4, 0.2], true), 1)
  assert.ok(Math.abs(doubtOf([0.7, 0.2, 0.1], true) - 0.5) < 1e-9)
  assert.equal(disagreementOf([0.1, 0.9], [0.2, 0.4]), 0.5)
})

test('choices are spread out: what is like one before comes late, and scores fall', () => {
  const [east, north] = [Float32Array.of(1, 0), Float32Array.of(0, 1)]
  const order = spreadOut([
    { name: 'a', score: 1, vector: east },
    { name: 'twin of a', score: 0.99, vector: east },
    { name: 'b', score: 0.5, vector: north },
  ])
  assert.deepEqual(
    order.map(({ name, score }) => [name, score]),
    [
      ['a', 1],
      ['b', 0.25],
      ['twin of a', 0],
    ],
  )
})
