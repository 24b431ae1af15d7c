import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { silentLog } from '../../src/base/log.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { textModel, visionModel, WORD_PIECES } from '../../src/engines/hub/test-models.ts'
import { sharp } from '../../src/media/sharp-setup.ts'
import { hubCatalogue } from '../../src/weights/hub/catalogue.ts'
import { HubStore } from '../../src/weights/hub/store.ts'
import { WeightStore } from '../../src/weights/store.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

const MAIN = { userAppId: { userId: 'clarifai', appId: 'main' } }
const red = (): Promise<Buffer> =>
  sharp({ create: { width: 30, height: 30, channels: 3, background: '#ff0000' } })
    .png()
    .toBuffer()

describe('models whose weights come from a hub on demand', () => {
  let dataDir: string
  let server: TestServer
  let bare: TestServer

  before(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'limpid-optional-'))
    const clone = join(dataDir, 'carried', 'Xenova', 'clip-vit-base-patch32')
    await mkdir(join(clone, 'onnx'), { recursive: true })
    await writeFile(join(clone, 'onnx', 'vision_model_quantized.onnx'), visionModel(224))
    await writeFile(join(clone, 'onnx', 'text_model_quantized.onnx'), textModel())
    await writeFile(join(clone, 'tokenizer.json'), JSON.stringify(WORD_PIECES))
    await writeFile(join(clone, 'tokenizer_config.json'), '{}')
    const dir = join(dataDir, 'models')
    const base = 'http://127.0.0.1:9'
    const hub = new HubStore({ dir, log: silentLog, base, catalogue: hubCatalogue, fetch })
    const outcome = await hub.importFrom(
      join(dataDir, 'carried'),
      'clip-vit-base-patch32',
      new AbortController().signal,
    )
    assert.ok(outcome && 'files' in outcome, JSON.stringify(outcome))
    const weights = new WeightStore({ dir, log: silentLog, autoPull: false, hub })
    server = await startTestServer({ models: true, settings: { dataDir }, overrides: { weights } })
    bare = await startTestServer()
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
    await bare[Symbol.asyncDispose]()
    await rm(dataDir, { recursive: true, force: true })
  })

  const embed = (where: TestServer, modelId: string, data: object) =>
    where.call('PostModelOutputs', { ...MAIN, modelId, inputs: [{ data }] })

  test('pictures and texts get vectors of one space under the id of old', async () => {
    const answers = [
      await embed(server, 'multimodal-clip-embed', { image: { base64: await red() } }),
      await embed(server, '6bfff3d825ad4fc790713b0fb593fc68', { text: { raw: 'a photo of red' } }),
      await embed(server, 'multimodal-clip-embed', { text: { raw: 'blue' } }),
    ]
    for (const { status } of answers) assert.equal(status?.code, StatusCode.SUCCESS, status?.details)
    const [picture, near, far] = answers.map(({ outputs }) => outputs[0]!.data!.embeddings[0]!.vector)
    const cosine = (a: number[], b: number[]): number => a.reduce((sum, value, at) => sum + value * b[at]!, 0)
    assert.ok(cosine(picture!, near!) > cosine(picture!, far!) + 0.5)
  })

  test('labels of the call are chosen among', async () => {
    const answer = await server.call('PostModelOutputs', {
      ...MAIN,
      modelId: 'zero-shot-image-classification-clip',
      inputs: [{ data: { image: { base64: await red() } } }],
      model: { modelVersion: { outputInfo: { params: { candidate_labels: ['blue', 'red'] } } } },
    })
    assert.equal(answer.outputs[0]?.data?.concepts[0]?.name, 'red', answer.status?.details)
  })

  test('Universal stands on them where they are', async () => {
    const { workflow } = await server.call('GetWorkflow', { ...MAIN, workflowId: 'Universal' })
    assert.deepEqual(
      workflow!.nodes.map(({ id, model }) => [id, model!.id]),
      [['clip-embed', 'multimodal-clip-embed']],
    )
    const ran = await server.call('PostWorkflowResults', {
      ...MAIN,
      workflowId: 'Universal',
      inputs: [{ data: { text: { raw: 'green' } } }],
    })
    assert.equal(ran.results[0]?.outputs[0]?.data?.embeddings[0]?.vector.length, 3, ran.status?.details)
    const plain = await bare.call('GetWorkflow', { ...MAIN, workflowId: 'Universal' })
    assert.equal(plain.workflow!.nodes[0]!.model!.id, 'general-image-embedding')
  })

  test('without them a prediction says how to fetch them, and so does the model', async () => {
    const answer = await embed(bare, 'multimodal-clip-embed', { text: { raw: 'red' } })
    const status = answer.outputs[0]?.status ?? answer.status
    assert.equal(status?.code, StatusCode.MODEL_NOT_DEPLOYED)
    assert.match(status.details, /npx limpid models pull clip-vit-base-patch32/)
    const { model } = await bare.call('GetModel', { ...MAIN, modelId: 'multimodal-clip-embed' })
    assert.match(model!.notes, /^Optional: .*npx limpid models pull clip-vit-base-patch32/)
  })
})
