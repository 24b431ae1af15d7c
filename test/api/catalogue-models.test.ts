import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Output } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { facePhotos, speechRecording } from '../../src/engines/test-weights.ts'
import { sharp } from '../../src/media/sharp-setup.ts'
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

  test('names, sound and enlarged pictures come in the fields of their types', async () => {
    const named = await predict('ner_english_v2', { text: { raw: 'Marie Curie was born in Warsaw.' } })
    assert.deepEqual(
      named.data!.regions.map(({ regionInfo, data }) => [regionInfo!.span!.rawText, data!.concepts[0]!.name]),
      [
        ['Marie Curie', 'PER'],
        ['Warsaw', 'LOC'],
      ],
    )
    const audio = { base64: await speechRecording() }
    const heard = await predict('speech-detection-silero', { audio })
    assert.equal(heard.data!.concepts[0]!.name, 'speech')
    assert.ok(heard.data!.timeSegments.length > 1)
    const sounds = await predict('speech-embedding-google', { audio })
    assert.equal(sounds.data!.embeddings[0]!.vector.length, 192)
    const small = await sharp(photo).resize(90, 60).jpeg().toBuffer()
    const { data } = await predict('image-upscale-esrgan-slim-2x', { image: { base64: small } })
    const { width, height } = await sharp(data!.image!.base64).metadata()
    assert.deepEqual([width, height], [180, 120])
  })

  test('workflows with models of other owners run under the ids that programs have written down', async () => {
    const answer = await server.call('PostWorkflowResults', {
      ...MAIN,
      workflowId: 'asr-sentiment',
      inputs: [{ data: { audio: { base64: await speechRecording() } } }],
    })
    assert.equal(answer.status?.code, StatusCode.SUCCESS, answer.status?.details)
    const [speech, sentiment] = answer.results[0]!.outputs
    assert.deepEqual([speech!.model?.userId, speech!.model?.appId], ['facebook', 'asr'])
    assert.match(speech!.data!.text!.raw, /fellow Americans/)
    assert.match(sentiment!.data!.concepts[0]!.id, /^LABEL_[012]$/)
    const refused = await server.call('PostModelOutputs', {
      userAppId: { userId: 'openai', appId: 'chat-completion' },
      modelId: 'gpt-4o',
      inputs: [{ data: { text: { raw: 'Hello' } } }],
    })
    assert.match(refused.outputs[0]?.status?.details ?? refused.status!.details, /docs\/remote-runtimes\.md/)
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
