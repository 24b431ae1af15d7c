import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { type Data, DataSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { conceptThresholder } from './concept-thresholder.ts'
import { regionThresholder } from './region-thresholder.ts'
import { apply, concept, region } from './test-support.ts'

const tags = (...concepts: [string, number][]) =>
  create(DataSchema, { concepts: concepts.map(([id, value]) => concept(id, value)) })
const ids = (data: Data | undefined) => data?.concepts.map(({ id }) => id)
const low = tags(['a', 0.4])
const same = tags(['a', 0.5])
const high = tags(['a', 0.6])

const comparisons: [string, number, [boolean, boolean, boolean]][] = [
  ['GREATER_THAN', 1, [false, false, true]],
  ['GREATER_THAN_OR_EQUAL', 2, [false, true, true]],
  ['LESS_THAN', 3, [true, false, false]],
  ['LESS_THAN_OR_EQUAL', 4, [true, true, false]],
  ['EQUAL', 5, [false, true, false]],
]

for (const [name, number, expected] of comparisons) {
  test(`${name}, also written as ${number}`, async () => {
    for (const type of [name, number, String(number)]) {
      const setup = { params: { concept_threshold_type: type }, concepts: [concept('a', 0.5)] }
      const passed = await Promise.all([low, same, high].map((data) => apply(conceptThresholder, data, setup)))
      assert.deepEqual(
        passed.map((data) => data.concepts.length === 1),
        expected,
      )
    }
  })
}

test('equality survives that thresholds are 32-bit numbers', async () => {
  const setup = { params: { concept_threshold_type: 'EQUAL' }, concepts: [concept('a', Math.fround(0.3))] }
  assert.deepEqual(ids(await apply(conceptThresholder, tags(['a', 0.3]), setup)), ['a'])
})

test('concepts without threshold go, or stay when asked to', async () => {
  const data = tags(['a', 0.9], ['b', 0.9])
  const concepts = [concept('a', 0.5)]
  assert.deepEqual(ids(await apply(conceptThresholder, data, { concepts })), ['a'])
  const params = { filter_other_concepts: false }
  assert.deepEqual(ids(await apply(conceptThresholder, data, { concepts, params })), ['a', 'b'])
})

test('a threshold without id goes by name', async () => {
  const named = { ...concept('', 0.5), name: 'b' }
  assert.deepEqual(ids(await apply(conceptThresholder, tags(['a', 0.9], ['b', 0.9]), { concepts: [named] })), ['b'])
})

test('concepts keep what they say beside their value', async () => {
  const data = create(DataSchema, { concepts: [{ id: 'a', name: 'A', appId: 'app', value: 0.9 }] })
  const [kept] = (await apply(conceptThresholder, data, { concepts: [concept('a', 0.5)] })).concepts
  assert.deepEqual([kept!.name, kept!.appId], ['A', 'app'])
})

test('an unknown comparison is refused', async () => {
  for (const type of ['ABOUT', 6, true]) {
    await assert.rejects(apply(conceptThresholder, low, { params: { concept_threshold_type: type } }), {
      code: StatusCode.MODEL_INVALID_ARGUMENT,
    })
  }
})

test('regions keep passing concepts and all else; those without any go', async () => {
  const picture = { ...tags(['a', 0.9], ['a2', 0.9]), text: create(DataSchema, { text: { raw: 'x' } }).text }
  const data = create(DataSchema, {
    regions: [region('r1', [0, 0, 1, 1], picture), region('r2', [0, 0, 1, 1], low), region('r3', [0, 0, 1, 1])],
  })
  const kept = await apply(regionThresholder, data, { concepts: [concept('a', 0.5)] })
  assert.deepEqual(
    kept.regions.map(({ id }) => id),
    ['r1'],
  )
  assert.deepEqual(ids(kept.regions[0]!.data), ['a'])
  assert.equal(kept.regions[0]!.data!.text!.raw, 'x')
  assert.equal(kept.regions[0]!.regionInfo!.boundingBox!.bottomRow, 1)
  assert.equal(data.regions[0]!.data!.concepts.length, 2)
})

test('a region without concepts stays when other concepts may', async () => {
  const data = create(DataSchema, { regions: [region('r', [0, 0, 1, 1])] })
  const setup = { concepts: [concept('a', 0.5)], params: { filter_other_concepts: false } }
  assert.equal((await apply(regionThresholder, data, setup)).regions.length, 1)
})
