import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { JsonObject } from '@bufbuild/protobuf'
import { StatusCode } from '../../src/contract/status-code.ts'
import { operators } from '../../src/engines/operators/index.ts'
import { INFERENCE, Kind } from '../../src/workflow/model-types/field.ts'
import { isOperatorType, modelTypes } from '../../src/workflow/model-types/index.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

let server: TestServer
let app: TestApp

before(async () => {
  server = await startTestServer()
  app = await makeApp(server, 'settings')
  for (const id of [...modelTypes.keys()].filter(isOperatorType)) {
    succeeded(await server.call('PostModels', { userAppId: app.userAppId, models: [{ id, modelTypeId: id }] }))
  }
})
after(() => server[Symbol.asyncDispose]())

const X = [{ id: 'x', value: 0.5 }]
const post = (modelId: string, params: JsonObject, concepts: { id: string; value?: number }[] = X) =>
  server.call('PostModelVersions', {
    userAppId: app.userAppId,
    modelId,
    modelVersions: [{ outputInfo: { params, data: { concepts } } }],
  })

/** What an operator cannot do without. */
const NEEDED: Readonly<Record<string, JsonObject>> = {
  'regex-based-classifier': { regex: 'x' },
  prompter: { prompt_template: '{data.text.raw}' },
  'cross-app-input-searcher': { app_id: 'other' },
  email: { recipients: ['ann@example.org'] },
  'results-push': { url: 'https://example.org/' },
  'status-push': { url: 'https://example.org/' },
}
/** Parameters that bound another one, set so that they do not. */
const OTHERS: Readonly<Record<string, JsonObject>> = {
  max_object_size: { tile_size: 4096 },
  tile_size: { max_object_size: 0 },
}

describe('parameters of operators, when a version is made', () => {
  test('are taken at both ends of their ranges and refused beyond, by the path of the one that is wrong', async () => {
    let checked = 0
    for (const id of [...modelTypes.keys()].filter(isOperatorType)) {
      for (const field of modelTypes.get(id)!.modelTypeFields) {
        const { path, fieldType, modelTypeRangeInfo: range } = field
        if (!path.startsWith(`${INFERENCE}.`)) continue
        const name = path.slice(INFERENCE.length + 1)
        const wrong: JsonObject[string][] = []
        if (range) wrong.push(range.min - 1, range.max * 2 + 1, Number.NaN, Number.POSITIVE_INFINITY, 'many', [1])
        if (fieldType === Kind.BOOLEAN) wrong.push('perhaps', 7)
        if (fieldType === Kind.ENUM) wrong.push('something else', 99)
        if (fieldType === Kind.STRING) wrong.push(7, ['x'])
        if (fieldType === Kind.ARRAY_OF_STRINGS) wrong.push('x', [7])
        if (fieldType === Kind.ARRAY_OF_NUMBERS) wrong.push(['x'], [Number.NaN])
        for (const value of wrong) {
          const answer = await post(id, { ...NEEDED[id], [name]: value })
          refused(answer, StatusCode.MODEL_INVALID_ARGUMENT, new RegExp(path.replaceAll('.', '\\.')))
          checked++
        }
        for (const value of range ? [range.min, range.max] : []) {
          succeeded(await post(id, { ...NEEDED[id], ...OTHERS[name], [name]: value }))
        }
      }
    }
    assert.ok(checked > 300, `${checked}`)
  })

  test('that no input could be answered with are refused as well', async () => {
    const cases: [string, JsonObject, RegExp][] = [
      ['regex-based-classifier', { regex: '(' }, /parameter regex is no regular expression/],
      ['regex-based-classifier', { regex: '(?<=a)b' }, /parameter regex is no regular expression/],
      ['prompter', { prompt_template: 'no place' }, /prompt_template must .*\{data\.text\.raw\}/],
      ['rag-prompter', { prompt_template: '{data.text.raw}' }, /prompt_template must .*\{data\.hits\}/],
      ['image-tiling-operator', { tile_size: 100, max_object_size: 100 }, /max_object_size is 100/],
      ['barcode-operator', { formats: ['pdf417'] }, /parameter formats/],
      ['input-filter', { input_types: ['smell'] }, /parameter input_types/],
      ['input-filter', { metadata: [1] }, /parameter metadata must be an object/],
      ['tesseract-operator', { language: 'deu' }, /output_info\.params\.language must be one of eng, chi_sim/],
      ['email', { recipients: ['nobody'] }, /parameter recipients/],
      ['results-push', { url: 'ftp://example.org' }, /parameter url/],
      ['keyword-filter-operator', { keywords: Array.from({ length: 100_000 }, (_, at) => `w${at}`) }, /100001 words/],
      ['kalman-reid-tracker', { association_confidence: Array(11).fill(0.5) }, /association_confidence/],
    ]
    for (const [id, params, details] of cases)
      refused(await post(id, params), StatusCode.MODEL_INVALID_ARGUMENT, details)
    const nan = [{ id: 'x', value: Number.NaN }]
    refused(await post('concept-thresholder', {}, nan), StatusCode.MODEL_INVALID_ARGUMENT, /value of "x"/)
  })

  test('may be left to the nodes: an operator without settings is made all the same', async () => {
    for (const { name } of operators.filter(({ name: id }) => id !== 'prompter' && id !== 'regex-based-classifier')) {
      const answer = await server.call('PostModelVersions', { userAppId: app.userAppId, modelId: name })
      assert.equal(succeeded(answer).model?.modelVersion?.status?.code, StatusCode.MODEL_TRAINED)
    }
  })
})

