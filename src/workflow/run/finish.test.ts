import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { type Data, type Region, RegionSchema } from '../../contract/index.ts'
import { dataOf } from '../data.ts'
import { concept, textData } from '../test-support.ts'
import { countParts, finishData, limitConcepts } from './finish.ts'

const limits = { maxConcepts: 20, minValue: 0, selectConcepts: [] as { id: string; name: string }[] }
const node = (more: object = {}) => ({ isModel: true, limits, params: {}, concepts: [], ...more })
const ids = (data: Data | undefined) => data?.concepts.map(({ id }) => id)
const region = (id: string, data: Data, value = 0): Region => create(RegionSchema, { id, data, value })

test('concepts are sorted by falling value and cut', () => {
  const concepts = [concept('b', 0.5), concept('a', 0.9), concept('d', 0.1), concept('c', 0.5)]
  const cut = limitConcepts(concepts, node({ limits: { ...limits, maxConcepts: 3 } }))
  assert.deepEqual(
    cut.map(({ id }) => id),
    ['a', 'b', 'c'],
  )
  assert.deepEqual(
    concepts.map(({ id }) => id),
    ['b', 'a', 'd', 'c'],
  )
})

test('the minimum is inclusive', () => {
  const data = dataOf({ concepts: [concept('a', 0.5), concept('b', 0.49)] })
  assert.deepEqual(ids(finishData(data, node({ limits: { ...limits, minValue: 0.5 } }))), ['a'])
})

test('selection is by id or name, exact and case-sensitive', () => {
  const named = { ...concept('ai_1', 0.9), name: 'Cat' }
  const data = dataOf({ concepts: [named, concept('dog', 0.8), concept('fox', 0.7)] })
  const select = (...selectConcepts: { id: string; name: string }[]) =>
    ids(finishData(data, node({ limits: { ...limits, selectConcepts } })))
  assert.deepEqual(select({ id: '', name: 'Cat' }), ['ai_1'])
  assert.deepEqual(select({ id: 'dog', name: '' }, { id: 'ai_1', name: '' }), ['ai_1', 'dog'])
  assert.deepEqual(select({ id: 'Dog', name: 'cat' }), [])
})

test('the owner is written into concepts that name none, in copies', () => {
  const mine = { ...concept('mine'), appId: 'my-app', userId: 'me' }
  const bare = concept('bare')
  const finished = finishData(dataOf({ concepts: [mine, bare] }), node({ conceptOwner: { userId: 'u', appId: 'a' } }))
  assert.deepEqual(
    finished.concepts.map(({ appId, userId }) => [appId, userId]),
    [
      ['my-app', 'me'],
      ['a', 'u'],
    ],
  )
  assert.equal(bare.appId, '')
})

test('regions get an id, the value of their best concept and limits of their own', () => {
  const data = dataOf({
    regions: [
      region('', dataOf({ concepts: [concept('a', 0.3), concept('b', 0.6)] })),
      region('kept', dataOf({ concepts: [concept('c', 0.2)] }), 0.9),
    ],
  })
  const [first, second] = finishData(data, node({ limits: { ...limits, maxConcepts: 1 } })).regions
  assert.match(first!.id, /^[0-9a-f]{32}$/)
  assert.deepEqual([first!.value, ids(first!.data)], [0.6, ['b']])
  assert.deepEqual([second!.id, second!.value], ['kept', 0.9])
})

test('a region that was there for its concepts goes with them, one with other data stays', () => {
  const text = { ...textData('hello'), concepts: [concept('low', 0.1)] }
  const data = dataOf({
    regions: [
      region('r1', dataOf({ concepts: [concept('low', 0.1)] })),
      region('r2', text),
      region('r3', textData('x')),
    ],
  })
  const { regions } = finishData(data, node({ limits: { ...limits, minValue: 0.5 } }))
  assert.deepEqual(
    regions.map(({ id }) => id),
    ['r2', 'r3'],
  )
})

test('a detection threshold drops regions', () => {
  const data = dataOf({
    regions: [0.2, 0.8].map((value) => region(`r${value}`, dataOf({ concepts: [concept('a', value)] }))),
  })
  const finished = finishData(data, node({ params: { detection_threshold: 0.5 } }))
  assert.deepEqual(
    finished.regions.map(({ id }) => id),
    ['r0.8'],
  )
})

test("an operator's concepts keep their order and number", () => {
  const data = dataOf({ concepts: [concept('low', 0.1), concept('high', 0.9)] })
  const finished = finishData(data, node({ isModel: false, limits: { ...limits, maxConcepts: 1 } }))
  assert.deepEqual(ids(finished), ['low', 'high'])
})

test('parts are counted at all depths', () => {
  const inner = dataOf({ concepts: [concept('a'), concept('b')] })
  assert.equal(
    countParts(dataOf({ regions: [region('r', inner), region('s', dataOf())], concepts: [concept('c')] })),
    5,
  )
})
