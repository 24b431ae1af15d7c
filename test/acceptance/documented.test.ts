// The whole request that the user's specification documents for "Predict using a workflow", with every field that it
// names, sent to a started server: as it stands with its placeholders, and with values in their place.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Named, send } from './kit/http.ts'
import { PHOTO_BASE64 } from './kit/photo.ts'
import { startLimpid, USER } from './kit/server.ts'

const limpid = await startLimpid()
after(() => limpid[Symbol.asyncDispose]())

const hosted = { prefix: 'string', suffix: 'string', sizes: ['string'], crossorigin: 'string' }
const imageInfo = { width: 0, height: 0, format: 'string', colorMode: 'string' }
const image = { url: 'string', base64: 'string', allowDuplicateUrl: true, hosted, imageInfo }
const point = { row: 0, col: 0, z: 0, visibility: 'NOT_SET' }
const span = { charStart: 0, charEnd: 0, rawText: 'string' }
const geoPoint = { longitude: 0, latitude: 0 }
const time = '2019-08-24T14:15:22Z'
const timeInfo = { numFrames: 0, beginTime: 0, endTime: 0 }
const redirectInfo = { url: 'string', resourceType: 'string', oldResourceId: 'string', newResourceId: 'string' }
const status = {
  code: {},
  description: 'string',
  details: 'string',
  stackTrace: ['string'],
  percentCompleted: 0,
  timeRemaining: 0,
  reqId: 'string',
  internalDetails: 'string',
  redirectInfo,
}
const concept = {
  ...{ id: 'string', name: 'string', value: 0, createdAt: time, language: 'string', appId: 'string' },
  ...{ definition: 'string', vocabId: 'string', visibility: { gettable: 'UNKNOWN_VISIBILITY' }, userId: 'string' },
  keypointInfo: { keypointNames: ['string'], skeleton: [{ k1: 0, k2: 0 }] },
  extraInfo: { isRankable: true },
}
const annotation = {
  ...{ id: 'string', inputId: 'string', data: {}, annotationInfo: {}, userId: 'string', modelVersionId: 'string' },
  ...{ embedModelVersionId: 'string', status, createdAt: time, modifiedAt: time, trusted: true, inputLevel: true },
  ...{ consensusInfo: {}, taskId: 'string', workflowVersionId: 'string' },
}
const hit = { score: 0, input: {}, annotation, userId: 'string', appId: 'string' }
const regionInfo = {
  boundingBox: { topRow: 0, leftCol: 0, bottomRow: 0, rightCol: 0 },
  mask: { image },
  polygon: { points: [point] },
  point,
  span,
  token: span,
  keypointLocations: [point],
}
const videoInfo = { width: 0, height: 0, fps: 0, videoFormat: 'string', bitRate: 0, frameCount: 0, durationSeconds: 0 }
const media = {
  image,
  video: { ...image, imageInfo: undefined, thumbnailUrl: 'string', videoInfo },
  text: {
    raw: 'string',
    url: 'string',
    allowDuplicateUrl: true,
    hosted,
    textInfo: { charCount: 0, encoding: 'string' },
  },
  audio: {
    ...{ ...image, imageInfo: undefined },
    audioInfo: { audioFormat: 'string', sampleRate: 0, durationSeconds: 0, bitRate: 0 },
  },
}
const beside = {
  concepts: [concept],
  metadata: {},
  geo: { geoPoint, geoLimit: { type: 'string', value: 0 }, geoBox: [{ geoPoint }] },
  colors: [{ rawHex: 'string', w3c: { hex: 'string', name: 'string' }, value: 0 }],
  clusters: [{ id: 'string', count: 0, score: 0, hits: [hit], projection: [0] }],
  embeddings: [{ vector: [0], numDimensions: 0 }],
  regions: [{ id: 'string', regionInfo, data: {}, value: 0, trackId: 'string' }],
  frames: [{ frameInfo: { index: 0, time: 0 }, data: {}, id: 'string' }],
  tracks: [{ id: 'string', data: {}, timeInfo, quality: 0 }],
  timeSegments: [{ id: 'string', data: {}, timeInfo }],
  hits: [hit],
  heatmaps: [image],
}
const outputConfig = {
  ...{ conceptsMutuallyExclusive: true, existingModelId: 'string', language: 'string', hyperParameters: 'string' },
  ...{ maxConcepts: 0, minValue: 0, selectConcepts: [concept], trainingTimeout: 0, sampleMs: 0, hyperParams: {} },
  ...{ embedModelVersionId: 'string', failOnMissingPositiveExamples: true, modelMetadata: {} },
}
/** The documented request, word for word. */
const documented = {
  userAppId: { userId: 'string', appId: 'string' },
  versionId: 'string',
  inputs: [
    { id: 'string', data: { ...media, ...beside }, createdAt: time, modifiedAt: time, status, datasetIds: ['string'] },
  ],
  outputConfig,
  favorClarifaiWorkflows: true,
  workflowState: { id: 'string' },
}

let appKey = ''
let versionId = ''

