import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Collector, CollectorSchema, InputSchema, Model } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { Collecting } from '../../src/domain/collectors/collecting.ts'
import { collectInputsJob } from '../../src/domain/collectors/job.ts'
import { COLLECTED_MAX } from '../../src/domain/collectors/limits.ts'
import { picture } from '../../src/media/test-images.ts'
import { refused, succeeded, type TestApp } from '../kit/apps.ts'
import { makePlainApp } from '../kit/inputs.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'
import { whileTorn } from '../kit/torn-jobs.ts'
import { onEachEngine, type Place } from '../store/kit.ts'

type Wish = Exclude<MessageInitShape<typeof CollectorSchema>, Collector>
type Given = MessageInitShape<typeof InputSchema>

const ENGLISH = 'The quick brown fox jumps over the lazy dog, and nobody in the village is surprised by that any more.'
const GERMAN = 'Der schnelle braune Fuchs springt über den faulen Hund, und niemand im Dorf wundert sich noch darüber.'

onEachEngine('collectors', (engine) => {
  let server: TestServer
  let place: Place
  let app: TestApp
  let keyId: string
  let png: Uint8Array
  let apps = 0
  let dice = 0

  before(async () => {
    png = await picture(40, 30).png().toBuffer()
    // The workers are real; language-id and thresholds need no weights.
    place = await engine.place()
    server = await startTestServer({
      models: true,
      overrides: { collecting: new Collecting(() => dice) },
      settings: 'url' in place.location ? { databaseUrl: place.location.url } : {},
    })
    keyId = await publicKey(['All'])
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
    await place.remove()
  })
  beforeEach(async () => {
    dice = 0
    app = await makePlainApp(server, `app-${apps++}`)
    const { userAppId } = app
    const sieve = { outputInfo: { data: { concepts: [{ id: 'en', value: 0.5 }] } } }
    const models = [
      { id: 'language', modelTypeId: 'language-id-operator', outputInfo: { params: {} } },
      { id: 'tiles', modelTypeId: 'image-tiling-operator', outputInfo: { params: {} } },
    ]
    for (const model of models) succeeded(await server.call('PostModels', { userAppId, models: [model] }))
    succeeded(
      await server.call('PostModels', {
        userAppId,
        models: [{ id: 'sieve', modelTypeId: 'concept-thresholder', ...sieve }],
      }),
    )
    const workflows = [
      { id: 'pictures', nodes: [{ id: 'only', model: { id: 'tiles' } }] },
      { id: 'english-answers', nodes: [{ id: 'only', model: { id: 'sieve' } }] },
      {
        id: 'english-inputs',
        nodes: [
          { id: 'find', model: { id: 'language' } },
          { id: 'only', model: { id: 'sieve' }, nodeInputs: [{ nodeId: 'find' }] },
        ],
      },
    ]
    succeeded(await server.call('PostWorkflows', { userAppId, workflows }))
  })

  async function publicKey(scopes: readonly string[], user = server.admin): Promise<string> {
    const secret = await server.makeKey({ userPk: user.pk, kind: 'pat', scopes })
    const row = await server.services.directory.credential(secret)
    const { public_id } = await server.services.db.read
      .selectFrom('credentials')
      .select('public_id')
      .where('pk', '=', row!.principal.credentialPk!)
      .executeTakeFirstOrThrow()
    return public_id
  }
  const sourceOf = (modelId: string, more: object = {}): Wish['collectorSource'] => ({
    apiPostModelOutputsCollectorSource: {
      modelUserId: app.userAppId.userId,
      modelAppId: app.userAppId.appId,
      modelId,
      postInputsKeyId: keyId,
      ...more,
    },
  })
  const post = (wish: Wish, key?: string) =>
    server.call(
      'PostCollectors',
      {
        userAppId: app.userAppId,
        collectors: [{ id: 'all', preQueueRandomSample: 1, collectorSource: sourceOf('language'), ...wish }],
      },
      key ? { key } : {},
    )
  const predict = async (modelId: string, inputs: Given[], key?: string) => {
    const answer = await server.call(
      'PostModelOutputs',
      { userAppId: app.userAppId, modelId, inputs },
      key ? { key } : {},
    )
    await server.services.collecting.settled()
    await server.services.jobs.idle()
    return answer
  }
  const text = (raw: string): Given => ({ data: { text: { raw } } })
  const inputs = async (of = app) => (await server.call('ListInputs', { userAppId: of.userAppId })).inputs
  const texts = async () => {
    const found: string[] = []
    for (const { data } of await inputs()) {
      const id = data!.text!.hosted!.suffix.split('/').at(-1)!
      const { content } = await server.services.db.read
        .selectFrom('media_files')
        .innerJoin('media', 'media.pk', 'media_files.media_pk')
        .select('content')
        .where('media.id', '=', id)
        .executeTakeFirstOrThrow()
      found.push(Buffer.from(content!).toString())
    }
    return found.sort()
  }
  const get = async () =>
    succeeded(await server.call('GetCollector', { userAppId: app.userAppId, collectorId: 'all' })).collector!

  test('inputs of predictions become inputs of the app: texts and pictures, once each, with the id of the collector', async () => {
    succeeded(await post({}))
    succeeded(await post({ id: 'pictures', collectorSource: sourceOf('tiles') }))
    succeeded(await predict('language', [text(ENGLISH), text(GERMAN), text(ENGLISH)]))
    succeeded(await predict('language', [text(GERMAN)]))
    assert.deepEqual(await texts(), [GERMAN, ENGLISH])
    const metadata = new Set((await inputs()).map(({ data }) => JSON.stringify(data?.metadata)))
    assert.deepEqual([...metadata], ['{"collector_id":"all"}'])
    succeeded(await predict('tiles', [{ data: { image: { base64: png }, concepts: [{ id: 'private' }] } }]))
    const collected = (await inputs()).find(({ data }) => data?.image)!
    assert.deepEqual(collected.data!.metadata, { collector_id: 'pictures' })
    assert.deepEqual(collected.data!.concepts, [])
    assert.equal(collected.data!.image!.imageInfo?.width, 40)
    // What lay in between is gone.
    const { db } = server.services
    assert.deepEqual(await db.read.selectFrom('collected_inputs').selectAll().execute(), [])
    const loose = await db.read.selectFrom('media').select('pk').where('input_pk', 'is', null).execute()
    assert.deepEqual(loose, [])
  })

  test('failed predictions and predictions of workflows are not collected', async () => {
    succeeded(await post({}))
    const mixed = await predict('language', [text(ENGLISH), { data: { image: { base64: png } } }])
    assert.equal(mixed.status?.code, StatusCode.MIXED_STATUS)
    const request = { userAppId: app.userAppId, workflowId: 'english-inputs', inputs: [text(GERMAN)] }
    succeeded(await server.call('PostWorkflowResults', request))
    await server.services.collecting.settled()
    await server.services.jobs.idle()
    assert.deepEqual(await texts(), [ENGLISH])
  })

  test('a share of them, by chance', async () => {
    succeeded(await post({ preQueueRandomSample: 0.3 }))
    dice = 0.4
    await predict('language', [text(ENGLISH)])
    assert.deepEqual(await texts(), [])
    dice = 0.2
    await predict('language', [text(GERMAN)])
    assert.deepEqual(await texts(), [GERMAN])
  })

  test('those whose answers pass a workflow, which cannot be run on inputs', async () => {
    succeeded(await post({ preQueueRandomSample: 0, preQueueWorkflowId: 'english-answers' }))
    succeeded(await predict('language', [text(ENGLISH), text(GERMAN)]))
    assert.deepEqual(await texts(), [ENGLISH])
    const request = { userAppId: app.userAppId, workflowId: 'english-answers', inputs: [text(ENGLISH)] }
    refused(await server.call('PostWorkflowResults', request), StatusCode.WORKFLOW_INVALID_GRAPH)
  })

  test('those that pass a workflow themselves', async () => {
    succeeded(await post({ preQueueRandomSample: 0, postQueueWorkflowId: 'english-inputs' }))
    succeeded(await predict('language', [text(ENGLISH), text(GERMAN)]))
    assert.deepEqual(await texts(), [ENGLISH])
  })

  test('what the model answered comes along as its annotations where that is wanted', async () => {
    succeeded(await post({ collectOutputs: true }))
    const { outputs } = succeeded(await predict('language', [text(ENGLISH)]))
    const { annotations } = succeeded(
      await server.call('ListAnnotations', { userAppId: app.userAppId, listAllAnnotations: true }),
    )
    const made = annotations.filter(({ worker }) => worker?.worker.case === 'model')
    assert.equal(made.length, 1)
    assert.deepEqual(
      made[0]!.data!.concepts.map(({ id, value }) => [id, value]),
      outputs[0]!.data!.concepts.map(({ id, value }) => [id, value]),
    )
    assert.equal((made[0]!.worker!.worker.value as Model).id, 'language')
    assert.equal(made[0]!.status?.code, StatusCode.ANNOTATION_SUCCESS)
  })

  test('a paused collector takes nothing; one that may not post says why until it is patched', async () => {
    const scopes = [
      'Inputs_Add',
      'Inputs_Get',
      'Apps_Get',
      'Annotations_Add',
      'Annotations_Get',
      'Concepts_Get',
      'Models_Get',
      'Predict',
      'Workflows_Get',
    ]
    const narrow = await publicKey(scopes)
    succeeded(await post({ collectorSource: sourceOf('language', { postInputsKeyId: narrow }) }))
    const patch = (status: StatusCode, more: object = {}) =>
      server.call('PatchCollectors', {
        userAppId: app.userAppId,
        action: 'overwrite',
        collectors: [{ id: 'all', status: { code: status }, ...more }],
      })
    succeeded(await patch(StatusCode.COLLECTOR_INACTIVE))
    assert.equal((await get()).status?.code, StatusCode.COLLECTOR_INACTIVE)
    await predict('language', [text(ENGLISH)])
    assert.deepEqual(await texts(), [])
    succeeded(await patch(StatusCode.COLLECTOR_ACTIVE))
    await server.services.db.transact((tx) => tx.deleteFrom('credentials').where('public_id', '=', narrow).execute())
    await predict('language', [text(ENGLISH)])
    const stopped = await get()
    assert.equal(stopped.status?.code, StatusCode.COLLECTOR_POST_INPUT_FAILED)
    assert.match(stopped.status!.details, /key of the collector is gone/)
    refused(await patch(StatusCode.COLLECTOR_ACTIVE), StatusCode.CONN_DOES_NOT_EXIST, /no key/)
    succeeded(await patch(StatusCode.COLLECTOR_ACTIVE, { collectorSource: sourceOf('language') }))
    await predict('language', [text(GERMAN)])
    assert.deepEqual(await texts(), [GERMAN])
  })

  test('calls of others are collected from models of one’s own alone', async () => {
    const guest = await server.makeUser(`guest-${apps}`, Visible.PUBLIC)
    const collaborators = [{ user: { id: guest.id }, scopes: ['All'] }]
    succeeded(await server.call('PostCollaborators', { userAppId: app.userAppId, collaborators }))
    succeeded(await post({}))
    succeeded(await post({ id: 'mine', collectorSource: sourceOf('tiles', { callerUserId: 'admin' }) }))
    succeeded(await predict('language', [text(ENGLISH)], guest.pat))
    succeeded(await predict('tiles', [{ data: { image: { base64: png } } }], guest.pat))
    assert.deepEqual(await texts(), [ENGLISH])
    const foreign = { modelUserId: 'clarifai', modelAppId: 'main', modelId: 'color-recognition' }
    refused(
      await post({ id: 'spy', collectorSource: sourceOf('', { ...foreign, callerUserId: guest.id }) }),
      StatusCode.CONN_INSUFFICIENT_SCOPES,
      /models of your own/,
    )
    const [own] = succeeded(await post({ id: 'own', collectorSource: sourceOf('', foreign) })).collectors
    assert.equal(own!.collectorSource?.apiPostModelOutputsCollectorSource?.callerUserId, 'admin')
  })

  test('what lies in the app already is not collected into it', async () => {
    succeeded(await post({}))
    const url = `https://data.example.org/orig/users/${app.userAppId.userId}/apps/${app.userAppId.appId}/inputs/text/x`
    const { outputs } = succeeded(await predict('language', [text(ENGLISH)]))
    const ready = { rows: { modelPk: (await row()).model_pk, versionPk: 0, appPk: app.pk }, model: outputs[0]!.model! }
    const call = { services: server.services, principal: {}, log: server.services.log, requestId: 'x' }
    const input = { ...outputs[0]!.input!, data: { ...outputs[0]!.input!.data!, text: { url, raw: '' } } }
    server.services.collecting.offer(call as never, ready as never, [input as never], outputs)
    await server.services.collecting.settled()
    const waiting = await server.services.db.read.selectFrom('collected_inputs').selectAll().execute()
    assert.deepEqual([waiting.length, await texts()], [0, [ENGLISH]])
  })
  const row = () =>
    server.services.db.read.selectFrom('collectors').selectAll().where('app_pk', '=', app.pk).executeTakeFirstOrThrow()

  test('a server that is killed again and again posts every input once; a full queue takes no more', async () => {
    succeeded(await post({ collectOutputs: true }))
    const raws = Array.from({ length: 9 }, (_, n) => `${n} ${ENGLISH}`)
    const torn = await whileTorn(server, collectInputsJob, () => predict('language', raws.map(text)))
    assert.ok(torn.tears >= 4, `${torn.tears} tears`)
    assert.deepEqual(await texts(), raws)
    const { annotations } = await server.call('ListAnnotations', { userAppId: app.userAppId, listAllAnnotations: true })
    assert.equal(annotations.filter(({ worker }) => worker?.worker.case === 'model').length, raws.length)

    const { db, clock } = server.services
    const { pk: collector_pk } = await row()
    const full = (n: number) => ({
      app_pk: app.pk,
      collector_pk,
      item_id: `x${n}`,
      doc: '{"input":"{}","files":[]}',
      created_at: clock.now(),
    })
    await db.transact(async (tx) => {
      for (let n = 0; n < COLLECTED_MAX; n += 500) {
        await tx
          .insertInto('collected_inputs')
          .values(Array.from({ length: 500 }, (_, at) => full(n + at)))
          .execute()
      }
    })
    succeeded(
      await server.call('PostModelOutputs', { userAppId: app.userAppId, modelId: 'language', inputs: [text(GERMAN)] }),
    )
    await server.services.collecting.settled()
    const { rows } = await db.read
      .selectFrom('collected_inputs')
      .select(({ fn }) => fn.countAll<number>().as('rows'))
      .where('collector_pk', '=', collector_pk)
      .executeTakeFirstOrThrow()
    assert.equal(Number(rows), COLLECTED_MAX)
    succeeded(await server.call('DeleteCollectors', { userAppId: app.userAppId, ids: ['all'] }))
    assert.equal((await db.read.selectFrom('collected_inputs').selectAll().execute()).length, 0)
  })

  test('the usual verbs', async () => {
    const [made] = succeeded(await post({ description: 'first' })).collectors
    assert.equal(made!.status?.code, StatusCode.COLLECTOR_ACTIVE)
    assert.ok(made!.createdAt)
    refused(await post({}), StatusCode.DATABASE_DUPLICATE_KEY)
    succeeded(await post({ id: 'second' }))
    const list = async () =>
      succeeded(await server.call('ListCollectors', { userAppId: app.userAppId })).collectors.map(({ id }) => id)
    assert.deepEqual(await list(), ['second', 'all'])
    const collectors = [{ id: 'all', description: 'changed', preQueueRandomSample: 0.5 }]
    succeeded(await server.call('PatchCollectors', { userAppId: app.userAppId, collectors, action: 'overwrite' }))
    const { description, preQueueRandomSample } = await get()
    assert.deepEqual([description, preQueueRandomSample], ['changed', 0.5])
    const merge = { userAppId: app.userAppId, collectors, action: 'merge' }
    refused(await server.call('PatchCollectors', merge), StatusCode.CONN_INVALID_REQUEST)
    succeeded(await server.call('DeleteCollectors', { userAppId: app.userAppId, ids: ['second'] }))
    refused(
      await server.call('DeleteCollectors', { userAppId: app.userAppId, ids: ['second'] }),
      StatusCode.COLLECTOR_MISSING,
    )
    succeeded(await server.call('DeleteCollectors', { userAppId: app.userAppId, deleteAll: true }))
    assert.deepEqual(await list(), [])
    refused(
      await server.call('GetCollector', { userAppId: app.userAppId, collectorId: 'all' }),
      StatusCode.COLLECTOR_MISSING,
    )
  })

  test('refused: without source or filter, with fractions, workflows, models and keys that cannot be', async () => {
    const invalid = StatusCode.CONN_INVALID_REQUEST
    refused(await post({ collectorSource: {} }), invalid, /no source/)
    refused(await post({ preQueueRandomSample: 0 }), invalid, /not what to take/)
    for (const preQueueRandomSample of [-0.1, 1.1, Number.NaN, Number.POSITIVE_INFINITY]) {
      refused(await post({ preQueueRandomSample }), invalid, /fraction/)
    }
    refused(await post({ preQueueWorkflowId: 'english-answers' }), invalid, /set one of them/)
    refused(await post({ status: { code: StatusCode.SUCCESS } }), invalid, /status/)
    refused(await post({ collectorSource: sourceOf('nothing') }), StatusCode.MODEL_DOES_NOT_EXIST)
    const versioned = sourceOf('language', { modelVersionId: 'nothing' })
    refused(await post({ collectorSource: versioned }), StatusCode.CONN_DOES_NOT_EXIST)
    const without = { preQueueRandomSample: 0 }
    refused(await post({ ...without, postQueueWorkflowId: 'nothing' }), StatusCode.WORKFLOW_DOES_NOT_EXIST)
    refused(await post({ ...without, preQueueWorkflowId: 'pictures' }), StatusCode.WORKFLOW_INVALID_GRAPH)
    refused(
      await post({ collectorSource: sourceOf('language', { postInputsKeyId: '' }) }),
      invalid,
      /post_inputs_key_id/,
    )
    refused(
      await post({ collectorSource: sourceOf('language', { postInputsKeyId: 'f'.repeat(32) }) }),
      StatusCode.CONN_DOES_NOT_EXIST,
    )
    const narrow = await publicKey(['Inputs_Get', 'Apps_Get'])
    refused(
      await post({ collectorSource: sourceOf('language', { postInputsKeyId: narrow }) }),
      StatusCode.CONN_INSUFFICIENT_SCOPES,
      /Inputs_Add/,
    )
    // The secret of a key is as good as its id, and is not kept.
    const [made] = succeeded(
      await post({ collectorSource: sourceOf('language', { postInputsKeyId: server.admin.pat }) }),
    ).collectors
    assert.notEqual(made!.collectorSource?.apiPostModelOutputsCollectorSource?.postInputsKeyId, server.admin.pat)
  })
})
