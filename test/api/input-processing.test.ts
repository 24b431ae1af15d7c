import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { DataSchema, type Input, type InputSchema } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { picture } from '../../src/media/test-images.ts'
import { refused, succeeded, type TestApp } from '../kit/apps.ts'
import { FakeRuntime } from '../kit/fake-runtime.ts'
import { FileHost, makePlainApp } from '../kit/inputs.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

type Given = MessageInitShape<typeof InputSchema>

describe('inputs are processed', () => {
  let server: TestServer
  let runtime: FakeRuntime
  let files: FileHost
  let app: TestApp
  let apps = 0
  let jpeg: Buffer

  before(async () => {
    files = await FileHost.start()
    jpeg = await picture(640, 480).jpeg().toBuffer()
    files.files.set('/photo.jpg', jpeg)
    files.files.set('/words.txt', Buffer.from('grüne Wörter'))
    runtime = new FakeRuntime()
    server = await startTestServer({ overrides: runtime.services, settings: { fetchAllow: '127.0.0.1' } })
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
    await files[Symbol.asyncDispose]()
  })
  beforeEach(async () => {
    runtime.runs.length = 0
    runtime.answer = () => ({})
    runtime.before = () => {}
    app = await makePlainApp(server, `app-${apps++}`)
  })

  const nodes = (...given: { id: string; model: object; nodeInputs?: { nodeId: string }[] }[]) => given
  const main = (id: string) => ({ id, userId: 'clarifai', appId: 'main' })
  const useWorkflow = async (workflow: ReturnType<typeof nodes>): Promise<void> => {
    const { userAppId } = app
    succeeded(await server.call('PostWorkflows', { userAppId, workflows: [{ id: 'flow', nodes: workflow }] }))
    const apps = [{ id: userAppId.appId, defaultWorkflow: { id: 'flow', ...userAppId } }]
    succeeded(await server.call('PatchApps', { userAppId: { userId: userAppId.userId }, apps, action: 'overwrite' }))
  }
  const post = (inputs: Given[], inputsAddJobId = '') =>
    server.call('PostInputs', { userAppId: app.userAppId, inputs, inputsAddJobId })
  const processed = async (inputs: Given[]): Promise<Map<string, Input>> => {
    succeeded(await post(inputs))
    await server.services.jobs.idle()
    const { inputs: read } = await server.call('ListInputs', { userAppId: app.userAppId })
    return new Map(read.map((input) => [input.id, input]))
  }
  const annotations = () =>
    server.services.db.read
      .selectFrom('annotations')
      .selectAll()
      .where('app_pk', '=', app.pk)
      .where('input_level', '=', 0)
      .orderBy('pk')
      .execute()
  const image = (id: string, path = '/photo.jpg'): Given => ({
    id,
    data: { image: { url: files.url + path, allowDuplicateUrl: true } },
  })

  test('from their address: fetched, looked at, hosted; the address stays', async () => {
    const inputs = await processed([image('photo'), { id: 'words', data: { text: { url: `${files.url}/words.txt` } } }])
    const photo = inputs.get('photo')!
    assert.equal(photo.status?.code, StatusCode.INPUT_SUCCESS, photo.status?.details)
    const { url, hosted, imageInfo } = photo.data!.image!
    assert.equal(url, `${files.url}/photo.jpg`)
    assert.deepEqual(hosted?.sizes, ['orig', 'large', 'small', 'tiny'])
    assert.deepEqual([imageInfo?.width, imageInfo?.height, imageInfo?.format], [640, 480, 'JPEG'])
    const words = inputs.get('words')!.data!.text!
    assert.deepEqual([words.textInfo?.charCount, words.textInfo?.encoding], [12, 'UTF8'])
  })

  test('and keep the very bytes that were sent', async () => {
    const inputs = await processed([{ id: 'sent', data: { image: { base64: jpeg } } }])
    const { url, hosted } = inputs.get('sent')!.data!.image!
    assert.equal(url, `${hosted!.prefix}/orig/${hosted!.suffix}`)
    const orig = await server.services.db.read
      .selectFrom('media_files')
      .innerJoin('media', 'media.pk', 'media_files.media_pk')
      .select(['hash'])
      .where('media.app_pk', '=', app.pk)
      .where('size_name', '=', 'orig')
      .executeTakeFirstOrThrow()
    assert.deepEqual(await server.services.blobs.bytes(orig.hash, 1 << 20), jpeg)
  })

  test('each for itself: what cannot be had or is not what it shall be has failed, with the reason', async () => {
    files.files.set('/page.html', Buffer.from('<html>not a photo</html>'))
    files.files.set('/empty', Buffer.alloc(0))
    const inputs = await processed([
      image('good'),
      image('absent', '/nothing.jpg'),
      image('page', '/page.html'),
      image('empty', '/empty'),
      { id: 'torn', data: { image: { base64: jpeg.subarray(0, 200) } } },
      { id: 'private', data: { image: { url: 'http://10.0.0.1/a.jpg' } } },
    ])
    const status = (id: string) => inputs.get(id)!.status!
    assert.equal(status('good').code, StatusCode.INPUT_SUCCESS)
    for (const id of ['absent', 'page', 'empty', 'torn', 'private']) {
      assert.equal(status(id).code, StatusCode.INPUT_FAILED, id)
      assert.notEqual(status(id).details, '', id)
    }
    assert.match(status('absent').details, /404/)
    assert.match(status('page').details, /JPEG/)
    assert.match(status('empty').details, /empty/)
  })

  test('by the default workflow of the app: what models say is kept, not trusted, vectors apart', async () => {
    await useWorkflow(
      nodes(
        { id: 'tags', model: main('general-image-recognition') },
        { id: 'embed', model: main('general-image-embedding') },
        { id: 'boxes', model: main('general-image-detection') },
      ),
    )
    runtime.answer = ({ id }) => {
      if (id === 'embed')
        return { data: create(DataSchema, { embeddings: [{ vector: [0.6, 0.8], numDimensions: 2 }] }) }
      const concepts = [{ id: 'ai_8S2Vq3cR', name: 'dog', value: 0.75, userId: 'clarifai', appId: 'main' }]
      if (id === 'tags') return { data: create(DataSchema, { concepts }) }
      const boundingBox = { topRow: 0, leftCol: 0, bottomRow: 0.5, rightCol: 0.5 }
      const box = { regionInfo: { boundingBox }, value: 0.75, data: { concepts } }
      return { data: create(DataSchema, { regions: [box, box] }) }
    }
    const inputs = await processed([image('photo')])
    assert.deepEqual(inputs.get('photo')!.data?.concepts, [], 'an input shows only what its own annotation says')
    const rows = await annotations()
    assert.equal(rows.length, 4)
    assert.ok(rows.every((row) => row.trusted === 0 && row.worker_kind === 'model_version' && row.worker_pk !== null))
    const { read } = server.services.db
    const [vector] = await read.selectFrom('embeddings').selectAll().where('app_pk', '=', app.pk).execute()
    assert.deepEqual([...new Float32Array(Uint8Array.from(vector!.vector).buffer)], [...new Float32Array([0.6, 0.8])])
    assert.equal(vector!.model_version_pk, rows.find((row) => row.pk === vector!.annotation_pk)?.worker_pk)
    const concepts = await read.selectFrom('annotation_concepts').selectAll().where('app_pk', '=', app.pk).execute()
    const dog = await read.selectFrom('concepts').select('pk').where('id', '=', 'ai_8S2Vq3cR').executeTakeFirstOrThrow()
    assert.deepEqual(concepts.map(({ concept_pk, value, place }) => [concept_pk === dog.pk, value, place]).sort(), [
      [true, 0.75, 0],
      [true, 0.75, 1],
      [true, 0.75, 1],
    ])
  })

  test('with the workflow on many inputs at a time, also those of several calls', async () => {
    await useWorkflow(nodes({ id: 'embed', model: main('general-image-embedding') }))
    const held = Promise.withResolvers<void>()
    const first = Promise.withResolvers<void>()
    runtime.before = async () => {
      first.resolve()
      await held.promise
    }
    succeeded(await post([image('i0')]))
    await first.promise
    for (let n = 1; n < 8; n++) succeeded(await post([image(`i${n}`), image(`j${n}`)]))
    held.resolve()
    await server.services.jobs.idle()
    const sizes = runtime.runs.map(({ inputs }) => inputs.length)
    assert.equal(
      sizes.reduce((sum, size) => sum + size, 0),
      15,
    )
    assert.ok(sizes.length < 10, `runs of ${sizes}`)
  })

  test('where one input breaks a run, the others of the run are done all the same', async () => {
    await useWorkflow(nodes({ id: 'embed', model: main('general-image-embedding') }))
    files.files.set('/poison.jpg', await picture(8, 8).jpeg().toBuffer())
    const { AppError } = await import('../../src/base/errors.ts')
    runtime.before = ({ inputs }) => {
      if (inputs.some(({ image }) => image!.base64.length < 1_000)) {
        throw new AppError(StatusCode.INTERNAL_RESOURCE_EXHAUSTED, 'the worker broke down')
      }
    }
    const inputs = await processed([image('a'), image('poison', '/poison.jpg'), image('b')])
    assert.deepEqual(
      ['a', 'b', 'poison'].map((id) => inputs.get(id)!.status!.code),
      [StatusCode.INPUT_SUCCESS, StatusCode.INPUT_SUCCESS, StatusCode.INPUT_FAILED],
    )
    assert.equal(inputs.get('poison')!.status!.details, 'the worker broke down')
  })

  test('a failed node is no failure of the input where another one worked, nor is an input that no model fits', async () => {
    await useWorkflow(
      nodes(
        { id: 'tags', model: main('general-image-recognition') },
        { id: 'embed', model: main('general-image-embedding') },
      ),
    )
    runtime.answer = ({ id }, { text }) => {
      if (text) return { code: StatusCode.WORKFLOW_NO_MATCHING_INPUT, details: 'no picture' }
      return id === 'tags' ? { code: StatusCode.MODEL_PREDICTION_FAILED, details: 'broken' } : {}
    }
    const half = await processed([image('photo'), { id: 'words', data: { text: { raw: 'words' } } }])
    assert.deepEqual(
      [...half.values()].map(({ status }) => status!.code),
      [StatusCode.INPUT_SUCCESS, StatusCode.INPUT_SUCCESS],
    )
    runtime.answer = () => ({ code: StatusCode.MODEL_PREDICTION_FAILED, details: 'broken' })
    const none = await processed([image('second')])
    assert.equal(none.get('second')!.status!.code, StatusCode.INPUT_FAILED)
    assert.equal(none.get('second')!.status!.details, 'broken')
  })

  test('an annotation writer writes in the name of a user, with its status, info and task', async () => {
    await useWorkflow(
      nodes(
        { id: 'tags', model: main('general-image-recognition') },
        {
          id: 'write',
          model: await writer({ annotation_status: 24151, annotation_info: { by: 'flow' }, task_id: 't1' }),
          nodeInputs: [{ nodeId: 'tags' }],
        },
      ),
    )
    const concepts = [{ id: 'ai_8S2Vq3cR', name: 'dog', value: 0.75, userId: 'clarifai', appId: 'main' }]
    runtime.answer = () => ({ data: create(DataSchema, { concepts }) })
    await processed([image('photo')])
    const [predicted, written] = await annotations()
    assert.deepEqual([predicted?.trusted, predicted?.worker_kind], [0, 'model_version'])
    assert.deepEqual(
      [written?.trusted, written?.worker_kind, written?.worker_id, written?.status_code, written?.task_id],
      [1, 'user', 'admin', StatusCode.ANNOTATION_PENDING, 't1'],
    )
    assert.deepEqual(JSON.parse(written!.doc).annotation_info, { by: 'flow' })
    const own = succeeded(await server.call('GetConcept', { userAppId: app.userAppId, conceptId: 'ai_8S2Vq3cR' }))
    assert.deepEqual([own.concept?.name, own.concept?.appId], ['dog', app.userAppId.appId])
  })

  const writer = async (params: object) => {
    const { userAppId } = app
    succeeded(
      await server.call('PostModels', { userAppId, models: [{ id: 'writer', modelTypeId: 'annotation-writer' }] }),
    )
    const modelVersions = [{ outputInfo: { params: params as never } }]
    const { model } = succeeded(await server.call('PostModelVersions', { userAppId, modelId: 'writer', modelVersions }))
    return { id: 'writer', ...userAppId, modelVersion: { id: model!.modelVersion!.id } }
  }

  test('until their add job is cancelled: what was not begun has failed, what was goes on', async () => {
    await useWorkflow(nodes({ id: 'embed', model: main('general-image-embedding') }))
    const held = Promise.withResolvers<void>()
    const first = Promise.withResolvers<void>()
    runtime.before = async () => {
      first.resolve()
      await held.promise
    }
    succeeded(await post([image('begun')], 'job'))
    await first.promise
    for (let n = 0; n < 2; n++)
      succeeded(
        await post(
          Array.from({ length: 40 }, (_, at) => image(`w${n * 40 + at}`)),
          'job',
        ),
      )
    const { userAppId } = app
    const { inputsAddJob } = succeeded(await server.call('CancelInputsAddJob', { userAppId, id: 'job' }))
    assert.equal(inputsAddJob?.status?.code, StatusCode.JOB_CANCELLED)
    assert.equal(inputsAddJob?.progress?.pendingCount, 0n)
    refused(await post([image('late')], 'job'), StatusCode.JOB_CONFLICT)
    held.resolve()
    await server.services.jobs.idle()
    const { counts } = succeeded(await server.call('GetInputCount', { userAppId }))
    assert.equal(counts!.processed + counts!.errors, 81)
    assert.ok(counts!.errors > 0 && counts!.processed > 0)
    refused(await server.call('CancelInputsAddJob', { userAppId, id: 'job' }), StatusCode.JOB_CONFLICT)
  })

  test('and deleted while they are: nothing comes back', async () => {
    await useWorkflow(nodes({ id: 'embed', model: main('general-image-embedding') }))
    runtime.answer = () => ({ data: create(DataSchema, { embeddings: [{ vector: [1] }] }) })
    runtime.before = async () => {
      succeeded(await server.call('DeleteInputs', { userAppId: app.userAppId, ids: ['photo'] }))
    }
    const inputs = await processed([image('photo')])
    assert.equal(inputs.size, 0)
    for (const table of ['annotations', 'embeddings', 'media'] as const) {
      const rows = await server.services.db.read.selectFrom(table).select('pk').where('app_pk', '=', app.pk).execute()
      assert.deepEqual(rows, [], table)
    }
    const { counts } = succeeded(await server.call('GetInputCount', { userAppId: app.userAppId }))
    assert.deepEqual([counts!.processed, counts!.processing, counts!.toProcess, counts!.errors], [0, 0, 0, 0])
  })

  test('anew when their app is reindexed: what models said is replaced, what people said stays', async () => {
    const { userAppId } = app
    const embed = (vector: number[]) => ({ data: create(DataSchema, { embeddings: [{ vector }] }) })
    await useWorkflow(nodes({ id: 'embed', model: main('general-image-embedding') }))
    runtime.answer = () => embed([1, 0])
    await processed([image('a'), image('b'), { id: 'c', data: { image: { base64: Buffer.from('torn') } } }])
    succeeded(
      await server.call('PostAnnotations', {
        userAppId,
        annotations: [{ inputId: 'a', data: { concepts: [{ id: 'mine', value: 1 }] } }],
      }),
    )
    const before = await annotations()
    runtime.answer = (_, { image }) => {
      if (image!.base64.length === 0) throw new Error('no picture')
      return embed([0, 1])
    }
    runtime.before = async () => {
      const { inputs } = await server.call('ListInputs', { userAppId, status: { code: StatusCode.INPUT_SUCCESS } })
      assert.equal(inputs.length, 2, 'they can be read and found meanwhile')
    }
    const apps = [{ id: userAppId.appId }]
    succeeded(
      await server.call('PatchApps', { userAppId: { userId: 'admin' }, apps, action: 'overwrite', reindex: true }),
    )
    await server.services.jobs.idle()
    const after = await annotations()
    const ofPeople = (rows: typeof before) => rows.filter((row) => row.trusted === 1).map((row) => row.pk)
    assert.deepEqual(ofPeople(after), ofPeople(before))
    assert.equal(after.length, before.length)
    const vectors = await server.services.db.read
      .selectFrom('embeddings')
      .select('vector')
      .where('app_pk', '=', app.pk)
      .execute()
    assert.deepEqual(
      vectors.map(({ vector }) => [...new Float32Array(Uint8Array.from(vector).buffer)]),
      [
        [0, 1],
        [0, 1],
      ],
    )
    const { counts } = succeeded(await server.call('GetInputCount', { userAppId }))
    assert.deepEqual([counts!.reindexed, counts!.toReindex, counts!.reindexErrors, counts!.reindexing], [2, 0, 0, 0])
  })
})
