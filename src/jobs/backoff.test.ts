import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pauseAfter } from './backoff.ts'

test('pauses double up to their limit; chance takes up to half away', () => {
  const backoff = { firstMs: 100, maxMs: 1_000 }
  const longest = [1, 2, 3, 4, 5, 50, 5_000].map((attempt) => pauseAfter(attempt, backoff, 1))
  assert.deepEqual(longest, [100, 200, 400, 800, 1_000, 1_000, 1_000])
  assert.equal(pauseAfter(3, backoff, 0), 200)
  for (let i = 0; i < 100; i++) assert.ok(pauseAfter(1, backoff) >= 50 && pauseAfter(1, backoff) <= 100)
})
