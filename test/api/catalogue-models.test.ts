import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Output } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { facePhotos, speechRecording } from '../../src/engines/test-weights.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

const MAIN = { userAppId: { userId: 'clarifai', appId: 'main' } }

describe('built-in models that look at people, listen and read', () => {
  let server: TestServer
  let photo: Buffer

  before(async () => {
    photo = (await facePhotos()).sofa
    server = await startTestServer({ models: true })
  })
  after(() => server[Symbol.asyncDispose]())

  async function predict(modelId: string, data: object, params?: Record<string, string[]>): Promise<Output> {
    const answer = await server.call('PostModelOutputs', {
      ...MAIN,
      modelId,
      inputs: [{ data }],
      ...(params && { model: { modelVersion: { outputInfo: { params } } } }),
    })
    assert.equal(answer.status?.code, StatusCode.SUCCESS, answer.status?.details)
    return answer.outputs[0]!
  }

  test('masks come as pictures of their own, with the share they cover as value', async () => {
    const { data } = await predict('person-segmentation-selfie', { image: { base64: photo } })
    const [person, background] = data!.regions
    assert.deepEqual(
      [person, background].map((region) => region!.data!.concepts[0]!.name),
      ['person', 'background'],
    )
    const { name, appId, value } = person!.data!.concepts[0]!
    assert.deepEqual([name, appId], ['person', 'main'])
    assert.ok(value > 0.5 && value < 0.95)
    const { base64, imageInfo } = person!.regionInfo!.mask!.image!
    assert.equal(Buffer.from(base64.subarray(1, 4)).toString(), 'PNG')
    assert.ok(imageInfo!.width > 100)
  })

  test('bodies and hands come with named points', async () => {
    for (const [model, points, last] of [
      ['person-pose-movenet', 17, 'right ankle'],
      ['hand-landmarks-mediapipe', 21, 'little tip'],
    ] as const) {
      const { data } = await predict(model, { image: { base64: photo } })
      const region = data!.regions[0]!
      assert.equal(region.regionInfo!.keypointLocations.length, points)
      assert.equal(region.data!.concepts[0]!.keypointInfo!.keypointNames.at(-1), last)
    }
  })

  test('a text is given one of the labels that come with the call', async () => {
    const text = { raw: 'The striker scored twice in the final minutes of the match.' }
    const labels = { candidate_labels: ['politics', 'sport', 'cooking'] }
    const { data } = await predict('zero-shot-text-classification-minilm', { text }, labels)
    assert.deepEqual([data!.concepts[0]!.name, data!.concepts.length], ['sport', 3])
  })

  test('the workflow asr writes down a recording with times', async () => {
    const answer = await server.call('PostWorkflowResults', {
      ...MAIN,
      workflowId: 'asr',
      inputs: [{ data: { audio: { base64: await speechRecording() } } }],
    })
    assert.equal(answer.status?.code, StatusCode.SUCCESS, answer.status?.details)
    const { text, timeSegments } = answer.results[0]!.outputs[0]!.data!
    assert.match(text!.raw, /^And so my fellow Americans.*what you can do for your country/)
    assert.ok(timeSegments.length >= 2 && timeSegments.every(({ timeInfo }) => timeInfo!.endTime <= 11.1))
  })

  test('a model that cannot be served says why, under its old id too', async () => {
    for (const modelId of ['general-clusterering', 'cccbe437d6e54e2bb911c6aa292fb072']) {
      const answer = await server.call('PostModelOutputs', {
        ...MAIN,
        modelId,
        inputs: [{ data: { image: { base64: photo } } }],
      })
      const status = answer.outputs[0]?.status ?? answer.status
      assert.equal(status!.code, StatusCode.MODEL_NOT_DEPLOYED)
      assert.match(status!.details, /general-image-embedding/)
    }
  })
})
