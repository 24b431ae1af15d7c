import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { StatusCode } from '../../src/contract/status-code.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'
import { putInputs } from '../kit/stored-inputs.ts'

const MAIN = { userAppId: { userId: 'clarifai', appId: 'main' } }

let server: TestServer
let app: TestApp

before(async () => {
  server = await startTestServer()
  app = await makeApp(server, 'content')
})
after(() => server[Symbol.asyncDispose]())

describe('ListModelInputs', () => {
  const label = (id: string, value = 1) => ({ data: { concepts: [{ id, value }] } })
  const inputsOf = async (modelId: string, more: object = {}) =>
    succeeded(await server.call('ListModelInputs', { userAppId: app.userAppId, modelId, ...more })).inputs
  const version = async (modelId: string, ids: string[], more: object = {}) => {
    const outputInfo = { data: { concepts: ids.map((id) => ({ id })) }, params: { weights: ids.map(() => [1, 2]) } }
    const modelVersions = [{ outputInfo, ...more }]
    const made = await server.call('PostModelVersions', { userAppId: app.userAppId, modelId, modelVersions })
    return succeeded(made).model!.modelVersion!.id
  }

  before(async () => {
    const { userAppId } = app
    await putInputs(server.services, app, [
      { id: 'cat-1', ...label('cat') },
      { id: 'dog-1', ...label('dog') },
      { id: 'no-cat', ...label('cat', 0) },
      { id: 'bird-1', ...label('bird') },
    ])
    succeeded(await server.call('PostModels', { userAppId, models: [{ id: 'pets' }] }))
    succeeded(await server.call('PostDatasets', { userAppId, datasets: [{ id: 'some' }] }))
    const datasetInputs = [{ input: { id: 'dog-1' } }, { input: { id: 'bird-1' } }]
    succeeded(await server.call('PostDatasetInputs', { userAppId, datasetId: 'some', datasetInputs }))
  })

  test('are those that people had labelled with its concepts when the version was made, the newest first', async () => {
    const first = await version('pets', ['cat', 'dog'])
    const shown = await inputsOf('pets')
    assert.deepEqual(
      shown.map(({ id }) => id),
      ['no-cat', 'dog-1', 'cat-1'],
    )
    assert.deepEqual(
      shown[0]!.data!.concepts.map(({ id, value }) => [id, value]),
      [['cat', 0]],
    )
    await putInputs(server.services, app, [{ id: 'cat-2', ...label('cat') }])
    assert.equal((await inputsOf('pets', { versionId: first })).length, 3)
    const second = await version('pets', ['cat'])
    const ids = async (more: object) => (await inputsOf('pets', more)).map(({ id }) => id)
    assert.deepEqual(await ids({ versionId: second }), ['cat-2', 'no-cat', 'cat-1'])
    assert.deepEqual(await ids({ page: 2, perPage: 2 }), ['cat-1'])
  })

  test('are narrowed to the dataset that the version names', async () => {
    await version('pets', ['cat', 'dog'], { trainInfo: { params: { dataset_id: 'some' } } })
    assert.deepEqual(
      (await inputsOf('pets')).map(({ id }) => id),
      ['dog-1'],
    )
  })

  test('belong to the app of the model: public models show none, and keys need the right to read inputs', async () => {
    assert.deepEqual(await inputsOf('general-image-recognition'), [])
    const scopes = ['Apps_Get', 'Models_Get', 'Concepts_Get', 'Annotations_Get']
    const key = await server.makeKey({ kind: 'app_key', userPk: server.admin.pk, appPk: app.pk, scopes })
    const answer = await server.call('ListModelInputs', { userAppId: app.userAppId, modelId: 'pets' }, { key })
    refused(answer, StatusCode.CONN_INSUFFICIENT_SCOPES)
  })
})

describe('what is told about built-in models', () => {
  test('references say where their weights are from and under which licence', async () => {
    const { modelReferences } = succeeded(
      await server.call('ListModelReferences', { ...MAIN, modelId: 'whisper-base-en' }),
    )
    assert.deepEqual(
      modelReferences.map(({ id, modelId }) => [id, modelId]),
      [
        ['whisper-base-en', 'whisper-base-en'],
        ['silero-vad', 'whisper-base-en'],
      ],
    )
    for (const { url, metadata } of modelReferences) {
      assert.match(url, /^https:\/\/www\.npmjs\.com\/package\/[^/]+/)
      assert.deepEqual(metadata, { license: 'MIT' })
    }
    const page = await server.call('ListModelReferences', { ...MAIN, modelId: 'whisper-base-en', page: 2, perPage: 1 })
    assert.deepEqual(
      page.modelReferences.map(({ id }) => id),
      ['silero-vad'],
    )
    const optional = await server.call('ListModelReferences', { ...MAIN, modelId: 'multimodal-clip-embed' })
    assert.match(optional.modelReferences[0]!.url, /^https:\/\/huggingface\.co\/.+\/.+/)
  })

  test('examples can be sent as they are', async () => {
    const modelId = 'sentiment-english-vader'
    const { modelVersion } = (await server.call('GetModel', { ...MAIN, modelId })).model!
    const at = { ...MAIN, modelId, modelVersionId: modelVersion!.id }
    const { modelVersionInputExamples } = succeeded(await server.call('ListModelVersionInputExamples', at))
    assert.ok(modelVersionInputExamples.length >= 2)
    for (const example of modelVersionInputExamples) {
      const one = succeeded(await server.call('GetModelVersionInputExample', { ...at, exampleId: example.id }))
      assert.deepEqual(one.modelVersionInputExample, example)
      assert.equal(example.modelVersionId, modelVersion!.id)
      assert.ok(example.data!.text!.raw.length > 20)
    }
    refused(
      await server.call('GetModelVersionInputExample', { ...at, exampleId: 'nothing' }),
      StatusCode.CONN_DOES_NOT_EXIST,
      /no input example 'nothing'/,
    )
  })
})
