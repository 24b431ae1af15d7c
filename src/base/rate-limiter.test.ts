import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RateLimiter } from './rate-limiter.ts'

const SECOND = 1e6
const takes = (limiter: RateLimiter, who: number, at: number, times: number) =>
  Array.from({ length: times }, () => limiter.take(who, at)).filter(Boolean).length

test('one second holds as many calls as the limit says, and refills steadily', () => {
  const limiter = new RateLimiter(4)
  assert.equal(limiter.perSecond, 4)
  assert.equal(takes(limiter, 1, 0, 10), 4)
  assert.equal(takes(limiter, 1, SECOND / 4, 10), 1)
  assert.equal(takes(limiter, 1, SECOND, 10), 3)
  assert.equal(takes(limiter, 1, 100 * SECOND, 10), 4)
})

test('each credential has its own', () => {
  const limiter = new RateLimiter(1)
  assert.equal(takes(limiter, 1, 0, 2), 1)
  assert.equal(takes(limiter, 2, 0, 2), 1)
})

test('0 switches it off', () => {
  assert.equal(takes(new RateLimiter(0), 1, 0, 1000), 1000)
})

test('however many credentials there are, the one in use is not forgotten', () => {
  const limiter = new RateLimiter(1)
  for (let who = 0; who < 30_000; who++) {
    limiter.take(who, 0)
    if (who % 1000 === 0) limiter.take(-1, 0)
  }
  assert.equal(limiter.take(-1, 0), false)
  assert.equal(limiter.take(0, 0), true, 'the longest unused one starts anew')
})
