import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusCode } from '../../contract/status-code.ts'
import { compileWith, model, node } from '../test-support.ts'
import { compileSingle } from './compile.ts'

const embed = model('visual-embedder', { modelId: 'embed', weights: ['mnv3'] })
const head = (modelId: string, base = embed) =>
  model('embedding-classifier', { modelId, engine: 'head', weights: [`w-${modelId}`], baseEmbedder: base })
const models = {
  embed,
  a: head('a'),
  b: head('b'),
  other: model('visual-embedder', { modelId: 'other', weights: ['else'] }),
  detect: model('visual-detector'),
  crop: model('image-crop'),
  sample: model('random-sample'),
}
const shape = async (nodes: ReturnType<typeof node>[]) => {
  const { plan } = await compileWith(nodes, models)
  return plan.nodes.map(({ id, inputs, suppressOutput, sameAs }) => ({ id, inputs, suppressOutput, sameAs }))
}

test('heads on the input share one inserted embedder, which is not answered', async () => {
  assert.deepEqual(await shape([node('a'), node('b')]), [
    { id: '~embed1', inputs: [], suppressOutput: true, sameAs: undefined },
    { id: 'a', inputs: [0], suppressOutput: false, sameAs: undefined },
    { id: 'b', inputs: [0], suppressOutput: false, sameAs: undefined },
  ])
})

test('a head behind its embedder gets nothing inserted, also through what passes on', async () => {
  assert.equal((await shape([node('embed'), node('a', ['embed'])])).length, 2)
  assert.equal((await shape([node('embed'), node('sample', ['embed']), node('a', ['sample'])])).length, 3)
})

test('an embedder that the user wrote elsewhere does the work of the inserted one', async () => {
  const plan = await shape([node('a'), node('embed')])
  assert.deepEqual(plan[2], { id: 'embed', inputs: [], suppressOutput: false, sameAs: 0 })
})

test('heads on different inputs have embedders of their own', async () => {
  const plan = await shape([node('a'), node('detect'), node('crop', ['detect']), node('b', ['crop'])])
  assert.deepEqual(
    plan.map(({ id }) => id),
    ['~embed1', 'a', 'detect', 'crop', '~embed2', 'b'],
  )
  assert.deepEqual(plan[4]!.inputs, [3])
  assert.deepEqual(plan[5]!.inputs, [4])
})

test('vectors of another embedder are refused', async () => {
  await assert.rejects(shape([node('other'), node('a', ['other'])]), {
    code: StatusCode.WORKFLOW_INVALID_GRAPH,
    details: /"a" works on embeddings of the model "embed", but "other" gives/,
  })
})

test('a head called alone gets its embedder', () => {
  const { plan, nodes } = compileSingle(models.a)
  assert.deepEqual(
    plan.nodes.map(({ id, inputs }) => [id, inputs]),
    [
      ['~embed1', []],
      ['a', [0]],
    ],
  )
  assert.deepEqual(
    nodes.map(({ index }) => index),
    [1],
  )
})

test('a head whose embedder is not trained is refused', async () => {
  const untrained = head('c', { ...embed, status: StatusCode.MODEL_UNTRAINED })
  await assert.rejects(compileWith([node('c')], { c: untrained }), { code: StatusCode.WORKFLOW_REQUIRE_TRAINED_MODEL })
})
