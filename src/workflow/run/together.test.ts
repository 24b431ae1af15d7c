import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { type Data, EmbeddingSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { EngineSetup, LoadedEngine } from '../../engines/engine.ts'
import { dataOf } from '../data.ts'
import { compileWith, concept, FakeHost, imageData, model, node } from '../test-support.ts'
import { type EngineHost, executePlan } from './execute.ts'

const never = new AbortController().signal
const embed = model('visual-embedder', { modelId: 'embed' })
const vector = (value: number): Data => dataOf({ embeddings: [create(EmbeddingSchema, { vector: [value] })] })

/** An engine of heads: each answers a concept of its name and the vector, and refuses when its params say so. */
class Heads implements LoadedEngine {
  readonly bytes = 0
  readonly together: number[] = []
  alone = 0

  async infer(items: Parameters<LoadedEngine['infer']>[0], setup: EngineSetup): Promise<Data[]> {
    this.alone++
    return items.map((item) => this.#answer(item.data, setup))
  }

  async inferMany(items: Parameters<LoadedEngine['infer']>[0], setups: readonly EngineSetup[]): Promise<Data[][]> {
    this.together.push(setups.length)
    return setups.map((setup) => items.map((item) => this.#answer(item.data, setup)))
  }

  async dispose(): Promise<void> {}

  #answer({ embeddings }: Data, { params }: EngineSetup): Data {
    if (params.broken === true) throw new AppError(StatusCode.MODEL_INVALID_ARGUMENT, 'broken head')
    return dataOf({ concepts: [concept(`${params.name}:${embeddings[0]!.vector[0]}`)] })
  }
}

async function runHeads(params: readonly object[]) {
  const heads = new Heads()
  const models = Object.fromEntries(
    params.map((own, at) => [
      `h${at}`,
      model('embedding-classifier', {
        modelId: `h${at}`,
        engine: 'heads',
        baseEmbedder: embed,
        params: { name: `h${at}`, ...own },
      }),
    ]),
  )
  const { plan, nodes } = await compileWith(
    params.map((_, at) => node(`h${at}`)),
    models,
  )
  const others = new FakeHost({ embed: ({ data }) => vector(data.image!.base64[0]!) })
  const host: EngineHost = {
    load: async (engine) => (engine === 'heads' ? heads : others.load(engine)),
    frames: () => others.frames(),
  }
  const results = await executePlan(plan, [imageData(1), imageData(2)], host, { sampleMs: 1000 }, never)
  const answers = results.map((result) => nodes.map(({ index }) => result.nodes[index]!))
  return { heads, answers }
}

const idsOf = (data: Data | undefined) => data?.concepts.map(({ id }) => id)

test('heads on one embedder are asked together, and each answers every input by itself', async () => {
  const { heads, answers } = await runHeads([{}, {}, {}])
  assert.deepEqual([heads.together, heads.alone], [[3], 0])
  assert.deepEqual(
    answers.map((nodes) => nodes.map(({ data }) => idsOf(data))),
    [
      [['h0:1'], ['h1:1'], ['h2:1']],
      [['h0:2'], ['h1:2'], ['h2:2']],
    ],
  )
})

test('a head that fails costs only its own result', async () => {
  const { answers } = await runHeads([{}, { broken: true }, {}])
  for (const [at, nodes] of answers.entries()) {
    assert.deepEqual(
      nodes.map(({ code }) => code),
      [StatusCode.SUCCESS, StatusCode.MODEL_INVALID_ARGUMENT, StatusCode.SUCCESS],
    )
    assert.deepEqual(idsOf(nodes[2]!.data), [`h2:${at + 1}`])
  }
})

test('a node begins when its own inputs are done, whatever other branches do', async () => {
  const gate = Promise.withResolvers<void>()
  const host = new FakeHost({
    slow: async () => {
      await gate.promise
      return dataOf({ concepts: [concept('slow')] })
    },
    embed: () => vector(1),
    // Opens the gate for the branch beside it: in whole layers both would wait for ever.
    head: () => {
      gate.resolve()
      return dataOf({ concepts: [concept('head')] })
    },
    last: ({ data }) => data,
  })
  const models = {
    slow: model('visual-classifier', { modelId: 'slow', engine: 'slow' }),
    embed,
    head: model('embedding-classifier', { modelId: 'head', engine: 'head', baseEmbedder: embed }),
    last: model('concept-thresholder', { modelId: 'last', engine: 'last' }),
  }
  const { plan, nodes } = await compileWith(
    [node('slow'), node('embed'), node('head', ['embed']), node('last', ['slow', 'head'])],
    models,
  )
  const [result] = await executePlan(plan, [imageData(1)], host, { sampleMs: 1000 }, never)
  const last = nodes.find(({ node: written }) => written?.id === 'last')!
  assert.deepEqual(idsOf(result!.nodes[last.index]!.data), ['slow', 'head'])
})
