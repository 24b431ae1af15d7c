// Models that run here, called by their methods as the newer SDKs do: arguments and results in parts.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { type DataSchema, ModelTypeField_DataType as DataType, RunnerMethodType } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { localSignatures } from '../../src/domain/models/local-methods.ts'
import { facePhotos, platformPhoto, speechRecording } from '../../src/engines/test-weights.ts'
import { sharp } from '../../src/media/sharp-setup.ts'
import { isOperatorType, modelTypes } from '../../src/workflow/model-types/index.ts'
import { refused, succeeded } from '../kit/apps.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

type Given = MessageInitShape<typeof DataSchema>

const MAIN = { userAppId: { userId: 'clarifai', appId: 'main' } }
let server: TestServer
let platform: Buffer

before(async () => {
  platform = await platformPhoto()
  server = await startTestServer({ models: true })
})
after(() => server[Symbol.asyncDispose]())

const call = (modelId: string, args: Record<string, Given>, method = 'predict') =>
  server.call('PostModelOutputs', {
    ...MAIN,
    modelId,
    inputs: [
      {
        id: 'mine',
        data: {
          metadata: { _method_name: method },
          parts: Object.entries(args).map(([id, data]) => ({ id, data })),
        },
      },
    ],
  })
/** What the method returns. */
async function returned(...given: Parameters<typeof call>) {
  const [output] = succeeded(await call(...given)).outputs
  assert.equal(output!.input!.id, 'mine')
  const [part, ...others] = output!.data!.parts
  assert.deepEqual([part!.id, others.length], ['return', 0])
  return part!.data!
}
const image = (base64: Buffer): Given => ({ image: { base64 } })

test('signatures stand in the version: an argument for each field, one for each parameter, and the type of the result', async () => {
  const { model } = succeeded(await server.call('GetModel', { ...MAIN, modelId: 'general-image-recognition' }))
  const [signature, ...others] = model!.modelVersion!.methodSignatures
  assert.deepEqual([signature!.name, others.length], ['predict', 0])
  assert.deepEqual(
    signature!.inputFields.map(({ name, type, required, isParam }) => [name, DataType[type], required, isParam]),
    [
      ['image', 'IMAGE', true, false],
      ['max_concepts', 'FLOAT', false, true],
      ['min_value', 'FLOAT', false, true],
    ],
  )
  const [result] = signature!.outputFields
  assert.deepEqual([DataType[result!.type], DataType[result!.typeArgs[0]!.type]], ['LIST', 'CONCEPT'])
  const versionId = model!.modelVersion!.id
  const at = { ...MAIN, modelId: 'general-image-recognition' }
  const { modelVersion } = succeeded(await server.call('GetModelVersion', { ...at, versionId }))
  assert.deepEqual(modelVersion!.methodSignatures, model!.modelVersion!.methodSignatures)
  const asked = await call('general-image-recognition', {}, '_GET_SIGNATURES')
  const [told] = JSON.parse(succeeded(asked).outputs[0]!.data!.text!.raw)
  assert.equal(told.name, 'predict')
})

test('language models that run here say that they answer piece by piece and pass on requests, as they do', async () => {
  const at = { ...MAIN, modelId: 'tinyllama-1_1b-chat' }
  const { model } = succeeded(await server.call('GetModel', at))
  const kinds = model!.modelVersion!.methodSignatures.map(({ name, methodType }) => [
    name,
    RunnerMethodType[methodType],
  ])
  assert.deepEqual(kinds, [
    ['predict', 'UNARY_UNARY'],
    ['generate', 'UNARY_STREAMING'],
    ['openai_transport', 'UNARY_UNARY'],
    ['openai_stream_transport', 'UNARY_STREAMING'],
  ])
  const asked = await call('tinyllama-1_1b-chat', {}, '_GET_SIGNATURES')
  const told: { name: string }[] = JSON.parse(succeeded(asked).outputs[0]!.data!.text!.raw)
  assert.deepEqual(
    told.map(({ name }) => name),
    kinds.map(([name]) => name),
  )
})

