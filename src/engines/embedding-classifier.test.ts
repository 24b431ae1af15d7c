import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, type JsonObject } from '@bufbuild/protobuf'
import { ConceptSchema } from '../contract/index.ts'
import { embeddingClassifier } from './embedding-classifier.ts'
import { itemOf } from './test-weights.ts'

const CONCEPTS = ['cat', 'dog'].map((id) => create(ConceptSchema, { id, name: `a ${id}`, appId: 'app' }))
const base64 = (...numbers: number[]): string => Buffer.from(Float32Array.from(numbers).buffer).toString('base64')

async function classify(params: JsonObject, vector = [1, 2, 3], concepts = CONCEPTS) {
  const engine = await embeddingClassifier.load({})
  const item = itemOf({ embeddings: [{ vector, numDimensions: vector.length }] })
  const [answer] = await engine.infer([item], { params, concepts })
  return answer!.concepts
}

const ROWS = [
  [1, 0, 0],
  [0, 1, 0],
]

test('each concept has its own probability with sigmoid, best first', async () => {
  const concepts = await classify({ weights: ROWS, bias: [-1, 0] })
  assert.deepEqual(
    concepts.map(({ id, name, appId }) => ({ id, name, appId })),
    [
      { id: 'dog', name: 'a dog', appId: 'app' },
      { id: 'cat', name: 'a cat', appId: 'app' },
    ],
  )
  assert.equal(concepts[1]!.value, 0.5)
  assert.ok(Math.abs(concepts[0]!.value - 0.880797) < 1e-6)
})

test('probabilities add up to 1 with softmax, also for huge sums', async () => {
  const concepts = await classify({ weights: ROWS, activation: 'softmax' }, [5_000, 4_000, 0])
  assert.deepEqual(
    concepts.map(({ id, value }) => [id, value]),
    [
      ['cat', 1],
      ['dog', 0],
    ],
  )
})

test('weights as base64 of float32 give the same as lists', async () => {
  const lists = await classify({ weights: ROWS, bias: [0.5, -0.25] })
  const packed = await classify({ weights: base64(1, 0, 0, 0, 1, 0), bias: base64(0.5, -0.25) })
  assert.deepEqual(packed, lists)
})

test('an embedding of another length is refused with both lengths', async () => {
  await assert.rejects(classify({ weights: ROWS }, [1, 2]), (error: { code: number; details: string }) => {
    assert.equal(error.code, 21202)
    assert.match(error.details, /embeddings of 3 numbers, but this one has 2/)
    return true
  })
})

for (const [what, params, concepts] of [
  ['no weights', {}, CONCEPTS],
  ['no concepts', { weights: ROWS }, []],
  ['fewer rows than concepts', { weights: [[1, 2, 3]] }, CONCEPTS],
  ['rows of two lengths', { weights: [[1, 2, 3], [1]] }, CONCEPTS],
  ['empty rows', { weights: [[], []] }, CONCEPTS],
  [
    'words for numbers',
    {
      weights: [
        ['1', '2'],
        [1, 2],
      ],
    },
    CONCEPTS,
  ],
  ['base64 that cannot be shared out', { weights: base64(1, 2, 3) }, CONCEPTS],
  ['base64 that is none', { weights: '!!!!' }, CONCEPTS],
  ['numbers that are none', { weights: base64(1, Number.NaN, 3, 4) }, CONCEPTS],
  ['too few biases', { weights: ROWS, bias: [1] }, CONCEPTS],
  ['an unknown activation', { weights: ROWS, activation: 'tanh' }, CONCEPTS],
] as const) {
  test(`a head with ${what} is refused`, async () => {
    await assert.rejects(classify(params as unknown as JsonObject, [1, 2, 3], [...concepts]), { code: 21202 })
  })
}

test('an input without an embedding is refused', async () => {
  const engine = await embeddingClassifier.load({})
  await assert.rejects(engine.infer([itemOf({})], { params: { weights: ROWS }, concepts: CONCEPTS }), { code: 30101 })
})
