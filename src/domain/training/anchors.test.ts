import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anchorExamples } from './anchors.ts'
import type { GatheredExamples } from './examples.ts'

const box = { top: 0.5, left: 0.5, bottom: 1, right: 1 }
const labels = (cells: readonly (readonly [number, number, number])[]) => ({
  rows: Int32Array.from(cells, ([row]) => row),
  concepts: Int32Array.from(cells, ([, concept]) => concept),
  values: Float32Array.from(cells, ([, , value]) => value),
})
const gathered: GatheredExamples = {
  examples: [
    { inputPk: 1, regionId: 'a', box },
    { inputPk: 1, regionId: 'no place' },
    { inputPk: 2, regionId: 'b', box },
  ],
  labels: labels([
    [0, 1, 1],
    [1, 0, 1],
    [2, 0, 0],
  ]),
  conceptIds: ['cat', 'dog'],
  gone: 0,
}

test('a marked box makes examples of itself, of windows that show it and of windows that do not', () => {
  const made = anchorExamples(gathered, 1)
  const said = made.examples.map((example, row) => ({
    ...example,
    values: [...made.labels.values.filter((_, at) => made.labels.rows[at] === row)],
  }))
  const first = said.filter(({ inputPk }) => inputPk === 1)
  assert.deepEqual(first[0], { inputPk: 1, regionId: 'box 0', box, values: [0, 1] })
  const [shown, empty] = [first.filter(({ values }) => values[1] === 1), first.filter(({ values }) => values[1] === 0)]
  assert.ok(shown.length > 1 && empty.length >= 8, `${shown.length} and ${empty.length}`)
  assert.ok(empty.every(({ box: window }) => window!.top < 0.5 || window!.left < 0.5))
  const denied = said.filter(({ inputPk }) => inputPk === 2)
  assert.ok(denied.length >= 8 && denied.every(({ values }) => values.every((value) => value === 0)))
  assert.deepEqual(anchorExamples(gathered, 1), made)
  assert.notDeepEqual(anchorExamples(gathered, 2), made)
})
