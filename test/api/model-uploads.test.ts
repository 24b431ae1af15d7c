import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { BlobStore } from '../../src/blobs/blob-store.ts'
import { openDiskBlobs } from '../../src/blobs/disk-blob-store.ts'
import type { ModelVersionSchema } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { IMPORTS_FOLDER } from '../../src/domain/models/import-version.ts'
import type { Services } from '../../src/domain/services.ts'
import {
  colourClassifier,
  colourDetector,
  colourEmbedder,
  colourSegmenter,
  customModel,
  endlessModel,
  externalModel,
  planarMeans,
  wordCounter,
} from '../../src/engines/onnx-model/test-models.ts'
import { sweepBlobs } from '../../src/maintenance/sweep-blobs.ts'
import { ImageHandle } from '../../src/media/image.ts'
import { packageOf, zipOf } from '../../src/model-packages/test-zip.ts'
import { versionFiles } from '../../src/store/repos/version-files.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

type GivenVersion = MessageInitShape<typeof ModelVersionSchema>

let server: TestServer
let app: TestApp
let files: Server
let base = ''
/** What the file server answers by path; a promise is waited for. */
const served = new Map<string, Buffer | Promise<Buffer>>()
const asked: string[] = []
let models = 0

before(async () => {
  files = createServer(async (request, response) => {
    asked.push(request.url!)
    const body = served.get(new URL(request.url!, base).pathname)
    if (body === undefined) response.writeHead(404).end()
    else response.end(await body)
  }).listen(0, '127.0.0.1')
  await once(files, 'listening')
  base = `http://127.0.0.1:${(files.address() as AddressInfo).port}`
  server = await startTestServer({ models: true, settings: { fetchAllow: '127.0.0.1/32' } })
  app = await makeApp(server, 'uploads')
})
after(async () => {
  files.closeAllConnections()
  files.close()
  await server[Symbol.asyncDispose]()
})

/** Makes a model of a type with a version from these bytes; answers at once. */
async function post(
  modelTypeId: string,
  bytes: Buffer | Promise<Buffer>,
  more: GivenVersion = {},
  { as = server, userAppId = app.userAppId } = {},
) {
  const id = `m${++models}`
  served.set(`/${id}`, bytes)
  succeeded(await as.call('PostModels', { userAppId, models: [{ id, modelTypeId }] }))
  const pretrainedModelConfig = { modelZipUrl: `${base}/${id}`, ...more.pretrainedModelConfig }
  const modelVersions = [{ ...more, pretrainedModelConfig } as GivenVersion]
  const response = await as.call('PostModelVersions', { userAppId, modelId: id, modelVersions })
  return { id, response, versionId: response.model?.modelVersion?.id ?? '' }
}

async function status(modelId: string, versionId = '', as = server) {
  const request = { userAppId: app.userAppId, modelId, versionId }
  return succeeded(await as.call('GetModelVersion', request)).modelVersion!.status!
}

/** The same, and waits until it is ready. */
async function bring(modelTypeId: string, bytes: Buffer, more: GivenVersion = {}) {
  const posted = await post(modelTypeId, bytes, more)
  succeeded(posted.response)
  assert.equal(posted.response.model!.modelVersion!.status!.code, StatusCode.MODEL_UPLOADING)
  await server.services.jobs.idle()
  const { code, details } = await status(posted.id)
  assert.equal(StatusCode[code], 'MODEL_TRAINED', details)
  return posted
}

async function picture(colour: readonly number[], width = 24, height = 12): Promise<Buffer> {
  const rgb = Uint8Array.from({ length: width * height * 3 }, (_, at) => colour[at % 3]!)
  return ImageHandle.fromRaw(rgb, width, height).encode('png')
}

