import assert from 'node:assert/strict'
import { test } from 'node:test'
import { create, type JsonObject } from '@bufbuild/protobuf'
import { DataSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { INFERENCE } from '../../workflow/model-types/field.ts'
import { defaultParams, modelTypes, typeEntry } from '../../workflow/model-types/index.ts'
import { executePlan } from '../../workflow/run/execute.ts'
import { compileWith, FakeHost, imageData, node } from '../../workflow/test-support.ts'
import { createRegistry, engineNames } from '../registry.ts'
import { operators } from './index.ts'
import { operatorModel } from './test-host.ts'
import { concept } from './test-support.ts'

const unavailable = [...modelTypes.keys()].filter((id) => typeEntry(id)!.unavailable !== undefined)

test('the types that cannot run here say why, and what to use instead', () => {
  assert.deepEqual(unavailable.sort(), [
    'aws-lambda',
    'custom-code-operator',
    'neural-lite-tracker',
    'neural-tracker',
    'sms',
  ])
  for (const id of unavailable) {
    assert.match(typeEntry(id)!.unavailable!, /^[a-z].*; use .*\.$/)
    assert.ok(modelTypes.get(id)!.description.includes('Not available here: '))
    assert.ok(!operators.some(({ name }) => name === id) && !engineNames.includes(id), id)
  }
})

test('a workflow with such a node compiles; the node answers why it does not run, the others run', async () => {
  const registry = createRegistry()
  for (const id of unavailable.filter((type) => !type.endsWith('-tracker'))) {
    const { plan } = await compileWith([node('all'), node('gone', ['all'])], {
      all: operatorModel('random-sample'),
      gone: operatorModel(id),
    })
    const host = new FakeHost({})
    host.load = async (name) => (await registry.find(name)).load({})
    const [result] = await executePlan(plan, [imageData(1)], host, { sampleMs: 1000 }, new AbortController().signal)
    assert.equal(result!.nodes[0]!.code, StatusCode.SUCCESS)
    assert.equal(result!.nodes[1]!.code, StatusCode.MODEL_NOT_DEPLOYED)
    assert.ok(result!.nodes[1]!.details.endsWith(typeEntry(id)!.unavailable!), result!.nodes[1]!.details)
  }
  await assert.rejects(registry.find('neural-tracker'), {
    code: StatusCode.MODEL_NOT_DEPLOYED,
    details: /no open network/,
  })
  await assert.rejects(registry.find('nothing'), {
    code: StatusCode.MODEL_NOT_DEPLOYED,
    details: /no engine 'nothing'/,
  })
})

/** What some operators cannot do without. */
const NEEDED: Readonly<Record<string, JsonObject>> = {
  'regex-based-classifier': { regex: 'x' },
  prompter: { prompt_template: '{data.text.raw}' },
  email: { recipients: ['ann@example.org'] },
  'results-push': { url: 'https://example.org/' },
  'status-push': { url: 'https://example.org/' },
}

/** Parameters that bound another one, set so that they do not. */
const OTHERS: Readonly<Record<string, JsonObject>> = {
  max_object_size: { tile_size: 4096 },
  tile_size: { max_object_size: 0 },
}

test('operators accept whatever their model types let through: defaults, both ends of ranges, all choices', async () => {
  for (const engine of operators.filter(({ weights }) => weights.length === 0)) {
    const type = modelTypes.get(engine.name)!
    const loaded = await engine.load({})
    const accepts = async (params: JsonObject) => {
      const setup = {
        params: { ...defaultParams(type), ...NEEDED[engine.name], ...params },
        concepts: [concept('x', 0.5)],
      }
      await loaded.infer([], setup)
    }
    await accepts({})
    for (const { path, modelTypeRangeInfo: range, modelTypeEnumOptions: options } of type.modelTypeFields) {
      if (!path.startsWith(`${INFERENCE}.`)) continue
      const name = path.slice(INFERENCE.length + 1)
      for (const { id } of options) await accepts({ [name]: id })
      if (!range) continue
      const others = OTHERS[name] ?? {}
      for (const value of [range.min, range.max]) await accepts({ ...others, [name]: value })
      for (const value of [range.min - 1, range.max * 2 + 1, 'NaN']) {
        await assert.rejects(
          accepts({ ...others, [name]: value }),
          { code: StatusCode.MODEL_INVALID_ARGUMENT },
          `${engine.name} ${name} ${value}`,
        )
      }
    }
  }
})

test('operators without parameters of the node do the same as with the defaults of their types', async () => {
  // Trackers show it best: nothing else has as many parameters.
  const trackers = operators.filter(({ name }) => modelTypes.get(name)!.requiresSequentialFrames)
  assert.equal(trackers.length, 4)
  const at = (x: number, value: number) => ({
    id: `${x}`,
    value,
    regionInfo: { boundingBox: { topRow: 0.4, leftCol: x, bottomRow: 0.6, rightCol: x + 0.2 } },
    data: { concepts: [{ id: 'a', value }], embeddings: [{ vector: [x, value], numDimensions: 2 }] },
  })
  const data = create(DataSchema, {
    frames: [0, 0.1, 0.2, 0.5, 0.55].map((x) => ({
      data: { regions: [at(x, 0.9), at(0.8 - x, 0.5), at(x / 2, 0.65)] },
    })),
  })
  for (const engine of trackers) {
    const loaded = await engine.load({})
    const run = async (params: JsonObject) => {
      const scope = { signal: new AbortController().signal } as never
      const [answer] = await loaded.infer([{ data, scope }], { params, concepts: [] })
      return answer!.frames.map((frame) => frame.data!.regions.map(({ trackId }) => trackId))
    }
    assert.deepEqual(await run({}), await run(defaultParams(modelTypes.get(engine.name)!)), engine.name)
  }
})
