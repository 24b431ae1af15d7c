// One prediction, asked for through every transport: PostModelOutputs and PostWorkflowResults must answer the same.
import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { Model, Workflow } from 'clarifai-nodejs'
import { tags } from './kit/compare.ts'
import { call, imageInput, service, staticClient, userApp } from './kit/grpc.ts'
import { send } from './kit/http.ts'
import { legacyClient } from './kit/legacy.ts'
import { startMediaHost } from './kit/media-host.ts'
import { PHOTO, PHOTO_BASE64, PHOTO_FILE } from './kit/photo.ts'
import { PAT, startLimpid } from './kit/server.ts'

const MODEL = 'general-image-recognition'
const OLD_MODEL_ID = 'aaa03c23b3724a16a56b629203edc62c'
const MODEL_VERSION = 'aa7f35c01e0642fda5cf400f543e7c40'
const WORKFLOW = 'General'
const MAIN = '/v2/users/clarifai/apps/main'
const PUBLIC = { userId: 'clarifai', appId: 'main' }

const media = await startMediaHost()
const limpid = await startLimpid({ env: { LIMPID_FETCH_ALLOW: media.authority } })
after(async () => {
  await limpid[Symbol.asyncDispose]()
  await media[Symbol.asyncDispose]()
})

const byBytes = { inputs: [{ data: { image: { base64: PHOTO_BASE64 } } }] }
const expected = await send(limpid.url, 'POST', `${MAIN}/models/${MODEL}/outputs`, { body: byBytes })
const expectedTags = tags(expected.body.outputs[0]!.data.concepts)

describe('a model predicts the same through every client', () => {
  test('raw HTTP finds the man in the photo', () => {
    assert.equal(expected.http, 200)
    assert.equal(expected.body.status.code, 10000)
    assert.equal(expectedTags.length, 20)
    const [, name, value] = expectedTags[0]!
    assert.equal(name, 'person')
    assert.ok(value > 0.8 && value <= 1, `value ${value}`)
    const dog = expectedTags.findIndex(([id]) => id === 'ai_8S2Vq3cR')
    assert.ok(dog > 0 && dog < 10, `the dog stands at place ${dog}`)
    const values = expectedTags.map(([, , v]) => v)
    assert.deepEqual(
      values,
      values.toSorted((a, b) => b - a),
    )
  })

  test('static gRPC client', async () => {
    const client = staticClient(limpid)
    const request = new service.PostModelOutputsRequest()
      .setUserAppId(userApp('main', 'clarifai'))
      .setModelId(MODEL)
      .setVersionId(MODEL_VERSION)
      .setInputsList([imageInput(PHOTO)])
    const answer = (await call(client, client.postModelOutputs, request)).toObject()
    client.close()
    assert.equal(answer.status?.code, 10000)
    assert.deepEqual(tags(answer.outputsList[0]!.data!.conceptsList), expectedTags)
  })

  test('Node SDK, by file, bytes and URL', async () => {
    const model = new Model({
      modelId: MODEL,
      modelUserAppId: PUBLIC,
      authConfig: { ...PUBLIC, pat: PAT, base: limpid.url },
    })
    const answers = [
      await model.predictByFilepath({ filepath: PHOTO_FILE, inputType: 'image' }),
      await model.predictByBytes({ inputBytes: PHOTO, inputType: 'image' }),
      await model.predictByUrl({ url: `${media.url}/photo.jpg`, inputType: 'image' }),
    ]
    for (const [output] of answers) assert.deepEqual(tags(output!.data!.conceptsList), expectedTags)
  })

  test('legacy REST client, by the old id of the model, by bytes and URL', async () => {
    const { models } = legacyClient(limpid, { apiKey: PAT, ...PUBLIC })
    for (const input of [{ base64: PHOTO_BASE64 }, `${media.url}/photo.jpg`, `${media.url}/moved.jpg`]) {
      const answer = await models.predict(OLD_MODEL_ID, input)
      assert.equal(answer.status.code, 10000)
      assert.equal(answer.outputs[0]!.model.model_version.id, MODEL_VERSION)
      assert.deepEqual(tags(answer.outputs[0]!.data.concepts), expectedTags)
    }
  })

  test('legacy REST client limits concepts by number, value and choice', async () => {
    const { models } = legacyClient(limpid, { apiKey: PAT, ...PUBLIC })
    const input = { base64: PHOTO_BASE64 }
    const names = async (config: object) =>
      (await models.predict(MODEL, input, config)).outputs[0]!.data.concepts.map((c) => c.name)
    assert.deepEqual(
      await names({ maxConcepts: 3 }),
      expectedTags.slice(0, 3).map(([, name]) => name),
    )
    assert.deepEqual(await names({ minValue: 0.5 }), ['person'])
    assert.deepEqual(await names({ selectConcepts: [{ name: 'dog' }, { id: expectedTags[0]![0] }] }), ['person', 'dog'])
  })
})