async function predict(modelId: string, data: object, as: { key?: string | null } = {}) {
  const request = { userAppId: app.userAppId, modelId, inputs: [{ data }] }
  return server.call('PostModelOutputs', request, as)
}
const seen = async (modelId: string, colour: readonly number[]) =>
  succeeded(await predict(modelId, { image: { base64: await picture(colour) } })).outputs[0]!.data!

const BLUE = [20, 0, 255]
const REGION_ID = 'regions[...].data.concepts[...].id'

describe('bringing models', () => {
  test('a classifier in the packaging of Triton; its labels become concepts of the app', async () => {
    const { id, versionId } = await bring('visual-classifier', packageOf(colourClassifier()), {
      pretrainedModelConfig: {
        inputFieldsMap: { image: 'image' },
        outputFieldsMap: { concepts: 'softmax_predictions' },
      },
    })
    const { concepts } = await seen(id, BLUE)
    assert.deepEqual(
      concepts.map((concept) => [concept.id, concept.appId]),
      [
        ['blue', 'uploads'],
        ['red', 'uploads'],
        ['green', 'uploads'],
      ],
    )
    const listed = succeeded(await server.call('ListModelConcepts', { userAppId: app.userAppId, modelId: id }))
    assert.deepEqual(
      listed.concepts.map(({ name }) => name),
      ['red', 'green', 'blue'],
    )
    succeeded(await server.call('GetConcept', { userAppId: app.userAppId, conceptId: 'green' }))
    const version = succeeded(
      await server.call('GetModelVersion', { userAppId: app.userAppId, modelId: id, versionId }),
    ).modelVersion!
    assert.deepEqual([version.activeConceptCount, version.visibility!.gettable], [3, Visible.PRIVATE])
    assert.ok(version.completedAt)
  })

  test('a plain .onnx file with listed concepts and settings; limits of the call hold', async () => {
    const { id } = await bring('visual-classifier', planarMeans(8), {
      inputInfo: { params: { image_channels: 'BGR' } },
      outputInfo: { data: { concepts: ['b', 'g', 'r'].map((name) => ({ id: name })) } },
    })
    const { concepts } = await seen(id, [255, 51, 0])
    assert.deepEqual(
      concepts.map((concept) => [concept.id, Number(concept.value.toFixed(3))]),
      [
        ['r', 1],
        ['g', 0.2],
        ['b', 0],
      ],
    )
    const request = {
      userAppId: app.userAppId,
      modelId: id,
      inputs: [{ data: { image: { base64: await picture(BLUE) } } }],
    }
    const model = { modelVersion: { outputInfo: { outputConfig: { maxConcepts: 1 } } } }
    const [output] = succeeded(await server.call('PostModelOutputs', { ...request, model })).outputs
    assert.equal(output!.data!.concepts.length, 1)
  })

  test('a detector, a segmenter and embedders', async () => {
    const detector = await bring('visual-detector', packageOf(colourDetector(), undefined, ''), {
      pretrainedModelConfig: { outputFieldsMap: { [REGION_ID]: 'predicted_labels' } },
    })
    const { regions } = await seen(detector.id, [90, 0, 200])
    assert.deepEqual(
      regions.map(({ data, regionInfo }) => [data!.concepts[0]!.id, regionInfo!.boundingBox!.leftCol]),
      [
        ['blue', 0.75],
        ['red', 0],
      ],
    )
    const segmenter = await bring('visual-segmenter', packageOf(colourSegmenter(), undefined, ''))
    const [mask] = (await seen(segmenter.id, BLUE)).regions
    assert.deepEqual([mask!.data!.concepts[0]!.id, mask!.value], ['blue', 1])
    assert.ok(mask!.regionInfo!.mask!.image!.base64.length > 0)
    const embedder = await bring('visual-embedder', colourEmbedder())
    const [embedding] = (await seen(embedder.id, [255, 0, 0])).embeddings
    assert.deepEqual([embedding!.vector, embedding!.numDimensions], [[1, 0, 0], 3])
  })

  test('text models whose graph takes the string itself', async () => {
    const { id } = await bring(
      'text-classifier',
      zipOf([
        { name: 'model.onnx', bytes: wordCounter('softmax_predictions') },
        { name: 'labels.txt', bytes: 'good\nbad' },
      ]),
    )
    const { outputs } = succeeded(await predict(id, { text: { raw: 'a bad film' } }))
    assert.equal(outputs[0]!.data!.concepts[0]!.id, 'bad')
    const embedder = await bring('text-embedder', wordCounter('embeddings'))
    const [output] = succeeded(await predict(embedder.id, { text: { raw: 'good good bad' } })).outputs
    assert.deepEqual(output!.data!.embeddings[0]!.vector, [2, 1])
  })

  test('in a workflow: a brought embedder under a head, a brought detector before a brought classifier', async () => {
    const embedder = await bring('visual-embedder', colourEmbedder())
    const detector = await bring('visual-detector', packageOf(colourDetector(), undefined, ''))
    const classifier = await bring('visual-classifier', packageOf(colourClassifier()))
    const call = { userAppId: app.userAppId }
    succeeded(await server.call('PostModels', { ...call, models: [{ id: 'head' }] }))
    const head = {
      inputInfo: { baseEmbedModel: { id: embedder.id } },
      outputInfo: { data: { concepts: [{ id: 'reddish' }] }, params: { weights: [[4, 0, 0]] } },
    }
    succeeded(await server.call('PostModelVersions', { ...call, modelId: 'head', modelVersions: [head] }))
    succeeded(await server.call('PostModels', { ...call, models: [{ id: 'crop', modelTypeId: 'image-crop' }] }))
    succeeded(await server.call('PostModelVersions', { ...call, modelId: 'crop', modelVersions: [{}] }))
    const nodes = [
      { id: 'head', model: { id: 'head' } },
      { id: 'find', model: { id: detector.id } },
      { id: 'crop', model: { id: 'crop' }, nodeInputs: [{ nodeId: 'find' }] },
      { id: 'name', model: { id: classifier.id }, nodeInputs: [{ nodeId: 'crop' }] },
    ]
    succeeded(await server.call('PostWorkflows', { ...call, workflows: [{ id: 'flow', nodes }] }))
    const inputs = [{ data: { image: { base64: await picture([255, 0, 0]) } } }]
    const { results } = succeeded(await server.call('PostWorkflowResults', { ...call, workflowId: 'flow', inputs }))
    const byNode = new Map(results[0]!.outputs.map(({ data }, at) => [nodes[at]!.id, data!]))
    assert.ok(byNode.get('head')!.concepts[0]!.value > 0.9)
    assert.equal(byNode.get('name')!.regions[0]!.data!.concepts[0]!.id, 'red')
  })
})

