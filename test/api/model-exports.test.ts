import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import type { JsonObject, MessageInitShape } from '@bufbuild/protobuf'
import type { ModelVersionSchema } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { colourClassifier, colourEmbedder, planarMeans } from '../../src/engines/onnx-model/test-models.ts'
import { platformPhoto } from '../../src/engines/test-weights.ts'
import { packageOf } from '../../src/model-packages/test-zip.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'
import { readZip } from '../kit/zips.ts'

type GivenVersion = MessageInitShape<typeof ModelVersionSchema>

const { MODEL_EXPORTED, MODEL_EXPORT_PENDING, MODEL_TRAINED } = StatusCode

describe('model exports', () => {
  let server: TestServer
  let app: TestApp
  let files: Server
  let base = ''
  let picture: Buffer
  const served = new Map<string, Buffer>()

  before(async () => {
    files = createServer((request, response) => {
      const body = served.get(request.url!)
      if (body) response.end(body)
      else response.writeHead(404).end()
    }).listen(0, '127.0.0.1')
    await once(files, 'listening')
    base = `http://127.0.0.1:${(files.address() as AddressInfo).port}`
    server = await startTestServer({ models: true, settings: { fetchAllow: '127.0.0.1/32' } })
    app = await makeApp(server, 'exports')
    picture = await platformPhoto()
  })
  after(async () => {
    files.close()
    await server[Symbol.asyncDispose]()
  })

  async function make(modelId: string, modelTypeId: string, version: GivenVersion): Promise<string> {
    const { userAppId } = app
    succeeded(await server.call('PostModels', { userAppId, models: [{ id: modelId, modelTypeId }] }))
    const made = await server.call('PostModelVersions', { userAppId, modelId, modelVersions: [version] })
    await server.services.jobs.idle()
    const versionId = succeeded(made).model!.modelVersion!.id
    const got = await server.call('GetModelVersion', { userAppId, modelId, versionId })
    assert.equal(got.modelVersion?.status?.code, MODEL_TRAINED, got.modelVersion?.status?.details)
    return versionId
  }
  const upload = (modelId: string, modelTypeId: string, bytes: Buffer, more: GivenVersion = {}): Promise<string> => {
    served.set(`/${modelId}`, bytes)
    const pretrainedModelConfig = { modelZipUrl: `${base}/${modelId}`, ...more.pretrainedModelConfig }
    return make(modelId, modelTypeId, { ...more, pretrainedModelConfig } as GivenVersion)
  }
  const makeHead = (id: string, embedder: string, dimensions: number, activation: string): Promise<string> => {
    // Some numbers that are neither large nor equal.
    const weights = Array.from({ length: 3 }, (_, row) =>
      Array.from({ length: dimensions }, (_, at) => Math.fround(Math.sin(row * 7 + at * 1.3) * 2)),
    )
    const params: JsonObject = { weights, bias: [0.25, -0.5, 0], activation }
    return make(id, 'embedding-classifier', {
      inputInfo: { baseEmbedModel: { id: embedder } },
      outputInfo: { data: { concepts: ['one', 'two', 'three'].map((concept) => ({ id: concept })) }, params },
    })
  }
  const at = (modelId: string, versionId: string) => ({ userAppId: app.userAppId, modelId, versionId })

  async function exported(modelId: string, versionId: string): Promise<Buffer> {
    const put = await server.call('PutModelVersionExports', at(modelId, versionId))
    assert.equal(succeeded(put).export?.status?.code, MODEL_EXPORT_PENDING)
    await server.services.jobs.idle()
    const { export: done } = succeeded(await server.call('GetModelVersionExport', at(modelId, versionId)))
    assert.equal(done?.status?.code, MODEL_EXPORTED, done?.status?.details)
    assert.match(done?.url ?? '', /\/exports\/users\/admin\/apps\/exports\/[0-9a-f]{32}\.zip$/)
    const again = succeeded(await server.call('PutModelVersionExports', at(modelId, versionId)))
    assert.deepEqual(again.export, done)
    const file = await server.services.db.read
      .selectFrom('model_version_files')
      .innerJoin('model_versions', 'model_versions.pk', 'model_version_files.version_pk')
      .select('hash')
      .where('model_versions.id', '=', versionId)
      .where('role', '=', 'export')
      .executeTakeFirstOrThrow()
    const bytes = await server.services.blobs.bytes(file.hash, 1e9)
    assert.equal(BigInt(bytes.length), done?.size)
    return Buffer.from(bytes)
  }

  async function values(modelId: string): Promise<Map<string, number>> {
    const inputs = [{ data: { image: { base64: picture } } }]
    const { outputs } = succeeded(await server.call('PostModelOutputs', { userAppId: app.userAppId, modelId, inputs }))
    return new Map(outputs[0]!.data!.concepts.map(({ id, value }) => [id, value]))
  }

  async function same(modelId: string, copyId: string): Promise<void> {
    const [here, there] = [await values(modelId), await values(copyId)]
    assert.ok(here.size > 0)
    for (const [id, value] of here) {
      assert.ok(Math.abs(value - there.get(id)!) < 1e-5, `${id}: ${there.get(id)} is not ${value}`)
    }
  }

  test('a head with its built-in embedder becomes one file, which answers the same when it is brought back', async () => {
    const versionId = await makeHead('head', 'general-image-embedding', 576, 'sigmoid')
    refused(await server.call('GetModelVersionExport', at('head', versionId)), StatusCode.CONN_DOES_NOT_EXIST, /PUT/)
    const zip = await exported('head', versionId)
    const parts = await readZip(zip)
    assert.deepEqual([...parts.keys()], ['config.pbtxt', 'labels.txt', 'README.txt', '1/model.onnx'])
    assert.equal(parts.get('labels.txt')!.toString(), 'one\ntwo\nthree\n')
    assert.match(
      parts.get('README.txt')!.toString(),
      /visual-classifier.*general-image-embedding[\s\S]*differ .* by at most/,
    )
    await upload('head-copy', 'visual-classifier', zip)
    await same('head', 'head-copy')
  })

  test('so does a head on an uploaded embedder, whatever that wants pictures to be like', async () => {
    await upload('means', 'visual-embedder', planarMeans(64), {
      pretrainedModelConfig: { outputFieldsMap: { embeddings: 'means' } },
      inputInfo: {
        params: { image_mean: [0.1, 0.2, 0.3], image_std: [0.5, 0.25, 0.3], image_channels: 'BGR' },
      },
    })
    await upload('colours', 'visual-embedder', colourEmbedder())
    for (const [embedder, activation] of [
      ['means', 'softmax'],
      ['colours', 'sigmoid'],
    ] as const) {
      const versionId = await makeHead(`on-${embedder}`, embedder, 3, activation)
      await upload(`on-${embedder}-copy`, 'visual-classifier', await exported(`on-${embedder}`, versionId))
      await same(`on-${embedder}`, `on-${embedder}-copy`)
    }
  })

  test('a head on texts goes alone; an uploaded model is given back as it came', async () => {
    const versionId = await makeHead('texts', 'multilingual-text-embedding', 384, 'sigmoid')
    const parts = await readZip(await exported('texts', versionId))
    assert.match(parts.get('config.pbtxt')!.toString(), /name: "embeddings"[\s\S]*dims: \[-1, 384\]/)
    assert.match(parts.get('README.txt')!.toString(), /A head alone.*multilingual-text-embedding/)
    const own = await upload('own', 'visual-classifier', packageOf(colourClassifier()), {
      outputInfo: { params: { activation: 'none' } },
    })
    const zip = await exported('own', own)
    assert.ok((await readZip(zip)).get('1/model.onnx')!.equals(colourClassifier()))
    await upload('own-copy', 'visual-classifier', zip)
    await same('own', 'own-copy')
  })

  test('what cannot be exported, and by whom', async () => {
    succeeded(await server.call('PostModels', { userAppId: app.userAppId, models: [{ id: 'blank' }] }))
    refused(await server.call('PutModelVersionExports', at('blank', 'none')), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await server.call('PutModelVersionExports', at('nobody', 'none')), StatusCode.MODEL_DOES_NOT_EXIST)
    refused(
      await server.call('PutModelVersionExports', at('general-image-recognition', 'none')),
      StatusCode.MODEL_DOES_NOT_EXIST,
    )
    const crop = await make('crop', 'image-crop', {})
    refused(
      await server.call('PutModelVersionExports', at('crop', crop)),
      StatusCode.MODEL_INVALID_REQUEST,
      /no weights of its own/,
    )
    const listed = await server.call('GetModelVersion', { userAppId: app.userAppId, modelId: 'own' })
    succeeded(
      await server.call('DeleteModelVersion', {
        userAppId: app.userAppId,
        modelId: 'own',
        versionId: listed.modelVersion!.id,
      }),
    )
    const left = await server.services.db.read.selectFrom('model_version_exports').select('version_pk').execute()
    assert.equal(left.length, 4)
  })
})
