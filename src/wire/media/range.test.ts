import assert from 'node:assert/strict'
import { it } from 'node:test'
import { RangeOutside, readRange } from './range.ts'

it('reads one range and cuts it to what there is', () => {
  assert.deepEqual(readRange('bytes=0-0', 10), { start: 0, end: 0 })
  assert.deepEqual(readRange('bytes=2-5', 10), { start: 2, end: 5 })
  assert.deepEqual(readRange('bytes=7-', 10), { start: 7, end: 9 })
  assert.deepEqual(readRange('bytes=7-99', 10), { start: 7, end: 9 })
  assert.deepEqual(readRange('bytes=-3', 10), { start: 7, end: 9 })
  assert.deepEqual(readRange('bytes=-30', 10), { start: 0, end: 9 })
})

it('leaves it to the whole where there is no range, several or another unit', () => {
  for (const header of [undefined, 'lines=1-2', 'bytes=0-1,4-5']) assert.equal(readRange(header, 10), undefined)
})

it('refuses ranges that are none or lie outside', () => {
  const bad = ['bytes=', 'bytes=-', 'bytes=a-b', 'bytes=5-2', 'bytes=10-', 'bytes=-0', 'bytes=1-2-3', 'bytes=1 -2']
  for (const header of bad) assert.throws(() => readRange(header, 10), RangeOutside, header)
  assert.throws(() => readRange('bytes=0-', 0), RangeOutside)
})
