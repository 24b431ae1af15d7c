import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusCode } from '../../contract/status-code.ts'
import { randomDag, seeded } from '../test-graphs.ts'
import { compileWith, concept, model, node } from '../test-support.ts'
import { compile, compileSingle } from './compile.ts'
import { orderNodes } from './order.ts'

const models = { a: model('visual-classifier'), b: model('visual-embedder'), c: model('image-color-recognizer') }

test('an empty workflow compiles to an empty plan', async () => {
  const { plan } = await compile([], () => models.a)
  assert.deepEqual([plan.nodes, plan.layers], [[], []])
})

test('a plan is frozen, the models given to the compiler are not', async () => {
  const params = { nested: { list: [1] } }
  const given = model('visual-classifier', { params, concepts: [concept('x')], weights: ['w'] })
  const { plan } = await compileWith([node('a')], { a: given })
  assert.throws(() => Object.assign(plan.nodes[0]!, { engine: 'other' }), TypeError)
  assert.throws(() => (plan.layers as number[][]).push([]), TypeError)
  assert.throws(() => Object.assign(plan.nodes[0]!.params.nested!, { list: [] }), TypeError)
  params.nested.list.push(2)
  given.concepts[0]!.value = 0.5
})

test('an untrained model is refused, in a workflow with 22002, alone with its own status', async () => {
  const training = model('visual-classifier', { status: StatusCode.MODEL_TRAINING })
  await assert.rejects(compileWith([node('n', [], { model: 'a' })], { a: training }), {
    code: StatusCode.WORKFLOW_REQUIRE_TRAINED_MODEL,
    details: /of node "n" is not trained/,
  })
  assert.throws(() => compileSingle(training), { code: StatusCode.MODEL_TRAINING })
})

test('a model without engine or with an unknown type is refused; operators run by their type', async () => {
  await assert.rejects(compileWith([node('a')], { a: model('visual-classifier', { engine: '' }) }), {
    code: StatusCode.MODEL_NOT_DEPLOYED,
  })
  await assert.rejects(compileWith([node('a')], { a: model('telepathy') }), {
    code: StatusCode.MODEL_INVALID_ARGUMENT,
    details: /"telepathy"/,
  })
  const filter = model('concept-threshold', { modelId: 'f', engine: '', status: StatusCode.ZERO })
  const { plan } = await compileWith([node('a'), node('f', ['a'])], { ...models, f: filter })
  assert.equal(plan.nodes[1]!.engine, 'concept-thresholder')
  assert.equal(plan.nodes[1]!.isModel, false)
})

test('errors of the lookup pass through', async () => {
  const missing = Promise.reject(new Error('no such model'))
  await assert.rejects(
    compile([node('a')], () => missing),
    /no such model/,
  )
})

test('equal nodes are computed once, whatever their limits; random ones are not', async () => {
  const sampler = model('random-sample', { engine: '' })
  const { plan } = await compileWith(
    [
      node('a'),
      node('again', [], { model: 'a', params: { max_concepts: 3 } }),
      node('third', [], { model: 'a', params: { other: 1 } }),
      node('s1', ['a'], { model: 's' }),
      node('s2', ['a'], { model: 's' }),
    ],
    { ...models, s: sampler },
  )
  assert.deepEqual(
    plan.nodes.map(({ sameAs }) => sameAs),
    [undefined, 0, undefined, undefined, undefined],
  )
  const twice = await compileWith([node('a'), node('again', [], { model: 'a' })], models)
  assert.deepEqual(
    twice.plan.nodes.map(({ sameAs }) => sameAs),
    [undefined, 0],
  )
})

test('the answer order is the written one as far as inputs allow', async () => {
  const { nodes } = await compileWith([node('c', ['b']), node('b'), node('a')], models)
  assert.deepEqual(
    nodes.map((entry) => entry.node!.id),
    ['b', 'c', 'a'],
  )
})

test('the hash of any graph stays under changes that do not matter and follows those that do', async () => {
  const random = seeded(3)
  const at = (margin: number, name = 'x') =>
    model('annotation-writer', { params: { b: 1, margin }, modelId: name, concepts: [concept('k', 0.5)] })
  for (let round = 0; round < 60; round++) {
    const nodes = randomDag(random)
    const hash = async (written: typeof nodes, version = at(1)) => (await compile(written, () => version)).plan.hash
    const first = await hash(nodes)
    const renamed = { ...at(1), params: { margin: 1, b: 1 }, versionId: 'other', status: StatusCode.MODEL_TRAINED }
    const noted = nodes.map((written) => ({ ...written, model: { ...written.model!, notes: 'new' } }))
    assert.equal(await hash(noted, renamed), first)
    assert.equal(await hash(orderNodes(nodes)), first)
    assert.notEqual(await hash(nodes, at(2)), first)
    const [one, ...others] = nodes
    assert.notEqual(await hash([{ ...one!, suppressOutput: true }, ...others]), first)
  }
})