const SCOPES_WITHOUT_CONCEPTS_ADD =
  'Models_Add Models_Get Models_Train Concepts_Get Apps_Get Annotations_Get Inputs_Get Workflows_Get Metrics_Get Metrics_Add'.split(
    ' ',
  )

describe('what cannot be brought', () => {
  test('a request that makes no sense is refused at once', async () => {
    const cases: [string, GivenVersion, RegExp][] = [
      ['image-crop', {}, /type 'image-crop' cannot be brought along; these can, as ONNX: visual-classifier/],
      ['visual-classifier', { pretrainedModelConfig: { modelZipUrl: '' } }, /Give the URL/],
      ['visual-classifier', { pretrainedModelConfig: { modelZipUrl: 'file:///etc/passwd' } }, /Only http and https/],
      [
        'visual-classifier',
        { pretrainedModelConfig: { inputFieldsMap: { text: 'x' } } },
        /input_fields_map has 'text'/,
      ],
      ['visual-classifier', { pretrainedModelConfig: { outputFieldsMap: { concepts: 1 } } }, /name of a tensor/],
      ['visual-classifier', { inputInfo: { params: { image_std: 0 } } }, /image_std/],
      ['visual-classifier', { outputInfo: { params: { weights: [[1]] } } }, /takes weights|either a model file/],
    ]
    for (const [type, version, details] of cases) {
      const { response } = await post(type, Buffer.alloc(0), version)
      refused(response, StatusCode.MODEL_INVALID_ARGUMENT, details)
    }
  })

  test('a key that may not add concepts cannot bring labels', async () => {
    const key = await server.makeKey({
      userPk: server.admin.pk,
      kind: 'app_key',
      appPk: app.pk,
      scopes: SCOPES_WITHOUT_CONCEPTS_ADD,
    })
    const { id } = await post('visual-classifier', packageOf(colourClassifier()))
    const modelVersions = [{ pretrainedModelConfig: { modelZipUrl: `${base}/${id}` } }]
    const response = await server.call('PostModelVersions', { modelId: id, modelVersions }, { key })
    refused(response, StatusCode.CONN_INSUFFICIENT_SCOPES, /Concepts_Add/)
    await server.services.jobs.idle()
  })

  test('a package that is no good ends as failed, says why in one sentence and leaves nothing behind', async () => {
    const cases: [Buffer, RegExp][] = [
      [zipOf([{ name: '../evil', bytes: 'x' }]), /zip file cannot be read: invalid relative path/],
      [zipOf([{ name: '1/model.onnx', bytes: Buffer.alloc(4_000_000) }]), /100 times its size/],
      [packageOf(customModel('com.evil')), /'Secret' of 'com.evil'/],
      [packageOf(externalModel('../../../../etc/passwd')), /weights in another file/],
      [packageOf(colourClassifier().subarray(0, 250)), /not all of it/],
      [packageOf(colourClassifier(), 'red\ngreen'), /2 labels/],
      [packageOf(colourEmbedder()), /no output 'softmax_predictions'/],
      [Buffer.from('<html>not found</html>'), /not an ONNX model/],
    ]
    const posted = await Promise.all(cases.map(([bytes]) => post('visual-classifier', bytes)))
    await server.services.jobs.idle()
    for (const [at, { id, versionId }] of posted.entries()) {
      const { code, details } = await status(id, versionId)
      assert.equal(StatusCode[code], 'MODEL_UPLOADING_FAILED')
      assert.match(details, cases[at]![1])
      assert.ok(details.length < 400 && !details.includes('\n') && !details.includes(server.services.config.dataDir))
      refused(await predict(id, { image: { base64: await picture(BLUE) } }), StatusCode.MODEL_UPLOADING_FAILED)
    }
    assert.deepEqual(await readdir(join(server.services.config.dataDir, IMPORTS_FOLDER)), [])
    const { rows } = await filesLeft(posted.map(({ versionId }) => versionId))
    assert.equal(rows, 0)
  })

  test('a URL that fails is told without its secret part', async () => {
    const { id } = await post('visual-embedder', Buffer.alloc(0), {
      pretrainedModelConfig: { modelZipUrl: `${base}/nothing?signature=secret` },
    })
    await server.services.jobs.idle()
    const version = succeeded(await server.call('GetModelVersion', { userAppId: app.userAppId, modelId: id }))
      .modelVersion!
    assert.match(version.status!.details, /^404 Client Error: Not Found/)
    assert.ok(asked.includes('/nothing?signature=secret'))
    assert.doesNotMatch(JSON.stringify(version.status), /secret/)
    assert.equal(version.pretrainedModelConfig!.modelZipUrl, `${base}/nothing`)
  })
})

