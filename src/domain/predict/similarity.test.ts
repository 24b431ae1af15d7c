import assert from 'node:assert/strict'
import { test } from 'node:test'
import { similarityScore } from './similarity.ts'

test('scores are cosines brought to 0..1, whatever the lengths', () => {
  assert.equal(similarityScore([1, 0], [3, 0]), 1)
  assert.equal(similarityScore([1, 0], [0, 5]), 0.5)
  assert.equal(similarityScore([1, 0], [-2, 0]), 0)
  assert.ok(Math.abs(similarityScore([1, 1], [1, 0]) - (1 + Math.SQRT1_2) / 2) < 1e-12)
  assert.equal(similarityScore([0, 0], [1, 0]), 0.5)
  // Rounding must not lead out of the range.
  const vector = Array.from({ length: 576 }, (_, at) => Math.sin(at) * 0.1)
  const score = similarityScore(vector, vector)
  assert.ok(score <= 1 && score > 1 - 1e-12)
})
