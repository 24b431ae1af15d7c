import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Detection } from './detection.ts'
import fixture from './fixtures/detection.json' with { type: 'json' }
import { memorySpool } from './test-spool.ts'

const boxOf = ([concept, x, y, width, height]: readonly number[]) => ({
  concept: concept!,
  left: x!,
  top: y!,
  right: x! + width!,
  bottom: y! + height!,
})
const pictures = fixture.pictures.map(({ truths, found }) => ({
  truths: truths.map(boxOf),
  found: found.map((box) => ({ ...boxOf(box), score: box[5]! / 256 })),
}))
const close = (actual: number, expected: number, what: string): void =>
  assert.ok(Math.abs(actual - expected) <= 1e-6, `${what}: ${actual} is not ${expected}`)

function evaluate(): ReturnType<Detection['result']> {
  const detection = new Detection(3, memorySpool())
  for (const { truths, found } of pictures) detection.add(truths, found)
  return detection.result()
}

test('average precision by concept, area and overlap, and the means, are those of pycocotools', () => {
  const result = evaluate()
  assert.equal(result.pictures, pictures.length)
  for (const [concept, areas] of fixture.averagePrecision.entries()) {
    for (const [area, steps] of areas.entries()) {
      for (const [step, expected] of steps.entries()) {
        const actual = result.concepts[concept]![area]![step]!.averagePrecision ?? -1
        close(actual, expected, `concept ${concept}, area ${area}, overlap ${step}`)
      }
    }
  }
  const { stats } = fixture
  close(result.meanAveragePrecision, stats.mean, 'mean')
  close(result.meanAveragePrecision50, stats.mean50, 'at 0.5')
  close(result.areas[0]![5]!.averagePrecision!, stats.mean75, 'at 0.75')
  for (const [at, name] of (['small', 'medium', 'large'] as const).entries()) {
    const steps = result.areas[at + 1]!.map(({ averagePrecision }) => averagePrecision!)
    close(steps.reduce((sum, value) => sum + value, 0) / steps.length, stats[name], name)
  }
})

test('precision and recall at the usual threshold agree with the curve', () => {
  const { concepts, curves } = evaluate()
  for (const [at, areas] of concepts.entries()) {
    const { precision, recall } = areas[0]![0]!
    close(curves[at]!.precision[50]!, precision, 'precision')
    close(curves[at]!.recall[50]!, recall, 'recall')
  }
})

test('boxes of pictures of unknown size count among all areas only', () => {
  const detection = new Detection(1, memorySpool())
  const box = { concept: 0, top: 0.1, left: 0.1, bottom: 0.5, right: 0.5 }
  detection.add([box], [{ ...box, score: 0.9 }], false)
  const { concepts, areas } = detection.result()
  assert.equal(concepts[0]![0]![0]!.averagePrecision, 1)
  assert.deepEqual(
    areas.map(([first]) => first!.averagePrecision),
    [1, undefined, undefined, undefined],
  )
})

test('nothing found, nothing there, boxes that are no numbers, concepts that are not asked for', () => {
  const detection = new Detection(2, memorySpool())
  const box = { concept: 0, top: 0, left: 0, bottom: 50, right: 50 }
  detection.add([box], [])
  detection.add([], [{ ...box, concept: 1, score: 0.5 }])
  detection.add([{ ...box, concept: 7 }], [])
  assert.throws(() => detection.add([{ ...box, top: Number.NaN }], []), RangeError)
  assert.throws(() => detection.add([], [{ ...box, score: Number.NaN }]), RangeError)
  const { concepts, meanAveragePrecision50, pictures: count } = detection.result()
  assert.deepEqual([count, meanAveragePrecision50], [3, 0])
  assert.deepEqual(
    concepts.map((areas) => areas[0]![0]!.averagePrecision),
    [0, undefined],
  )
})
