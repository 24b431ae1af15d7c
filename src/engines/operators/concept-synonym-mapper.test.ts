import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { type Concept, DataSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { conceptSynonymMapper } from './concept-synonym-mapper.ts'
import { apply, concept } from './test-support.ts'

const at = (id: string, appId: string, userId = 'ann') => ({ id, name: id.toUpperCase(), appId, userId })
const relations = [
  { from: at('pup', 'main'), to: at('dog', 'pets') },
  { from: at('hound', 'main'), to: at('dog', 'pets') },
  { from: at('hound', 'main'), to: at('hunter', 'pets') },
  { from: at('pup', 'other'), to: at('seal', 'pets') },
]
const map = async (concepts: Concept[], params = {}) => {
  const answer = await apply(conceptSynonymMapper, create(DataSchema, { concepts }), {
    params: { relations, ...params },
  })
  return answer.concepts.map(({ id, name, appId, userId, value }) => [id, name, appId, userId, value])
}
const main = (id: string, value: number): Concept => ({ ...concept(id, value), appId: 'main', userId: 'ann' })

test('the value is carried over; of several that lead to one concept the largest counts', async () => {
  assert.deepEqual(await map([main('pup', 0.25), main('hound', 0.5)]), [
    ['dog', 'DOG', 'pets', 'ann', 0.5],
    ['hunter', 'HUNTER', 'pets', 'ann', 0.5],
  ])
  assert.deepEqual(await map([main('hound', 0.25), main('pup', 0.5)]), [
    ['dog', 'DOG', 'pets', 'ann', 0.5],
    ['hunter', 'HUNTER', 'pets', 'ann', 0.25],
  ])
})

test('ids count within their app, and anywhere for concepts that do not say where they are from', async () => {
  assert.deepEqual(
    (await map([{ ...concept('pup', 0.5), appId: 'other', userId: 'ann' }])).map(([id]) => id),
    ['seal'],
  )
  assert.deepEqual(await map([{ ...concept('pup', 0.5), appId: 'main', userId: 'bob' }]), [])
  assert.deepEqual(
    (await map([concept('pup', 0.5)])).map(([id]) => id),
    ['dog', 'seal'],
  )
})

test('concepts without relations are left out; without relations nothing is left', async () => {
  assert.deepEqual(await map([main('cat', 0.9)]), [])
  assert.deepEqual(await map([main('pup', 0.9)], { relations: [] }), [])
  await assert.rejects(map([main('pup', 0.9)], { relations: 'all' }), { code: StatusCode.MODEL_INVALID_ARGUMENT })
})