async function filesLeft(versionIds: readonly string[]): Promise<{ rows: number }> {
  const { read } = server.services.db
  const versions = await read.selectFrom('model_versions').select('pk').where('id', 'in', versionIds).execute()
  const files = await Promise.all(versions.map(({ pk }) => versionFiles(read, pk)))
  return { rows: files.reduce((sum, own) => sum + Object.keys(own).length, 0) }
}

async function versionPk(versionId: string, { services } = server): Promise<number> {
  const query = services.db.read.selectFrom('model_versions').select('pk').where('id', '=', versionId)
  return (await query.executeTakeFirstOrThrow()).pk
}

/** Resolves when the import of a version has ended. */
async function importOf({ services: { jobs } }: TestServer, versionPk: number): Promise<void> {
  const imports = await jobs.list({ kind: 'model-import' })
  await jobs.ended(imports.find(({ args }) => (args as { versionPk: number }).versionPk === versionPk)!.id)
}

/** A server whose calls present a key unless they say otherwise. */
const withKey = (plain: TestServer, key: string): TestServer => ({
  ...plain,
  call: (name, request, as = { key }) => plain.call(name, request, as),
})

/** A blob store whose `file` is another function. */
const withFile = (blobs: BlobStore, file: BlobStore['file']): BlobStore => ({
  put: (content, options) => blobs.put(content, options),
  stat: (hash) => blobs.stat(hash),
  read: (hash, range) => blobs.read(hash, range),
  bytes: (hash, bytesMax) => blobs.bytes(hash, bytesMax),
  file,
  copyTo: (hash, path) => blobs.copyTo(hash, path),
  delete: (hash) => blobs.delete(hash),
  sweep: (putBefore, isNamed) => blobs.sweep(putBefore, isNamed),
  holdDeletes: () => blobs.holdDeletes(),
  close: () => blobs.close(),
})

