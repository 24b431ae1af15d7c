import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type Data, EmbeddingSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { CompileOptions, ResolvedModel } from '../compile/types.ts'
import { dataOf } from '../data.ts'
import { MAX_BATCH_ITEMS } from '../limits.ts'
import { compileWith, concept, FakeHost, imageData, model, node, textData } from '../test-support.ts'
import { executePlan } from './execute.ts'

const options = { sampleMs: 1000 }
const never = new AbortController().signal

async function run(
  nodes: ReturnType<typeof node>[],
  models: Record<string, ResolvedModel>,
  host: FakeHost,
  inputs: Data[],
  compileOptions?: CompileOptions,
) {
  const { plan, nodes: shown } = await compileWith(nodes, models, compileOptions)
  const results = await executePlan(plan, inputs, host, options, never)
  return results.map((result) =>
    Object.fromEntries(shown.map(({ index, node: written }) => [written!.id, result.nodes[index]])),
  )
}

const embed = model('visual-embedder', { modelId: 'embed' })
const head = (modelId: string): ResolvedModel => model('embedding-classifier', { modelId, baseEmbedder: embed })
const vector = (...values: number[]) =>
  dataOf({ embeddings: [create(EmbeddingSchema, { vector: values, numDimensions: values.length })] })
const tags = (...ids: string[]) => dataOf({ concepts: ids.map((id) => concept(id)) })
const idsOf = (data: Data | undefined) => data?.concepts.map(({ id }) => id)

test('ten heads run the embedder once per input, in one batch', async () => {
  const names = Array.from({ length: 10 }, (_, index) => `h${index}`)
  const heads = Object.fromEntries(names.map((name) => [name, head(name)]))
  const answers = Object.fromEntries(
    names.map((name) => [name, ({ data }: { data: Data }) => tags(`${name}:${data.embeddings[0]!.vector[0]}`)]),
  )
  const host = new FakeHost({ ...answers, embed: ({ data }) => vector(data.image!.base64[0]!) })
  const results = await run(
    names.map((name) => node(name)),
    heads,
    host,
    [imageData(1), imageData(2), imageData(3)],
  )
  assert.deepEqual(host.batches.get('embed'), [3])
  assert.deepEqual(host.loads.filter((name) => name === 'embed').length, 1)
  for (const name of names) assert.deepEqual(host.batches.get(name), [3])
  assert.deepEqual(idsOf(results[2]!.h7!.data), ['h7:3'])
})

test('an engine sees its fields and nothing else', async () => {
  let seen: Data | undefined
  const host = new FakeHost({
    a: ({ data }) => {
      seen = data
      return tags('x')
    },
  })
  const input = imageData(1)
  input.text = textData('secret').text
  input.metadata = { key: 'value' }
  await run([node('a')], { a: model('visual-classifier') }, new FakeHost({ 'visual-classifier': () => tags('x') }), [
    input,
  ])
  await run([node('a')], { a: model('visual-classifier', { engine: 'a' }) }, host, [input])
  assert.ok(seen?.image)
  assert.equal(seen.text, undefined)
  assert.equal(seen.metadata, undefined)
})

test('a node behind a filter that lets nothing through is not run, and succeeds empty', async () => {
  const models = {
    a: model('visual-classifier', { modelId: 'a' }),
    filter: model('concept-thresholder', { engine: 'filter' }),
    gated: model('visual-detector', { modelId: 'gated' }),
    last: model('visual-classifier', { modelId: 'last' }),
  }
  const host = new FakeHost({
    a: ({ data }) => tags(data.image!.base64[0] === 1 ? 'cat' : 'dog'),
    filter: ({ data }) => dataOf({ concepts: data.concepts.filter(({ id }) => id === 'cat') }),
    gated: () => tags('found'),
    last: () => tags('late'),
  })
  const nodes = [node('a'), node('filter', ['a']), node('gated', ['filter']), node('last', ['gated'])]
  const [passed, stopped] = await run(nodes, models, host, [imageData(1), imageData(2)])
  assert.equal(host.items('filter'), 2)
  assert.equal(host.items('gated'), 1)
  assert.equal(host.items('last'), 1)
  assert.deepEqual(idsOf(passed!.last!.data), ['late'])
  for (const id of ['filter', 'gated', 'last']) {
    assert.deepEqual([stopped![id]!.code, stopped![id]!.data], [StatusCode.SUCCESS, undefined])
  }
})

