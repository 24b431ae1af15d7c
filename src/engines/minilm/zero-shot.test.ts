import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, type JsonObject } from '@bufbuild/protobuf'
import { ConceptSchema } from '../../contract/index.ts'
import { candidateLabels, LABEL_CHARS_MAX, LABELS_MAX } from '../labels-param.ts'
import { itemOf, loadForTest } from '../test-weights.ts'
import { minilmZeroShot } from './zero-shot.ts'

const TEXTS = [
  ['The striker scored twice in the final minutes of the match', 'sport'],
  ['The parliament voted on the new budget law yesterday', 'politics'],
  ['Mix the flour with butter and bake for 40 minutes', 'cooking'],
  ['Heavy rain and storms are expected over the weekend', 'weather'],
] as const

test('texts are given the label they are about, the values add up to 1', async (t) => {
  const engine = await loadForTest(minilmZeroShot)
  t.after(() => engine.dispose())
  const items = TEXTS.map(([raw]) => itemOf({ text: { raw } }))
  const candidates = ['sport', 'politics', 'cooking', 'weather', 'sport', ' weather ']
  const setup = { params: { candidate_labels: candidates }, concepts: [] }
  const answers = await engine.infer(items, setup)
  for (const [at, { concepts }] of answers.entries()) {
    assert.equal(concepts[0]!.name, TEXTS[at]![1])
    assert.equal(concepts.length, 4)
    assert.ok(Math.abs(concepts.reduce((sum, { value }) => sum + value, 0) - 1) < 1e-5)
    assert.ok(concepts.every(({ value }, place) => place === 0 || value <= concepts[place - 1]!.value))
  }
  // Labels that are known by now and new ones together.
  const [again] = await engine.infer([items[2]!], { params: { candidate_labels: ['music', 'cooking'] }, concepts: [] })
  assert.deepEqual(
    again!.concepts.map(({ id }) => id),
    ['cooking', 'music'],
  )
  await assert.rejects(engine.infer([itemOf({})], setup), { code: 30101 })
  assert.deepEqual(await engine.infer([], setup), [])
})

test('without candidates the concepts of the model version are the labels', async (t) => {
  const concepts = [create(ConceptSchema, { id: 'c1', name: 'sport' }), create(ConceptSchema, { id: 'c2' })]
  const labels = [
    { id: 'c1', name: 'sport' },
    { id: 'c2', name: 'c2' },
  ]
  assert.deepEqual(candidateLabels({ params: { candidate_labels: [] }, concepts }), labels)
  const engine = await loadForTest(minilmZeroShot)
  t.after(() => engine.dispose())
  const [answer] = await engine.infer([itemOf({ text: { raw: TEXTS[0][0] } })], { params: {}, concepts })
  assert.equal(answer!.concepts[0]!.id, 'c1')
})

for (const [what, params] of [
  ['no labels', {}],
  ['a single word', { candidate_labels: 'sport' }],
  ['numbers', { candidate_labels: [1, 2] }],
  ['an empty label', { candidate_labels: ['sport', ' '] }],
  ['a label that is too long', { candidate_labels: ['x'.repeat(LABEL_CHARS_MAX + 1)] }],
  ['too many labels', { candidate_labels: Array.from({ length: LABELS_MAX + 1 }, (_, at) => `label ${at}`) }],
] as const satisfies readonly (readonly [string, JsonObject])[]) {
  test(`${what} are refused with a sentence that says what to do`, () => {
    assert.throws(
      () => candidateLabels({ params: params as JsonObject, concepts: [] }),
      (error: { code: number; details: string }) => error.code === 21202 && error.details.includes('candidate_labels'),
    )
  })
}
