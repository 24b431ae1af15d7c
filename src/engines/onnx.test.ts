import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { testWeightStore } from '../../test/kit/weights/source-files.ts'
import { weightCatalogue } from '../weights/manifest.ts'
import type { OutputFile } from '../weights/manifest-types.ts'
import { HAND_SPEC } from './bodies/hands.ts'
import { PALM_SPEC } from './bodies/palms.ts'
import { MOVENET_SPEC } from './bodies/pose.ts'
import { SELFIE_SPEC } from './bodies/segmentation.ts'
import { COCO_SSD_SPEC } from './coco-ssd/forward.ts'
import { ESRGAN_SPEC } from './enlarge/engine.ts'
import { EMOTION_SPEC } from './faces/attributes.ts'
import { FACERES_SPEC } from './faces/faceres.ts'
import { BLAZEFACE_SPEC } from './faces/find.ts'
import { FACEMESH_SPEC } from './faces/landmarks.ts'
import { MINILM_SPEC } from './minilm/embedder.ts'
import { MOBILENET_V3_SPEC } from './mobilenet-v3/engine.ts'
import { NANODET_SPEC } from './nanodet/engine.ts'
import { NSFW_SPEC } from './nsfw/engine.ts'
import { OCR_DETECTION_SPEC, OCR_RECOGNITION_SPEC } from './ocr/engine.ts'
import { floatTensor, type ModelSpec, OnnxModel } from './onnx.ts'
import { createRegistry, engineNames, engineWeights } from './registry.ts'
import { MEL_SPEC, SPEECH_EMBEDDING_SPEC } from './sound/speech-embed.ts'
import { SILERO_SPEC } from './whisper/speech.ts'
import { WHISPER_DECODER_SPEC, WHISPER_ENCODER_SPEC } from './whisper/transcribe.ts'

const refusal = (sentence: RegExp) => (error: { code: number; details: string }) => {
  assert.equal(error.code, 21350)
  assert.match(error.details, sentence)
  return true
}

test('a model file runs and answers the tensors it was asked for, no others', async (t) => {
  const { files } = await testWeightStore().ensure('emotion')
  const model = await OnnxModel.load(files.model, EMOTION_SPEC)
  t.after(() => model.dispose())
  const outputs = await model.run({ input: floatTensor(new Float32Array(64 * 64), [1, 64, 64, 1]) })
  assert.deepEqual(Object.keys(outputs), ['probs'])
  const sum = outputs.probs!.data.reduce((total, value) => total + value, 0)
  assert.ok(Math.abs(sum - 1) < 1e-5)
  assert.ok(model.bytes > 800_000)
})

test('the file of another model is refused with a sentence that names the difference', async () => {
  const { files } = await testWeightStore().ensure('emotion')
  const load = (spec: ModelSpec): Promise<OnnxModel> => OnnxModel.load(files.model, spec)
  await assert.rejects(load(COCO_SSD_SPEC), refusal(/emotion\.onnx has 'input' of shape \[1,64,64,1\] .* COCO SSD/))
  const { inputs, outputs } = EMOTION_SPEC
  await assert.rejects(load({ ...EMOTION_SPEC, outputs: { boxes: outputs.probs! } }), refusal(/no tensor 'boxes'/))
  const wrongType = { input: { ...inputs.input!, type: 'int64' as const } }
  await assert.rejects(load({ ...EMOTION_SPEC, inputs: wrongType }), refusal(/type float32 instead of int64/))
  await assert.rejects(load({ ...EMOTION_SPEC, inputs: {} }), refusal(/wants an input 'input'/))
})

test('files that are missing or no models at all are refused', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'limpid-onnx-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = path.join(folder, 'broken.onnx')
  await assert.rejects(OnnxModel.load(file, EMOTION_SPEC), refusal(/broken\.onnx cannot be read/))
  await writeFile(file, 'not a model')
  await assert.rejects(OnnxModel.load(file, EMOTION_SPEC), refusal(/broken\.onnx cannot be read/))
})

test('engines and the weight catalogue mean the same tensors', () => {
  const { outputs: ocr } = weightCatalogue['pp-ocrv4']
  const pairs: [ModelSpec, OutputFile][] = [
    [COCO_SSD_SPEC, weightCatalogue['coco-ssd'].outputs.model],
    [MOBILENET_V3_SPEC, weightCatalogue['mobilenet-v3-small'].outputs.model],
    [NSFW_SPEC, weightCatalogue['nsfw-mobilenet-v2'].outputs.model],
    [BLAZEFACE_SPEC, weightCatalogue.blazeface.outputs.model],
    [FACEMESH_SPEC, weightCatalogue.facemesh.outputs.model],
    [FACERES_SPEC, weightCatalogue.faceres.outputs.model],
    [EMOTION_SPEC, weightCatalogue.emotion.outputs.model],
    [OCR_DETECTION_SPEC, ocr.det],
    [OCR_RECOGNITION_SPEC, ocr.rec],
    [MINILM_SPEC, weightCatalogue['all-minilm-l6-v2'].outputs.model],
    [MOVENET_SPEC, weightCatalogue['movenet-lightning'].outputs.model],
    [PALM_SPEC, weightCatalogue['hand-detector'].outputs.model],
    [HAND_SPEC, weightCatalogue['hand-landmarks'].outputs.model],
    [SELFIE_SPEC, weightCatalogue['selfie-segmentation'].outputs.model],
    [WHISPER_ENCODER_SPEC, weightCatalogue['whisper-base-en'].outputs.encoder],
    [WHISPER_DECODER_SPEC, weightCatalogue['whisper-base-en'].outputs.decoder],
    [NANODET_SPEC, weightCatalogue.nanodet.outputs.model],
    [ESRGAN_SPEC, weightCatalogue['esrgan-slim-2x'].outputs.model],
    [MEL_SPEC, weightCatalogue['speech-embedding'].outputs.mel],
    [SPEECH_EMBEDDING_SPEC, weightCatalogue['speech-embedding'].outputs.model],
    [SILERO_SPEC, weightCatalogue['silero-vad'].outputs.model],
  ]
  for (const [spec, file] of pairs) {
    for (const side of ['inputs', 'outputs'] as const) {
      for (const [name, { type, shape }] of Object.entries(spec[side])) {
        const listed = file[side]?.find((tensor) => tensor.name === name)
        const dims = listed?.shape.map((size) => (typeof size === 'number' ? size : null))
        assert.deepEqual([listed?.dtype, dims], [type, shape], `${spec.title} ${name}`)
      }
    }
  }
})

test('every listed engine is found under its name, with the weights that the list promises', async () => {
  const registry = createRegistry()
  assert.ok(engineNames.length >= 17)
  for (const name of engineNames) {
    const engine = await registry.find(name)
    assert.equal(engine.name, name)
    assert.deepEqual(engine.weights, engineWeights(name))
  }
  assert.equal((await registry.find('regex-based-classifier')).name, 'regex-based-classifier')
  await assert.rejects(registry.find('toString'), { code: 21353 })
})

test('an engine without its files says which weights to install', async () => {
  const registry = createRegistry()
  for (const name of engineNames.filter((each) => engineWeights(each).length > 0)) {
    const engine = await registry.find(name)
    await assert.rejects(async () => engine.load({}), refusal(/install the models again/))
  }
})
