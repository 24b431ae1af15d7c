import assert from 'node:assert/strict'
import { test } from 'node:test'
import fixture from './fixtures/tracking.json' with { type: 'json' }
import { memorySpool } from './test-spool.ts'
import { Tracking } from './tracking.ts'

const boxOf = ([track, x, y, width, height, score = 0]: readonly number[]) => ({
  track: String(track),
  left: x!,
  top: y!,
  right: x! + width!,
  bottom: y! + height!,
  score: score / 256,
})

test('accuracy and switches of tracks are those of py-motmetrics', () => {
  const tracking = new Tracking(memorySpool())
  for (const film of fixture.films) {
    tracking.addFilm(film.map(({ truths, found }) => ({ truths: truths.map(boxOf), found: found.map(boxOf) })))
  }
  const { mota, switches, averagePrecision, switchedShare, switchedShareAnew } = tracking.result()
  assert.ok(Math.abs(mota - fixture.mota) <= 1e-9, `${mota} is not ${fixture.mota}`)
  assert.equal(switches, fixture.switches)
  assert.ok(averagePrecision > 0.5 && averagePrecision < 1)
  assert.ok(switchedShare > 0 && switchedShare <= 1 && switchedShareAnew >= switchedShare)
})

test('a perfect tracker, and one that has seen nothing', () => {
  const box = { track: 'a', top: 0, left: 0, bottom: 9, right: 9 }
  const [perfect, blind] = [new Tracking(memorySpool()), new Tracking(memorySpool())]
  const frames = (found: boolean) =>
    Array.from({ length: 3 }, () => ({ truths: [box], found: found ? [{ ...box, track: '1', score: 1 }] : [] }))
  perfect.addFilm(frames(true))
  blind.addFilm(frames(false))
  const { mota, switches, averagePrecision } = perfect.result()
  assert.deepEqual([mota, switches, averagePrecision], [1, 0, 1])
  assert.equal(blind.result().mota, 0)
  assert.equal(new Tracking(memorySpool()).result().mota, 0)
})
