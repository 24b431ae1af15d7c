import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { OutputConfigSchema, WorkflowNodeSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { compileWith, concept, model, node } from '../test-support.ts'
import { compileSingle } from './compile.ts'

const config = (fields: object) => create(OutputConfigSchema, fields)
const limits = async (nodes: ReturnType<typeof node>[], version = {}, call?: object) => {
  const options = call ? { outputConfig: config(call) } : undefined
  const { plan } = await compileWith(nodes, { a: model('visual-classifier', version) }, options)
  return plan.nodes[0]!.limits
}
const refused = (details: RegExp) => ({ code: StatusCode.MODEL_INVALID_ARGUMENT, details })

test('defaults of the contract', async () => {
  assert.deepEqual(await limits([node('a')]), { maxConcepts: 20, minValue: 0, selectConcepts: [] })
})

test('the nearer to the call, the stronger', async () => {
  const version = { params: { max_concepts: 5 } }
  assert.equal((await limits([node('a')], version)).maxConcepts, 5)
  const configured = { ...version, outputConfig: config({ maxConcepts: 6 }) }
  assert.equal((await limits([node('a')], configured)).maxConcepts, 6)
  assert.equal((await limits([node('a', [], { params: { max_concepts: 7 } })], configured)).maxConcepts, 7)
  const overridden = [node('a', [], { params: { max_concepts: 7, min_value: 0.5 } })]
  assert.deepEqual(await limits(overridden, configured, { maxConcepts: 8 }), {
    maxConcepts: 8,
    minValue: 0.5,
    selectConcepts: [],
  })
})

test('of an override only data and params count', async () => {
  const written = create(WorkflowNodeSchema, {
    id: 'a',
    model: { id: 'a' },
    outputInfoOverride: {
      outputConfig: { maxConcepts: 1 },
      message: 'ignored',
      fieldsMap: { x: 1 },
      data: { concepts: [{ id: 'cat', value: 0.4 }] },
    },
  })
  const { plan } = await compileWith([written], { a: model('visual-classifier', { concepts: [concept('dog')] }) })
  assert.equal(plan.nodes[0]!.limits.maxConcepts, 20)
  assert.deepEqual(
    plan.nodes[0]!.concepts.map(({ id }) => id),
    ['cat'],
  )
})

test('limits out of range are refused', async () => {
  await assert.rejects(limits([node('a')], {}, { maxConcepts: 201 }), refused(/max_concepts.*201/))
  await assert.rejects(limits([node('a')], {}, { minValue: 1.5 }), refused(/min_value.*1\.5/))
  await assert.rejects(limits([node('a')], {}, { minValue: -0.1 }), refused(/min_value/))
  await assert.rejects(limits([node('a')], {}, { minValue: Number.NaN }), refused(/min_value.*NaN/))
})

test('parameters are completed from the type and checked with their path', async () => {
  const models = { crop: model('image-crop', { params: { margin: 1.1 } }), detect: model('visual-detector') }
  const nodes = (params: object) => [node('detect'), node('crop', ['detect'], { params: { ...params } })]
  const { plan } = await compileWith(nodes({ mine: 'kept' }), models)
  assert.deepEqual(plan.nodes[1]!.params, { margin: 1.1, mine: 'kept' })
  await assert.rejects(compileWith(nodes({ margin: 'wide' }), models), refused(/output_info\.params\.margin.*"wide"/))
})

const cats = { a: model('visual-classifier', { concepts: [concept('cat'), concept('dog')] }) }
const cars = { b: model('visual-classifier', { modelId: 'b', concepts: [concept('car')] }) }
const select = (...ids: string[]) => ({ outputConfig: config({ selectConcepts: ids.map((id) => ({ id })) }) })

test('a selection without any known concept is refused, a partial one is marked', async () => {
  await assert.rejects(compileWith([node('a')], cats, select('car')), refused(/"car"/))
  await assert.rejects(compileWith([node('a')], cats, select('Cat')), refused(/"Cat"/))
  const { plan } = await compileWith([node('a')], cats, select('cat', 'car'))
  assert.deepEqual(plan.nodes[0]!.missingConcepts, ['car'])
  const fits = await compileWith([node('a')], cats, select('cat'))
  assert.equal(fits.plan.nodes[0]!.missingConcepts, undefined)
})

test('a selection that is longer than any model is refused', async () => {
  const ids = Array.from({ length: 20_001 }, (_, at) => `c${at}`)
  await assert.rejects(
    compileWith([node('a')], cats, select(...ids)),
    refused(/names 20001 concepts; use at most 20000/),
  )
})

test("the call's selection serves all models together, a node's only its own", async () => {
  const { plan } = await compileWith([node('a'), node('b')], { ...cats, ...cars }, select('cat', 'car'))
  assert.deepEqual(
    plan.nodes.map(({ missingConcepts }) => missingConcepts),
    [undefined, undefined],
  )
  const own = node('b', [], { params: { select_concepts: ['cat'] } })
  await assert.rejects(compileWith([node('a'), own], { ...cats, ...cars }), refused(/"cat".*"b"/))
})

test('a model that does not list its concepts may have any', async () => {
  const { plan } = await compileWith([node('a')], { a: model('visual-classifier') }, select('anything'))
  assert.equal(plan.nodes[0]!.missingConcepts, undefined)
})

test('one model alone takes its settings from the call', () => {
  const { plan } = compileSingle(cats.a!, { outputConfig: config({ maxConcepts: 3 }), params: { min_value: 0.25 } })
  assert.deepEqual(plan.nodes[0]!.limits, { maxConcepts: 3, minValue: 0.25, selectConcepts: [] })
  assert.equal(plan.single, true)
})
