// Every built-in model that works, on real pictures, recordings and texts, through the whole server. Models that share
// an engine stand in one workflow, so that each id is asked while its work is done once. tools/docs checks that none
// is left out.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Data } from '../../src/contract/index.ts'
import { pictureOfWords } from '../../src/engines/ocr/test-text.ts'
import { facePhotos, platformPhoto, speechRecording } from '../../src/engines/test-weights.ts'
import { sharp } from '../../src/media/sharp-setup.ts'
import { encodeVideo } from '../../src/media/test-media.ts'
import { makeApp, succeeded, type TestApp } from '../kit/apps.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

let server: TestServer
let app: TestApp
let platform: Buffer
let sofa: Buffer
let evening: Buffer
let count = 0

before(async () => {
  platform = await platformPhoto()
  ;({ sofa, evening } = await facePhotos())
  server = await startTestServer({ models: true })
  app = await makeApp(server, 'real')
})
after(() => server[Symbol.asyncDispose]())

/** Runs models (`id` or `user/app/id`) in one workflow on one input; each takes the input unless it names another. */
async function run(input: object, models: readonly (string | readonly [id: string, from: string])[]) {
  const chosen = models.map((model) => (typeof model === 'string' ? ([model, ''] as const) : model))
  const nodes = chosen.map(([id, from]) => {
    const [modelId, appId = 'main', userId = 'clarifai'] = id.split('/').reverse()
    return { id, model: { id: modelId!, userId, appId }, nodeInputs: from === '' ? [] : [{ nodeId: from }] }
  })
  const { userAppId } = app
  const id = `workflow-${count++}`
  succeeded(await server.call('PostWorkflows', { userAppId, workflows: [{ id, nodes }] }))
  const inputs = [{ data: input as never }]
  const { results } = succeeded(await server.call('PostWorkflowResults', { userAppId, workflowId: id, inputs }))
  // The server sorts nodes; here each comes after its inputs already.
  return new Map(chosen.map(([model], at) => [model, results[0]!.outputs[at]!.data!]))
}
const image = (base64: Buffer) => ({ image: { base64 } })
const names = ({ regions }: Data): string[] => regions.map(({ data }) => data!.concepts[0]?.name ?? '')
const best = ({ concepts }: Data): string => concepts[0]!.name
const points = ({ regions }: Data): number[] => regions.map(({ regionInfo }) => regionInfo!.keypointLocations.length)

describe('pictures of things', () => {
  test('people on a platform: boxes, tags, colours, and the names of other makers for the same', async () => {
    const made = await run(image(platform), [
      'general-image-detection',
      'people-detection-yolov5',
      'wongkinyiu/yolov7/yolov7',
      'wongkinyiu/yolov7/yolov7-e6',
      'wongkinyiu/yolov7/yolov7-x',
      'meituan/yolov6/yolov6s-coco',
      'meituan/yolov6/yolov6n-coco',
      'vehicle-detection-ssdlite',
      'small-object-detection-nanodet',
      'general-image-recognition',
      'color-recognition',
      'nsfw-recognition',
      'moderation-recognition',
      'general-image-embedding',
    ])
    const of = (id: string) => made.get(id)!
    const { regionInfo } = of('general-image-detection').regions[0]!
    const { topRow, bottomRow } = regionInfo!.boundingBox!
    assert.ok(topRow > 0 && bottomRow > topRow + 0.05)
    for (const id of [...made.keys()].slice(0, 7)) assert.deepEqual(names(of(id)), Array(4).fill('person'), id)
    assert.deepEqual(names(of('vehicle-detection-ssdlite')), [], 'the train is too far away for a box')
    assert.ok(names(of('small-object-detection-nanodet')).filter((name) => name === 'person').length >= 2)
    assert.deepEqual(
      of('general-image-recognition')
        .concepts.slice(0, 2)
        .map(({ name }) => name),
      ['person', 'train'],
    )
    const shares = of('color-recognition').colors.map(({ value }) => value)
    assert.ok(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 0.05 && shares.length >= 3, `${shares}`)
    assert.equal(best(of('nsfw-recognition')), 'sfw')
    assert.equal(best(of('moderation-recognition')), 'safe')
    assert.equal(of('general-image-embedding').embeddings[0]!.vector.length, 576)
  })

  test('a picture comes back at twice its size', async () => {
    const small = await sharp(evening).resize(90, 60).jpeg().toBuffer()
    const made = await run(image(small), ['image-upscale-esrgan-slim-2x', 'stability-ai/Upscale/stabilityai-upscale'])
    for (const { image: larger } of made.values()) {
      const { width, height } = await sharp(larger!.base64).metadata()
      assert.deepEqual([width, height], [180, 120])
    }
  })

  test('printed words are read, joined, and their language told', async () => {
    const word = (text: string, left: number, top: number) => ({ text, left, top, dot: 6 })
    const picture = await pictureOfWords(1000, 400, [
      ...[word('THIS', 60, 60), word('TRAIN', 260, 60)],
      ...[word('THE', 60, 240), word('LAST', 230, 240)],
    ])
    const page = Buffer.from(await picture.encode('png'))
    const made = await run(image(page), [
      'ocr-scene-english-paddleocr',
      'language-aware-multilingual-ocr-multiplex',
      ['text-aggregation', 'ocr-scene-english-paddleocr'],
      ['text-language-identification', 'text-aggregation'],
    ])
    for (const id of ['ocr-scene-english-paddleocr', 'language-aware-multilingual-ocr-multiplex']) {
      assert.deepEqual(
        made.get(id)!.regions.map(({ data }) => data!.text!.raw),
        ['THIS', 'TRAIN', 'THE', 'LAST'],
      )
    }
    assert.equal(made.get('text-aggregation')!.text!.raw, 'THIS TRAIN\nTHE LAST')
    assert.equal(best(made.get('text-language-identification')!), 'English')
  })
})