describe('settings of nodes, when a workflow is made', () => {
  const workflow = (override: object, operator = 'concept-thresholder') => {
    const nodes = [
      { id: 'tags', model: { id: 'general-image-recognition', userId: 'clarifai', appId: 'main' } },
      { id: 'boxes', model: { id: 'general-image-detection', userId: 'clarifai', appId: 'main' } },
      {
        id: 'my node',
        model: { id: operator },
        nodeInputs: [{ nodeId: operator === 'image-crop' ? 'boxes' : 'tags' }],
        outputInfoOverride: override,
      },
    ]
    return server.call('PostWorkflows', { userAppId: app.userAppId, workflows: [{ id: 'wrong', nodes }] })
  }

  test('are refused by the names of node and field', async () => {
    const cases: [object, RegExp, string?][] = [
      [{ params: { concept_threshold_type: 9 } }, /^Node "my node": .*output_info\.params\.concept_threshold_type/],
      [{ params: { filter_other_concepts: 'maybe' } }, /^Node "my node": .*output_info\.params\.filter_other_concepts/],
      [{ data: { concepts: [{ id: 'x', value: Number.NaN }] } }, /^Node "my node": The value of "x" in output_info/],
      [
        { params: { margin: -1 } },
        /^Node "my node": .*output_info\.params\.margin must be from 0\.01 to 20/,
        'image-crop',
      ],
      [{ params: { margin: Number.NaN } }, /^Node "my node": .*margin must be a number/, 'image-crop'],
      [{ params: { margin: 1e9 } }, /^Node "my node": .*margin/, 'image-crop'],
      [{ params: { keep_fraction: 1.5 } }, /^Node "my node": .*keep_fraction/, 'random-sample'],
      [{ params: { metadata: 'x' } }, /^Node "my node": The parameter metadata/, 'input-filter'],
      [{ params: {} }, /^Node "my node": The parameter url/, 'results-push'],
    ]
    for (const [override, details, operator] of cases) {
      refused(await workflow(override, operator), StatusCode.MODEL_INVALID_ARGUMENT, details)
    }
    refused(
      await server.call('GetWorkflow', { userAppId: app.userAppId, workflowId: 'wrong' }),
      StatusCode.WORKFLOW_DOES_NOT_EXIST,
    )
  })

  test('of models too: limits on concepts that no call could use', async () => {
    const cases: JsonObject[] = [
      { max_concepts: 1e9 },
      { max_concepts: -1 },
      { min_value: Number.NaN },
      { min_value: 3 },
    ]
    for (const params of cases) {
      const node = {
        id: 'tags',
        model: { id: 'general-image-recognition', userId: 'clarifai', appId: 'main' },
        outputInfoOverride: { params },
      }
      refused(
        await server.call('PostWorkflows', { userAppId: app.userAppId, workflows: [{ id: 'wrong', nodes: [node] }] }),
        StatusCode.MODEL_INVALID_ARGUMENT,
        /^Node "tags": .*(max_concepts|min_value)/,
      )
    }
  })
})