test('an engine that nobody needs is not even loaded', async () => {
  const models = {
    filter: model('visual-classifier', { modelId: 'filter' }),
    gated: model('visual-detector', { modelId: 'gated' }),
  }
  const host = new FakeHost({ filter: () => dataOf(), gated: () => tags('x') })
  await run([node('filter'), node('gated', ['filter'])], models, host, [imageData(1)])
  assert.deepEqual(host.loads, ['filter'])
})

test('a failing node leaves the others alone; what depends on it is skipped and says why', async () => {
  const models = {
    bad: model('visual-classifier', { modelId: 'bad' }),
    good: model('visual-classifier', { modelId: 'good' }),
    after: model('concept-thresholder', { engine: 'after' }),
    later: model('annotation-writer', { engine: 'later' }),
  }
  const host = new FakeHost({
    bad: () => {
      throw new AppError(StatusCode.ALL_INPUT_INVALID_BYTES, 'The image is damaged.')
    },
    good: () => tags('fine'),
    after: () => tags('never'),
    later: () => tags('never'),
  })
  const [result] = await run(
    [node('bad'), node('good'), node('after', ['bad']), node('later', ['after', 'good'])],
    models,
    host,
    [imageData(1)],
  )
  assert.deepEqual(
    [result!.bad!.code, result!.bad!.details],
    [StatusCode.ALL_INPUT_INVALID_BYTES, 'The image is damaged.'],
  )
  assert.equal(result!.good!.code, StatusCode.SUCCESS)
  for (const id of ['after', 'later']) {
    assert.deepEqual(
      [result![id]!.code, result![id]!.details],
      [StatusCode.FAILURE, 'Skipped because node "bad" failed.'],
    )
  }
  assert.equal(host.items('after') + host.items('later'), 0)
})

test('the failure of an inserted embedder is the failure of its heads', async () => {
  const host = new FakeHost({
    embed: () => {
      throw new AppError(StatusCode.ALL_INPUT_INVALID_BYTES, 'The image is damaged.')
    },
    h: () => tags('never'),
  })
  const [result] = await run([node('h')], { h: head('h') }, host, [imageData(1)])
  assert.deepEqual([result!.h!.code, result!.h!.details], [StatusCode.ALL_INPUT_INVALID_BYTES, 'The image is damaged.'])
})

test('one broken input of a batch costs only its own result', async () => {
  const host = new FakeHost({
    a: ({ data }) => {
      if (data.image!.base64[0] === 2) throw new AppError(StatusCode.ALL_INPUT_INVALID_BYTES, 'damaged')
      return tags(`${data.image!.base64[0]}`)
    },
  })
  const results = await run([node('a')], { a: model('visual-classifier', { modelId: 'a' }) }, host, [
    imageData(1),
    imageData(2),
    imageData(3),
  ])
  assert.deepEqual(host.batches.get('a'), [3, 1, 1, 1])
  assert.deepEqual(
    results.map(({ a }) => a!.code),
    [StatusCode.SUCCESS, StatusCode.ALL_INPUT_INVALID_BYTES, StatusCode.SUCCESS],
  )
  assert.deepEqual(idsOf(results[2]!.a!.data), ['3'])
})

test('unexpected errors are reported, not shown', async () => {
  const host = new FakeHost({
    a: () => {
      throw new Error('/secret/path: segmentation fault')
    },
  })
  const [result] = await run([node('a')], { a: model('visual-classifier', { modelId: 'a' }) }, host, [imageData(1)])
  assert.equal(result!.a!.code, StatusCode.MODEL_PREDICTION_FAILED)
  assert.doesNotMatch(result!.a!.details, /secret/)
  assert.match(String(host.reported[0]), /secret/)
})

test('an engine that cannot be loaded fails its nodes only', async () => {
  const models = { a: model('visual-classifier', { engine: 'absent' }), b: model('visual-classifier', { engine: 'b' }) }
  const [result] = await run([node('a'), node('b')], models, new FakeHost({ b: () => tags('x') }), [imageData(1)])
  assert.deepEqual([result!.a!.code, result!.b!.code], [StatusCode.MODEL_PREDICTION_FAILED, StatusCode.SUCCESS])
})

test('an engine that answers too few items fails instead of mixing inputs up', async () => {
  const host = new FakeHost({})
  host.load = async () => ({ bytes: 0, infer: async () => [], dispose: async () => {} })
  const [result] = await run([node('a')], { a: model('visual-classifier') }, host, [imageData(1)])
  assert.equal(result!.a!.code, StatusCode.MODEL_PREDICTION_FAILED)
})

