import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from './clock.ts'
import { fromTimestamp, LAST_TIME, toTimestamp } from './timestamps.ts'

test('microseconds survive the way into timestamps and back, before 1970 too', () => {
  for (const micros of [0, 1, 999_999, 1e6, 1_795_448_765_251_601, -1, -1_000_001, -LAST_TIME, LAST_TIME]) {
    const timestamp = toTimestamp(micros)
    assert.equal(fromTimestamp(timestamp), micros)
    assert.ok(timestamp.nanos >= 0 && timestamp.nanos < 1e9, `${micros}`)
  }
})

test('finer parts than microseconds are cut', () => {
  assert.equal(fromTimestamp({ ...toTimestamp(5), nanos: 5_999 }), 5)
})

test('times that cannot be stored are taken as the nearest that can', () => {
  const year9999 = 253_402_300_799n
  for (const seconds of [year9999, 2n ** 63n - 1n])
    assert.equal(fromTimestamp({ ...toTimestamp(0), seconds }), LAST_TIME)
  for (const seconds of [-62_135_596_800n, -(2n ** 63n)]) {
    assert.equal(fromTimestamp({ ...toTimestamp(0), seconds }), -LAST_TIME)
  }
})

test('the clock never gives the same time twice', () => {
  let last = 0
  for (let i = 0; i < 100_000; i++) {
    const now = systemClock.now()
    assert.ok(now > last)
    last = now
  }
})