describe('pictures of people', () => {
  test('faces: boxes, points, cut out and turned upright, described, judged', async () => {
    const made = await run(image(evening), [
      'face-detection',
      'paddlepaddle/face/general-image-detector-blazeface_ssh-widerface',
      'face-detection-embedding',
      ['margin-100-image-crop', 'face-detection'],
      ['margin-110-image-crop', 'face-detection'],
      ['face-landmarks', 'margin-100-image-crop'],
      ['landmarks-align', 'face-landmarks'],
      ['face-identification-transfer-learn', 'landmarks-align'],
      ['face-sentiment-recognition', 'margin-110-image-crop'],
      ['age-demographics-recognition', 'margin-110-image-crop'],
      ['gender-demographics-recognition', 'margin-110-image-crop'],
    ])
    const regions = (id: string) => made.get(id)!.regions
    assert.deepEqual(names(made.get('face-detection')!), ['face', 'face', 'face'])
    assert.equal(regions('paddlepaddle/face/general-image-detector-blazeface_ssh-widerface').length, 3)
    assert.deepEqual(
      regions('face-detection-embedding').map(({ data }) => data!.embeddings[0]!.vector.length),
      [1024, 1024, 1024],
    )
    const sides = async (id: string) =>
      Promise.all(regions(id).map(async ({ data }) => (await sharp(data!.image!.base64).metadata()).width))
    const [tight, wide] = [await sides('margin-100-image-crop'), await sides('margin-110-image-crop')]
    for (const [at, width] of tight.entries()) assert.ok(wide[at]! > width, `${wide} is not wider than ${tight}`)
    // One of the faces is seen too much from the side for its points to be sure.
    const pointed = regions('face-landmarks').flatMap(({ data }) => points(data!).slice(0, 1))
    assert.deepEqual(pointed, [468, 468])
    assert.deepEqual(await sides('landmarks-align'), [224, 224])
    for (const { data } of regions('face-identification-transfer-learn')) {
      assert.equal(data!.embeddings[0]!.vector.length, 1024)
    }
    for (const { data } of regions('face-sentiment-recognition')) assert.equal(data!.concepts.length, 7)
    for (const { data } of regions('age-demographics-recognition')) assert.match(best(data!), /^[23]0-[23]9$/)
    for (const { data } of regions('gender-demographics-recognition')) assert.equal(best(data!), 'Feminine')
  })

  test('bodies and hands by their points, and people apart from their background', async () => {
    const made = await run(image(sofa), [
      'person-pose-movenet',
      'person-pose-movenet-thunder',
      'people-pose-movenet-multipose',
      'hand-landmarks-mediapipe',
      'person-segmentation-selfie',
    ])
    assert.deepEqual(points(made.get('person-pose-movenet')!), [17])
    assert.deepEqual(points(made.get('person-pose-movenet-thunder')!), [17])
    assert.deepEqual(points(made.get('people-pose-movenet-multipose')!), [17, 17, 17])
    assert.deepEqual(points(made.get('hand-landmarks-mediapipe')!), [21, 21, 21, 21])
    assert.deepEqual(names(made.get('person-segmentation-selfie')!), ['person', 'background'])
  })

  test('people keep their ids through the frames of a film', async () => {
    const [width, height] = [480, 360]
    const grey = await sharp(sofa).resize(width, height, { fit: 'fill' }).greyscale().raw().toBuffer()
    const luma = (_frame: number, x: number, y: number) => grey[y * width + x]!
    const film = { container: 'mp4', codec: 'mpeg4', width, height, fps: 2, frames: 6, gop: 1, luma }
    const video = { base64: await encodeVideo(film) }
    const made = await run({ video }, ['people-detection-yolov5', ['person-byte-tracker', 'people-detection-yolov5']])
    const { frames } = made.get('person-byte-tracker')!
    const ids = frames.map((frame) => frame.data!.regions.flatMap(({ trackId }) => trackId || []).toSorted())
    assert.equal(ids.length, 3)
    assert.ok(ids[0]!.length >= 1, 'at least the surest person is tracked')
    for (const own of ids) assert.deepEqual(own, ids[0])
  })
})