test('batches are bounded', async () => {
  const host = new FakeHost({ a: () => tags('x') })
  const inputs = Array.from({ length: MAX_BATCH_ITEMS * 2 + 5 }, () => imageData(1))
  const results = await run([node('a')], { a: model('visual-classifier', { modelId: 'a' }) }, host, inputs)
  assert.deepEqual(host.batches.get('a'), [MAX_BATCH_ITEMS, MAX_BATCH_ITEMS, 5])
  assert.equal(results.length, inputs.length)
})

test('nodes of equal work share it, under limits of their own', async () => {
  const host = new FakeHost({ a: () => dataOf({ concepts: [concept('low', 0.1), concept('high', 0.9)] }) })
  const [result] = await run(
    [node('one'), node('two', [], { params: { max_concepts: 1 } })],
    { one: model('visual-classifier', { engine: 'a' }), two: model('visual-classifier', { engine: 'a' }) },
    host,
    [imageData(1)],
  )
  assert.equal(host.items('a'), 1)
  assert.deepEqual(idsOf(result!.one!.data), ['high', 'low'])
  assert.deepEqual(idsOf(result!.two!.data), ['high'])
})

test('suppressed nodes run but are not answered', async () => {
  const models = { a: model('visual-classifier', { modelId: 'a' }), b: model('concept-thresholder', { engine: 'b' }) }
  const host = new FakeHost({ a: () => tags('x'), b: ({ data }) => data })
  const [result] = await run([node('a', [], { suppress: true }), node('b', ['a'])], models, host, [imageData(1)])
  assert.equal(result!.a, undefined)
  assert.deepEqual(idsOf(result!.b!.data), ['x'])
})

test('a workflow takes pictures and texts side by side; an input that fits neither is refused', async () => {
  const models = {
    see: model('visual-classifier', { modelId: 'see' }),
    read: model('text-classifier', { modelId: 'read' }),
  }
  const host = new FakeHost({ see: () => tags('seen'), read: () => tags('read') })
  const results = await run([node('see'), node('read')], models, host, [imageData(1), textData('hi'), dataOf()])
  assert.deepEqual([idsOf(results[0]!.see!.data), results[0]!.read!.data], [['seen'], undefined])
  assert.deepEqual([results[1]!.see!.data, idsOf(results[1]!.read!.data)], [undefined, ['read']])
  assert.equal(results[1]!.see!.code, StatusCode.SUCCESS)
  assert.equal(results[2]!.see!.code, StatusCode.WORKFLOW_NO_MATCHING_INPUT)
  assert.match(results[2]!.see!.details, /works on image or text, but the input has no data/)
})

test('several inputs of a node are merged, in their order', async () => {
  const models = {
    a: model('visual-classifier', { modelId: 'a' }),
    b: model('visual-classifier', { modelId: 'b' }),
    both: model('annotation-writer', { engine: 'both' }),
  }
  const host = new FakeHost({ a: () => tags('a'), b: () => tags('b'), both: ({ data }) => data })
  const [result] = await run([node('a'), node('b'), node('both', ['b', 'a'])], models, host, [imageData(1)])
  assert.deepEqual(idsOf(result!.both!.data), ['b', 'a'])
})

test('missing concepts of a selection are told', async () => {
  const host = new FakeHost({ a: () => tags('cat', 'dog') })
  const known = model('visual-classifier', { modelId: 'a', concepts: [concept('cat'), concept('dog')] })
  const own = node('a', [], { params: { select_concepts: ['cat', 'unicorn'] } })
  const [result] = await run([own], { a: known }, host, [imageData(1)])
  assert.deepEqual([result!.a!.code, idsOf(result!.a!.data)], [StatusCode.MIXED_STATUS, ['cat']])
  assert.match(result!.a!.details, /"unicorn"/)
})

test('an aborted run ends with the reason, also in the middle', async () => {
  const abort = new AbortController()
  const host = new FakeHost({
    a: () => {
      abort.abort(new Error('client gone'))
      return tags('x')
    },
    b: () => tags('never'),
  })
  const { plan } = await compileWith([node('a'), node('b', ['a'])], {
    a: model('visual-classifier', { engine: 'a' }),
    b: model('concept-thresholder', { engine: 'b' }),
  })
  await assert.rejects(executePlan(plan, [imageData(1)], host, options, abort.signal), /client gone/)
  assert.equal(host.items('b'), 0)
})

test('an empty workflow answers every input with no nodes', async () => {
  assert.deepEqual(await run([], {}, new FakeHost({}), [imageData(1), dataOf()]), [{}, {}])
})