before(async () => {
  const made = async (path: string, body: object) => {
    const answer = await send(limpid.url, 'POST', path, { body })
    assert.equal(answer.body.status.code, 10000, answer.text)
    return answer.body
  }
  await made('/v2/users/me/apps', { apps: [{ id: 'pages', defaultWorkflow: { id: 'Empty' } }] })
  const nodes = [
    { id: 'tags', model: { id: 'general-image-recognition', userId: 'clarifai', appId: 'main' } },
    { id: 'mood', model: { id: 'sentiment-english-vader', userId: 'clarifai', appId: 'main' } },
  ]
  const { workflows } = await made('/v2/users/me/apps/pages/workflows', { workflows: [{ id: 'both', nodes }] })
  versionId = (workflows as unknown as { version: Named }[])[0]!.version.id
  const apps = [{ id: 'pages', userId: USER }]
  const { keys } = await made('/v2/users/me/keys', { keys: [{ description: 'pages', scopes: ['All'], apps }] })
  appKey = (keys as Named[])[0]!.id
})

const predict = (body: object, workflow = 'both') =>
  send(limpid.url, 'POST', `/v2/workflows/${workflow}/results`, { body, key: appKey })
const input = (data: object) => ({ ...documented.inputs[0]!, data: { ...beside, ...data } })
const filled = {
  ...documented,
  userAppId: { userId: 'me', appId: 'pages' },
  versionId: undefined,
  inputs: [input({ image: { ...image, url: '', base64: PHOTO_BASE64 } })],
  outputConfig: { ...outputConfig, language: 'en', selectConcepts: [] },
  workflowState: { id: 'init' },
}

describe('the documented request', () => {
  test('as it stands is read in whole and refused for what its placeholders name, on every path', async () => {
    for (const workflow of ['', 'string', 'both']) {
      const { http, body, text } = await predict(documented, workflow)
      assert.notEqual(body.status.code, 11102, text)
      assert.ok([400, 401, 403, 404].includes(http), `${http} ${text}`)
      assert.match(body.status.details ?? '', /string|app/)
      assert.ok(body.status.reqId)
    }
    const own = await predict({ ...documented, userAppId: undefined, versionId: undefined, workflowState: undefined })
    assert.equal(own.body.status.code, 21202, own.text)
    assert.match(own.body.status.details!, /language 'string'/)
  })

  test('with values is answered: the picture by the model for pictures, the text by that for texts', async () => {
    const { http, body, text } = await predict(filled)
    assert.equal(http, 200, text)
    const [tags, mood] = body.results[0]!.outputs
    assert.equal(tags!.data.concepts[0]!.name, 'person')
    assert.deepEqual([mood!.status.code, mood!.data.concepts ?? []], [10000, []])
    const words = await predict({
      ...filled,
      inputs: [input({ text: { ...media.text, url: '', raw: 'A lovely day!' } })],
    })
    assert.equal(words.http, 200, words.text)
    assert.equal(words.body.results[0]!.outputs[1]!.data.concepts[0]!.name, 'positive')
  })

  test('names the version that runs, and keeps the state that the answer names', async () => {
    const first = await predict({ ...filled, versionId })
    assert.equal(first.http, 200, first.text)
    assert.equal((first.body.workflow as unknown as { version: Named }).version.id, versionId)
    const state = first.body.workflowState as Named
    const second = await predict({ ...filled, workflowState: state })
    assert.deepEqual([second.http, (second.body.workflowState as Named).id], [200, state.id])
    const gone = await predict({ ...filled, workflowState: documented.workflowState })
    assert.deepEqual([gone.http, gone.body.status.code], [400, 22104], gone.text)
    const absent = await predict({ ...filled, versionId: 'string' })
    assert.deepEqual([absent.http, absent.body.status.code], [404, 11101], absent.text)
  })

  test('limits the concepts by number, value and choice, names them in a language, and looks at public ones first', async () => {
    const concepts = async (config: object, more: object = {}) => {
      const answer = await predict({ ...filled, ...more, outputConfig: { ...filled.outputConfig, ...config } })
      assert.equal(answer.http, 200, answer.text)
      return answer.body.results[0]!.outputs[0]!.data.concepts
    }
    const all = await concepts({})
    assert.equal((await concepts({ maxConcepts: 2 })).length, 2)
    const least = all[1]!.value
    assert.deepEqual(
      (await concepts({ minValue: least - 0.001 })).map(({ id }) => id),
      all.slice(0, 2).map(({ id }) => id),
    )
    const [, chosen] = all
    for (const selected of [{ id: chosen!.id }, { name: chosen!.name }, { ...concept, id: chosen!.id, name: '' }]) {
      assert.deepEqual(
        (await concepts({ selectConcepts: [selected] })).map(({ id }) => id),
        [chosen!.id],
      )
    }
    const unknown = await predict({ ...filled, outputConfig: { ...filled.outputConfig, selectConcepts: [concept] } })
    assert.deepEqual([unknown.http, unknown.body.status.code], [400, 21202], unknown.text)
    const general = await predict({ ...filled, favorClarifaiWorkflows: true }, 'General')
    const { userId, appId } = general.body.workflow as Named & { userId: string; appId: string }
    assert.deepEqual([general.http, userId, appId], [200, 'clarifai', 'main'], general.text)
  })

  test('refuses numbers that nobody can mean', async () => {
    for (const config of [
      { maxConcepts: 1_000_000_000 },
      { minValue: 'NaN' },
      { minValue: -1 },
      { sampleMs: 70_000 },
    ]) {
      const { http, body, text } = await predict({ ...filled, outputConfig: { ...filled.outputConfig, ...config } })
      assert.equal(http, 400, text)
      assert.match(body.status.details!, /max_concepts|min_value|sample_ms/)
    }
  })
})