test('every type whose models run has them; operators, and types whose answers no part can hold, have none', () => {
  const without = [...modelTypes.keys()].filter((id) => localSignatures(id).length === 0 && !isOperatorType(id))
  assert.deepEqual(without.toSorted(), [
    'any-to-any',
    'clusterer',
    'embedding-classifier',
    'image-color-recognizer',
    'mcp',
    'visual-anomaly-heatmap',
  ])
  assert.deepEqual(
    [...modelTypes.keys()].filter((id) => isOperatorType(id) && localSignatures(id).length > 0),
    [],
  )
})

test('concepts, with the parameters of the call', async () => {
  const { concepts } = await returned('general-image-recognition', { image: image(platform) })
  assert.deepEqual(
    concepts.slice(0, 2).map(({ name }) => name),
    ['person', 'train'],
  )
  const few = await returned('general-image-recognition', { image: image(platform), max_concepts: { floatValue: 2 } })
  assert.equal(few.concepts.length, 2)
  const sport = await returned('zero-shot-text-classification-minilm', {
    text: { stringValue: 'The striker scored twice in the final minutes of the match.' },
    candidate_labels: { parts: ['politics', 'sport'].map((stringValue) => ({ data: { stringValue } })) },
  })
  assert.equal(sport.concepts[0]!.name, 'sport')
})

test('a picture beside the name of the method, without parts, is its argument', async () => {
  const data = { ...image(platform), metadata: { _method_name: 'predict' } }
  const request = { ...MAIN, modelId: 'general-image-recognition', inputs: [{ data }] }
  const [output] = succeeded(await server.call('PostModelOutputs', request)).outputs
  assert.equal(output!.data!.parts[0]!.data!.concepts[0]!.name, 'person')
})

test('regions, vectors, sounds and pictures', async () => {
  const { evening } = await facePhotos()
  const { regions } = await returned('face-detection', { image: image(evening) })
  assert.equal(regions.length, 3)
  const { ndarray } = await returned('general-image-embedding', { image: image(evening) })
  assert.deepEqual([ndarray!.shape, ndarray!.dtype, ndarray!.buffer.length], [[576], 'float32', 576 * 4])
  const heard = await returned('speech-detection-silero', { audio: { audio: { base64: await speechRecording() } } })
  assert.equal(heard.concepts[0]!.name, 'speech')
  const small = await sharp(evening).resize(60, 40).jpeg().toBuffer()
  const larger = await returned('image-upscale-esrgan-slim-2x', { image: image(small) })
  assert.equal((await sharp(larger.image!.base64).metadata()).width, 120)
})

test('what is no argument or of the wrong kind is refused for its input', async () => {
  const cases: [Record<string, Given>, StatusCode, RegExp][] = [
    [{ picture: image(platform) }, StatusCode.PREDICT_INVALID_REQUEST, /no argument 'picture' but image, max_concepts/],
    [{ image: { stringValue: 'x' } }, StatusCode.INPUT_INVALID_ARGUMENT, /./],
    [{}, StatusCode.INPUT_INVALID_ARGUMENT, /./],
    [{ image: image(platform), min_value: { floatValue: 7 } }, StatusCode.MODEL_INVALID_ARGUMENT, /min_value/],
    [{ image: image(platform), max_concepts: { stringValue: 'many' } }, StatusCode.PREDICT_INVALID_REQUEST, /number/],
  ]
  for (const [args, code, details] of cases) {
    const { outputs } = await call('general-image-recognition', args)
    assert.equal(StatusCode[outputs[0]!.status!.code], StatusCode[code], outputs[0]!.status!.details)
    assert.match(outputs[0]!.status!.details, details)
  }
  const none = await call('general-image-recognition', { image: image(platform) }, 'sing')
  assert.match(none.outputs[0]!.status!.details, /no method 'sing'; it has predict/)
  refused(await call('margin-110-image-crop', {}, '_GET_SIGNATURES'), StatusCode.INPUT_UNSUPPORTED_FORMAT)
})

test('a stream answers them as well', async () => {
  const data = { metadata: { _method_name: 'predict' }, parts: [{ id: 'image', data: image(platform) }] }
  const request = { ...MAIN, modelId: 'general-image-recognition', inputs: [{ data }, { data: image(platform) }] }
  const answers = await server.stream('GenerateModelOutputs', [request])
  const [byMethod, plain] = answers.map(({ outputs }) => outputs[0]!.data!)
  assert.deepEqual(
    byMethod!.parts[0]!.data!.concepts.map(({ id }) => id),
    plain!.concepts.map(({ id }) => id),
  )
})