describe('life of what was brought', () => {
  test('what was brought is private, even in a public app, until its version is published', async () => {
    const owner = await server.makeUser('generous', Visible.PUBLIC)
    const { userAppId } = await makeApp(server, 'open', { owner, visibility: Visible.PUBLIC })
    const as = withKey(server, owner.pat)
    const { id, versionId } = await post('visual-embedder', colourEmbedder(), {}, { as, userAppId })
    await server.services.jobs.idle()
    const inputs = [{ data: { image: { base64: await picture(BLUE) } } }]
    const stranger = withKey(server, (await server.makeUser('stranger')).pat)
    const tryIt = () => stranger.call('PostModelOutputs', { userAppId, modelId: id, inputs })
    refused(await tryIt(), StatusCode.MODEL_DOES_NOT_EXIST)
    succeeded(await as.call('PostModelVersionsPublish', { userAppId, modelId: id, publications: [{ versionId }] }))
    const [output] = succeeded(await tryIt()).outputs
    assert.equal(output!.data!.embeddings[0]!.numDimensions, 3)
  })

  test('deleting the version, the model or the app releases its contents, one that others share last', async () => {
    const { blobs, db, clock } = server.services
    const bytes = packageOf(colourClassifier('softmax_predictions'), 'x\ny\nz')
    const [first, second] = [await bring('visual-classifier', bytes), await bring('visual-classifier', bytes)]
    const { rows } = await filesLeft([first.versionId])
    assert.equal(rows, 2)
    const { model: hash } = await versionFiles(db.read, await versionPk(first.versionId))
    const left = async () => {
      await sweepBlobs(db, blobs, clock.now() + 60_000_000, 0)
      return (await blobs.stat(hash!)) !== undefined
    }
    const { userAppId } = app
    succeeded(await server.call('DeleteModelVersion', { userAppId, modelId: first.id, versionId: first.versionId }))
    assert.equal(await left(), true)
    assert.ok(await seen(second.id, BLUE))
    // Others of this file have the same network inside.
    const same = await db.read
      .selectFrom('model_version_files')
      .select('version_pk')
      .where('hash', '=', hash!)
      .execute()
    const owners = await db.read
      .selectFrom('model_versions')
      .innerJoin('models', 'models.pk', 'model_versions.model_pk')
      .select('models.id')
      .where(
        'model_versions.pk',
        'in',
        same.map(({ version_pk }) => version_pk),
      )
      .execute()
    succeeded(await server.call('DeleteModels', { userAppId, ids: [...new Set(owners.map(({ id }) => id))] }))
    assert.equal(await left(), false)

    const away = await makeApp(server, 'away')
    const third = await post('visual-classifier', packageOf(colourClassifier(), 'u\nv\nw'), {}, away)
    await server.services.jobs.idle()
    const { layers } = await versionFiles(db.read, await versionPk(third.versionId))
    assert.ok(await blobs.stat(layers!))
    succeeded(await server.call('DeleteApp', { userAppId: away.userAppId }))
    await sweepBlobs(db, blobs, clock.now() + 60_000_000, 0)
    assert.equal(await blobs.stat(layers!), undefined)
  })

  test('a version that is deleted while its model never ends stops the import; others go on meanwhile', async () => {
    const endless = await post('visual-classifier', packageOf(endlessModel()))
    const other = await post('visual-embedder', colourEmbedder())
    await importOf(server, await versionPk(other.versionId))
    assert.equal((await status(other.id)).code, StatusCode.MODEL_TRAINED)
    assert.equal((await status(endless.id)).code, StatusCode.MODEL_UPLOADING)
    refused(await predict(endless.id, { image: { base64: await picture(BLUE) } }), StatusCode.MODEL_UPLOADING)
    assert.ok((await seen(other.id, BLUE)).embeddings[0])
    const { userAppId } = app
    succeeded(await server.call('DeleteModelVersion', { userAppId, modelId: endless.id, versionId: endless.versionId }))
    await server.services.jobs.idle()
  })

  test('an import goes on after a restart, with the package that was fetched already or a new fetch', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'limpid-restart-'))
    const settings = { dataDir, fetchAllow: '127.0.0.1/32', pat: 'restart-token-0123' }
    const start = async (overrides: Partial<Services> = {}): Promise<TestServer> => {
      return withKey(await startTestServer({ settings, overrides }), settings.pat)
    }
    try {
      const blobs = await openDiskBlobs(dataDir)
      const checks = Promise.withResolvers<void>()
      // A package is read by its file only once it is stored and named.
      const file: BlobStore['file'] = (hash) => {
        checks.resolve()
        return blobs.file(hash)
      }
      const first = await start({ blobs: withFile(blobs, file) })
      succeeded(await first.call('PostApps', { userAppId: { userId: 'admin' }, apps: [{ id: 'uploads' }] }))
      const fetching = await post('visual-embedder', new Promise<Buffer>(() => {}), {}, { as: first })
      const checking = await post('visual-classifier', packageOf(endlessModel()), {}, { as: first })
      await checks.promise
      await first[Symbol.asyncDispose]()
      await blobs.close()

      served.set(`/${fetching.id}`, colourEmbedder())
      served.delete(`/${checking.id}`)
      await using second = await start()
      assert.equal((await status(fetching.id, '', second)).code, StatusCode.MODEL_UPLOADING)
      await importOf(second, await versionPk(fetching.versionId, second))
      assert.equal((await status(fetching.id, '', second)).code, StatusCode.MODEL_TRAINED)
      // Its URL is gone, so a second fetch would have failed by now.
      assert.equal((await status(checking.id, '', second)).code, StatusCode.MODEL_UPLOADING)
      assert.equal(asked.filter((url) => url === `/${checking.id}`).length, 1)
    } finally {
      await rm(dataDir, { recursive: true, force: true })
    }
  })

  test('nothing to repeat: a version without description does not become a model file', async () => {
    const { id } = await bring('visual-embedder', colourEmbedder())
    const response = await server.call('PostModelVersions', {
      userAppId: app.userAppId,
      modelId: id,
      modelVersions: [],
    })
    refused(response, StatusCode.MODEL_INVALID_ARGUMENT, /nothing to repeat/)
  })
})
