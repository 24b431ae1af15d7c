import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AxisFilter, BoxFilter, type Noise } from './motion.ts'

const QUIET: Noise = { startPosition: 1, startSpeed: 1, position: 0, speed: 0, both: 0, measured: 1 }

/** The straight line through points (0, y0), (1, y1) ... with the least squares of errors. */
function line(values: number[]): { last: number; slope: number } {
  const n = values.length
  const middle = (n - 1) / 2
  const mean = values.reduce((sum, value) => sum + value, 0) / n
  const spread = values.reduce((sum, _, x) => sum + (x - middle) ** 2, 0)
  const slope = values.reduce((sum, value, x) => sum + (x - middle) * (value - mean), 0) / spread
  return { last: mean + slope * (n - 1 - middle), slope }
}

test('one step by hand', () => {
  const filter = new AxisFilter(0, QUIET)
  filter.predict(QUIET)
  // Variance of the position is now 2, covariance 1, of the speed 1; the gains are 2/3 and 1/3.
  filter.correct(3, QUIET)
  assert.ok(Math.abs(filter.value - 2) < 1e-12)
  assert.ok(Math.abs(filter.speed - 1) < 1e-12)
})

test('something that is believed to move at constant speed is fitted by a straight line', () => {
  const values = [0.1, 0.24, 0.2, 0.45, 0.41, 0.6, 0.58, 0.8]
  const unsure: Noise = { ...QUIET, startPosition: 1e9, startSpeed: 1e9 }
  const filter = new AxisFilter(0, unsure)
  for (const [at, value] of values.entries()) {
    if (at > 0) filter.predict(unsure)
    filter.correct(value, unsure)
  }
  const { last, slope } = line(values)
  assert.ok(Math.abs(filter.value - last) < 1e-6, `${filter.value} ${last}`)
  assert.ok(Math.abs(filter.speed - slope) < 1e-6, `${filter.speed} ${slope}`)
})

test('a measurement without error is believed, even when nothing else is unsure', () => {
  const sure: Noise = { startPosition: 0, startSpeed: 0, position: 0, speed: 0, both: 0, measured: 0 }
  const filter = new AxisFilter(0.5, sure)
  filter.predict(sure)
  filter.correct(0.7, sure)
  assert.deepEqual([filter.value, filter.speed], [0.7, 0])
})

test('a box moves and grows; its size is never negative, and stays when it is fixed', () => {
  const noise: Noise = { startPosition: 1e-6, startSpeed: 1, position: 0, speed: 0, both: 0, measured: 1e-9 }
  const filter = new BoxFilter({ x: 0.1, y: 0.1, width: 0.3, height: 0.2 }, () => noise)
  filter.predict()
  filter.correct({ x: 0.2, y: 0.1, width: 0.2, height: 0.3 })
  filter.predict()
  const { x, y, width, height } = filter.place
  for (const [is, wanted] of [
    [x, 0.3],
    [y, 0.1],
    [width, 0.1],
    [height, 0.4],
  ] as const)
    assert.ok(Math.abs(is - wanted) < 1e-4, `${is} ${wanted}`)
  filter.predict(true)
  assert.ok(Math.abs(filter.place.width - 0.1) < 1e-4)
  for (let frame = 0; frame < 5; frame++) filter.predict()
  assert.equal(filter.place.width, 0)
})