describe('sound and text', () => {
  test('a recording is written down, its speech found and described', async () => {
    const speech = await speechRecording()
    const writers = [
      'whisper-base-en',
      'facebook/asr/asr-wav2vec2-base-960h-english',
      'facebook/asr/asr-wav2vec2-large-robust-ft-swbd-300h-english',
      'openai/whisper/whisper-large-v2',
      'openai/whisper/whisper-large-v3',
    ]
    const made = await run({ audio: { base64: speech } }, [
      ...writers,
      'speech-detection-silero',
      'speech-embedding-google',
    ])
    for (const id of writers) assert.match(made.get(id)!.text!.raw, /my fellow Americans.*do for your country/, id)
    assert.equal(best(made.get('speech-detection-silero')!), 'speech')
    assert.equal(made.get('speech-embedding-google')!.embeddings[0]!.vector.length, 192)
  })

  test('a text is spoken, and a model that listens writes it down again', async () => {
    const raw = 'Every morning the train to the city leaves at seven.'
    const speakers = ['text-to-speech-kokoro', 'openai/tts/openai-tts-1', 'openai/tts/openai-tts-1-hd']
    const made = await run({ text: { raw } }, [...speakers, ['whisper-base-en', 'text-to-speech-kokoro']])
    for (const id of speakers) assert.ok(made.get(id)!.audio!.audioInfo!.durationSeconds > 2, id)
    const heard = made.get('whisper-base-en')!.text!.raw.replaceAll(',', '')
    assert.match(heard, /every morning the train to the city leaves at (seven|7)/i)
  })

  test('a text is described, its names found and its mood told', async () => {
    const raw = 'Marie Curie was born in Warsaw; she was a wonderful scientist.'
    const made = await run({ text: { raw } }, [
      'multilingual-text-embedding',
      'ner_english_v2',
      'sentiment-english-vader',
      'profanity-english-obscenity',
      'erfan/text-classification/sentiment-analysis-twitter-roberta-base',
    ])
    assert.equal(made.get('multilingual-text-embedding')!.embeddings[0]!.vector.length, 384)
    assert.deepEqual(names(made.get('ner_english_v2')!), ['PER', 'LOC'])
    assert.equal(best(made.get('sentiment-english-vader')!), 'positive')
    assert.equal(best(made.get('profanity-english-obscenity')!), 'clean')
    const { id } = made.get('erfan/text-classification/sentiment-analysis-twitter-roberta-base')!.concepts[0]!
    assert.equal(id, 'LABEL_2')
  })

  test('a language model answers, as a whole and piece by piece, the same for the same seed', async () => {
    const params = { temperature: 0.8, seed: 5, max_tokens: 6 }
    const request = {
      userAppId: { userId: 'clarifai', appId: 'main' },
      modelId: 'tinyllama-1_1b-chat',
      inputs: [{ data: { text: { raw: 'Say hello to a friend.' } } }],
      model: { modelVersion: { outputInfo: { params } } },
    }
    const [whole] = succeeded(await server.call('PostModelOutputs', request)).outputs
    const { text, metadata } = whole!.data!
    assert.ok(text!.raw.length > 5 && text!.raw.length < 60, text!.raw)
    assert.ok(Number(metadata!.prompt_tokens) > 10 && Number(metadata!.completion_tokens) <= 6)
    const messages = await server.stream('GenerateModelOutputs', [request])
    const pieces = messages.map((message) => succeeded(message).outputs[0]!.data!.text!.raw)
    assert.ok(pieces.length > 1)
    assert.equal(pieces.join(''), text!.raw)
    const parts = Object.entries({ prompt: 'Say hello to a friend.', max_tokens: '2' }).map(([id, stringValue]) => ({
      id,
      data: { stringValue },
    }))
    const method = (name: string) => ({ ...request, inputs: [{ data: { metadata: { _method_name: name }, parts } }] })
    const [called] = succeeded(await server.call('PostModelOutputs', method('predict'))).outputs
    assert.ok(called!.data!.parts[0]!.data!.stringValue.length > 0)
    const generated = await server.stream('GenerateModelOutputs', [method('generate')])
    assert.ok(generated.every((message) => succeeded(message).outputs[0]!.data!.parts[0]!.id === 'return'))
    assert.match(
      succeeded(await server.call('PostModelOutputs', method('_GET_SIGNATURES'))).outputs[0]!.data!.text!.raw,
      /openai_stream_transport/,
    )
  })

  test('a text is given one of the labels that come with the call', async () => {
    const modelId = 'zero-shot-text-classification-minilm'
    const params = { candidate_labels: ['politics', 'sport', 'cooking'] }
    const answer = await server.call('PostModelOutputs', {
      userAppId: { userId: 'clarifai', appId: 'main' },
      modelId,
      inputs: [{ data: { text: { raw: 'The striker scored twice in the final minutes of the match.' } } }],
      model: { modelVersion: { outputInfo: { params } } },
    })
    assert.equal(best(succeeded(answer).outputs[0]!.data!), 'sport')
  })
})
