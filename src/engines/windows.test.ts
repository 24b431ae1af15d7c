import assert from 'node:assert/strict'
import { test } from 'node:test'
import { overlap } from './boxes.ts'
import { fuse, WINDOWS } from './windows.ts'

test('windows lie inside the picture, and near every box that is not small', () => {
  for (const { top, left, bottom, right } of WINDOWS) {
    assert.ok(top >= 0 && left >= 0 && bottom <= 1 + 1e-9 && right <= 1 + 1e-9 && top < bottom && left < right)
  }
  assert.ok(WINDOWS.length > 50 && WINDOWS.length < 200, String(WINDOWS.length))
  for (let size = 0.3; size <= 1; size += 0.1) {
    for (let place = 0; place <= 1 - size; place += 0.1) {
      const box = { top: place, left: 1 - size - place, bottom: place + size, right: 1 - place }
      const best = Math.max(...WINDOWS.map((window) => overlap(window, box)))
      assert.ok(best >= 0.45, `${JSON.stringify(box)}: ${best}`)
    }
  }
})

test('windows of one thing become one box, the surest first; other things and labels stay', () => {
  const at = (left: number, score: number, label = 0) => ({
    top: 0,
    left,
    bottom: 0.4,
    right: left + 0.4,
    score,
    label,
  })
  const found = fuse([at(0, 0.9), at(0.05, 0.9), at(0.1, 0.5), at(0.6, 0.8), at(0, 0.7, 1)], 10)
  assert.deepEqual(
    found.map(({ label, score }) => [label, score]),
    [
      [0, 0.9],
      [0, 0.8],
      [1, 0.7],
    ],
  )
  assert.ok(found[0]!.left > 0 && found[0]!.left < 0.05)
  assert.equal(fuse([], 10).length, 0)
  assert.equal(fuse([at(0, 0.9), at(0.6, 0.8)], 1).length, 1)
})