describe('a workflow predicts the same through every client', () => {
  test('raw HTTP', async () => {
    const { body } = await send(limpid.url, 'POST', `${MAIN}/workflows/${WORKFLOW}/results`, { body: byBytes })
    assert.equal(body.status.code, 10000)
    const [concepts, embedding] = body.results[0]!.outputs
    assert.deepEqual(tags(concepts!.data.concepts), expectedTags)
    assert.equal(embedding!.data.embeddings[0]!.numDimensions, 576)
    assert.equal(embedding!.data.embeddings[0]!.vector.length, 576)
  })

  test('static gRPC client, several inputs, URL and bytes', async () => {
    const client = staticClient(limpid)
    const byUrl = imageInput(new Uint8Array())
    byUrl.getData()!.getImage()!.setUrl(`${media.url}/photo.jpg`)
    const request = new service.PostWorkflowResultsRequest()
      .setUserAppId(userApp('main', 'clarifai'))
      .setWorkflowId(WORKFLOW)
      .setInputsList([imageInput(PHOTO).setId('first'), byUrl.setId('second')])
    const answer = (await call(client, client.postWorkflowResults, request)).toObject()
    client.close()
    assert.equal(answer.status?.code, 10000)
    assert.deepEqual(
      answer.resultsList.map((result) => result.input?.id),
      ['first', 'second'],
    )
    for (const { outputsList } of answer.resultsList) {
      assert.deepEqual(tags(outputsList[0]!.data!.conceptsList), expectedTags)
    }
    assert.deepEqual(
      answer.resultsList[0]!.outputsList[1]!.data!.embeddingsList,
      answer.resultsList[1]!.outputsList[1]!.data!.embeddingsList,
    )
  })

  test('Node SDK', async () => {
    const workflow = new Workflow({
      url: `https://clarifai.com/clarifai/main/workflows/${WORKFLOW}`,
      authConfig: { pat: PAT, base: limpid.url },
    })
    for (const answer of [
      await workflow.predictByBytes(PHOTO, 'image'),
      await workflow.predictByUrl(`${media.url}/photo.jpg`, 'image'),
    ]) {
      assert.deepEqual(tags(answer.resultsList[0]!.outputsList[0]!.data!.conceptsList), expectedTags)
    }
  })

  test('legacy REST client', async () => {
    const { workflow } = legacyClient(limpid, { apiKey: PAT, ...PUBLIC })
    const input = { id: 'mine', base64: PHOTO_BASE64 }
    const answer = await workflow.predict(WORKFLOW, input, { maxConcepts: 2 })
    assert.equal(answer.workflow.id, WORKFLOW)
    const [output] = answer.results[0]!.outputs
    assert.deepEqual(tags(output!.data.concepts), expectedTags.slice(0, 2))
  })

  test('nodes feed one another: faces are found, cut out and described', async () => {
    const { body } = await send(limpid.url, 'POST', `${MAIN}/workflows/Face-Sentiment/results`, { body: byBytes })
    assert.equal(body.status.code, 10000)
    const [faces, crops, expressions] = body.results[0]!.outputs
    assert.ok(faces!.data.regions.length > 0)
    for (const { regionInfo } of faces!.data.regions) {
      const { topRow, leftCol, bottomRow, rightCol } = regionInfo.boundingBox
      assert.ok(0 <= topRow! && topRow! < bottomRow! && bottomRow! <= 1)
      assert.ok(0 <= leftCol! && leftCol! < rightCol! && rightCol! <= 1)
    }
    const ids = faces!.data.regions.map(({ id }) => id)
    assert.equal(crops!.data.regions.length, ids.length)
    assert.equal(expressions!.data.regions.length, ids.length)
    const sum = expressions!.data.regions[0]!.data.concepts.reduce((total, { value }) => total + value, 0)
    assert.ok(Math.abs(sum - 1) < 1e-3, `expressions add up to ${sum}`)
  })
})
