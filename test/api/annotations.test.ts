import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Annotation, AnnotationSchema } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { GONE } from '../../src/store/repos/inputs.ts'
import { insertModelVersion } from '../kit/annotators.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startTestServer, type TestServer, type TestUser } from '../kit/server.ts'
import { putInputs } from '../kit/stored-inputs.ts'
import { dynamicTask, makeTask } from '../kit/tasks.ts'

type Init = MessageInitShape<typeof AnnotationSchema>

const box = (topRow: number, leftCol: number, bottomRow: number, rightCol: number) => ({
  boundingBox: { topRow, leftCol, bottomRow, rightCol },
})
const idsOf = (annotations: readonly Annotation[]) => annotations.map(({ id }) => id)
const codesOf = (annotations: readonly Annotation[]) => annotations.map(({ status }) => status?.code)

describe('annotations', () => {
  let server: TestServer
  let app: TestApp
  let helper: TestUser
  let detector: string
  let inputs = 0

  before(async () => {
    server = await startTestServer()
    app = await makeApp(server, 'labels')
    helper = await server.makeUser('helper')
    const collaborators = [{ user: { id: 'helper' }, scopes: ['All'] }]
    succeeded(await server.call('PostCollaborators', { userAppId: app.userAppId, collaborators }))
    detector = await insertModelVersion(server, app)
  })
  after(() => server[Symbol.asyncDispose]())

  const input = async (data = {}): Promise<string> => {
    const id = `in-${inputs++}`
    await putInputs(server.services, app, [{ id, data }])
    return id
  }
  const post = (annotations: Init[], key?: string) =>
    server.call('PostAnnotations', { userAppId: app.userAppId, annotations }, key ? { key } : {})
  const patch = (action: string, annotations: Init[], deleteIfEmptyData = false, key?: string) =>
    server.call(
      'PatchAnnotations',
      { userAppId: app.userAppId, annotations, action, deleteIfEmptyData },
      key ? { key } : {},
    )
  const get = (inputId: string, annotationId: string) =>
    server.call('GetAnnotation', { userAppId: app.userAppId, inputId, annotationId })
  const list = async (request: object) =>
    succeeded(await server.call('ListAnnotations', { userAppId: app.userAppId, ...request }, {})).annotations
  const tag = (inputId: string, id: string, concept = 'cat', value = 1) => ({
    inputId,
    id,
    data: { concepts: [{ id: concept, value }] },
  })

  describe('posting', () => {
    test('stores regions with ids, concepts that are new, and who made it', async () => {
      const inputId = await input()
      const data = {
        regions: [{ regionInfo: box(0.1, 0, 0.9, 1), data: { concepts: [{ name: 'red panda', value: 1 }] } }],
      }
      const { annotations } = succeeded(await post([{ inputId, data, annotationInfo: { tool: 'pen' } }]))
      const [made] = annotations
      assert.match(made!.id, /^[0-9a-f]{32}$/)
      assert.match(made!.data!.regions[0]!.id, /^[0-9a-f]{32}$/)
      const [concept] = made!.data!.regions[0]!.data!.concepts
      assert.deepEqual(
        [concept?.name, concept?.value, concept?.appId, concept?.userId],
        ['red panda', 1, 'labels', 'admin'],
      )
      assert.deepEqual(
        [made!.userId, made!.trusted, made!.inputLevel, made!.status?.code, made!.annotationInfo],
        ['admin', true, false, StatusCode.ANNOTATION_SUCCESS, { tool: 'pen' }],
      )
      assert.deepEqual((await get(inputId, made!.id)).annotation, made)
      const got = await server.call('GetConcept', { userAppId: app.userAppId, conceptId: concept!.id })
      assert.equal(succeeded(got).concept?.name, 'red panda')
    })

    test('each item stands for itself; nothing of a refused one is stored', async () => {
      const inputId = await input()
      const answer = await post([
        tag(inputId, 'good'),
        tag('nowhere', 'lost'),
        { inputId, id: 'broken', data: { regions: [{ regionInfo: box(0.5, 0, 0.5, 1) }] } },
        { inputId, data: { concepts: [{ id: 'never-stored', value: Number.NaN }] } },
        { inputId, id: 'empty' },
        tag(inputId, 'good'),
        tag(inputId, 'bad id!'),
      ])
      assert.equal(answer.status?.code, StatusCode.MIXED_STATUS)
      assert.deepEqual(codesOf(answer.annotations), [
        StatusCode.ANNOTATION_SUCCESS,
        StatusCode.CONN_DOES_NOT_EXIST,
        StatusCode.ANNOTATION_INVALID_ARGUMENT,
        StatusCode.ANNOTATION_INVALID_ARGUMENT,
        StatusCode.ANNOTATION_INVALID_ARGUMENT,
        StatusCode.DATABASE_DUPLICATE_KEY,
        StatusCode.ANNOTATION_INVALID_ARGUMENT,
      ])
      assert.deepEqual(idsOf(await list({ inputIds: [inputId] })).slice(1), ['good'])
      const missing = await server.call('GetConcept', { userAppId: app.userAppId, conceptId: 'never-stored' })
      refused(missing, StatusCode.CONN_DOES_NOT_EXIST)
      const again = await post([tag(inputId, 'good')])
      refused(again, StatusCode.FAILURE, /already has an annotation/)
      assert.deepEqual(codesOf(again.annotations), [StatusCode.DATABASE_DUPLICATE_KEY])
    })

    test('empty and over-long requests are refused whole', async () => {
      refused(await post([]), StatusCode.ANNOTATION_INVALID_ARGUMENT)
      const inputId = await input()
      const many = Array.from({ length: 129 }, (_, at) => tag(inputId, `a${at}`))
      refused(await post(many), StatusCode.ANNOTATION_INVALID_ARGUMENT, /129/)
    })

    test('a region named by its id takes the place of the detected one', async () => {
      const inputId = await input()
      const found = {
        inputId,
        modelVersionId: detector,
        data: { regions: [{ id: 'face-1', regionInfo: box(0, 0, 0.5, 0.5) }] },
      }
      succeeded(await post([found]))
      const label = (id: string) => ({
        inputId,
        data: { regions: [{ id, data: { concepts: [{ id: 'ann', value: 1 }] } }] },
      })
      const { annotations } = succeeded(await post([label('face-1')]))
      const [region] = annotations[0]!.data!.regions
      assert.deepEqual([region?.regionInfo?.boundingBox?.bottomRow, region?.id], [0.5, 'face-1'])
      refused(await post([label('face-2')]), StatusCode.FAILURE, /no region 'face-2'/)
    })

    test('only the owner writes in the name of others', async () => {
      const inputId = await input()
      const as = (userId: string): Init => ({ ...tag(inputId, ''), userId })
      const own = succeeded(await post([as('helper')], helper.pat)).annotations[0]!
      assert.equal(own.userId, 'helper')
      const denied = await post([as('admin')], helper.pat)
      assert.deepEqual(codesOf(denied.annotations), [StatusCode.ANNOTATION_PERMISSION_DENIED])
      assert.equal(succeeded(await post([as('helper')])).annotations[0]!.userId, 'helper')
      assert.deepEqual(codesOf((await post([as('nobody')])).annotations), [StatusCode.ANNOTATION_INVALID_ARGUMENT])
      const byModel = succeeded(await post([{ ...tag(inputId, ''), modelVersionId: detector }])).annotations[0]!
      assert.deepEqual([byModel.trusted, byModel.modelVersionId], [false, detector])
      const unknown = await post([{ ...tag(inputId, ''), modelVersionId: '0'.repeat(32) }])
      assert.deepEqual(codesOf(unknown.annotations), [StatusCode.ANNOTATION_INVALID_ARGUMENT])
    })

    test('statuses are those that people may set', async () => {
      const inputId = await input()
      const withStatus = (code: StatusCode): Init => ({ ...tag(inputId, ''), status: { code } })
      const { annotations } = await post([
        withStatus(StatusCode.ANNOTATION_PENDING),
        withStatus(StatusCode.ANNOTATION_AWAITING_REVIEW),
        withStatus(StatusCode.INPUT_SUCCESS),
      ])
      assert.deepEqual(codesOf(annotations), [
        StatusCode.ANNOTATION_PENDING,
        StatusCode.ANNOTATION_AWAITING_REVIEW,
        StatusCode.ANNOTATION_INVALID_ARGUMENT,
      ])
    })

    test('a key that may not add concepts uses those that are there', async () => {
      const inputId = await input()
      succeeded(await post([tag(inputId, '', 'known')]))
      const scopes = [
        'Annotations_Add',
        'Annotations_Get',
        'Inputs_Get',
        'Concepts_Get',
        'Apps_Get',
        'Models_Get',
        'Workflows_Get',
      ]
      const key = await server.makeKey({ userPk: app.owner.pk, appPk: app.pk, kind: 'app_key', scopes })
      succeeded(await server.call('PostAnnotations', { annotations: [tag(inputId, '', 'known')] }, { key }))
      const denied = await server.call('PostAnnotations', { annotations: [tag(inputId, '', 'unknown')] }, { key })
      refused(denied, StatusCode.CONN_INSUFFICIENT_SCOPES, /Concepts_Add/)
    })

    test('vectors come back as they were given', async () => {
      const inputId = await input()
      succeeded(await post([{ inputId, id: 'v', data: { embeddings: [{ vector: [0.5, -1, 2] }] } }]))
      const { annotation } = succeeded(await get(inputId, 'v'))
      assert.deepEqual(annotation?.data?.embeddings[0]?.vector, [0.5, -1, 2])
    })
  })

  describe('patching', () => {
    const region = (inputId: string, id: string): Init => ({
      inputId,
      id,
      data: { regions: [{ regionInfo: box(0.2, 0.2, 0.8, 0.8), data: { concepts: [{ id: 'cat', value: 1 }] } }] },
    })

    test('merge moves the box and keeps the label; overwrite and remove do as they say', async () => {
      const inputId = await input()
      succeeded(await post([region(inputId, 'r')]))
      const moved = { inputId, id: 'r', data: { regions: [{ regionInfo: box(0, 0.1, 0.8, 0.9) }] } }
      const [merged] = succeeded(await patch('merge', [moved])).annotations
      assert.equal(merged!.data!.regions.length, 1)
      assert.equal(merged!.data!.regions[0]!.regionInfo!.boundingBox!.topRow, 0)
      assert.equal(merged!.data!.regions[0]!.data!.concepts[0]!.id, 'cat')
      const [overwritten] = succeeded(await patch('overwrite', [moved])).annotations
      assert.deepEqual(overwritten!.data!.regions[0]!.data, undefined)
      const regionId = overwritten!.data!.regions[0]!.id
      const [removed] = succeeded(
        await patch('remove', [{ inputId, id: 'r', data: { regions: [{ id: regionId }] } }]),
      ).annotations
      assert.deepEqual(removed!.data!.regions, [])
      succeeded(await get(inputId, 'r'))
    })

    test('concepts are found by id or by name, turned negative, and taken away', async () => {
      const inputId = await input()
      succeeded(await post([{ inputId, id: 'c', data: { concepts: [{ id: 'x1', name: 'lynx', value: 1 }] } }]))
      const change = (concept: { id?: string; name?: string; value?: number }): Init[] => [
        { inputId, id: 'c', data: { concepts: [concept] } },
      ]
      const shown = async (action: string, patches: Init[]) =>
        succeeded(await patch(action, patches)).annotations[0]!.data!.concepts.map(({ id, value }) => [id, value])
      assert.deepEqual(await shown('merge', change({ name: 'lynx', value: 0 })), [['x1', 0]])
      const twoConcepts = await shown('merge', change({ id: 'x2', value: 1 }))
      assert.deepEqual(twoConcepts, [
        ['x1', 0],
        ['x2', 1],
      ])
      assert.deepEqual(await shown('remove', change({ name: 'lynx' })), [['x2', 1]])
    })

    test('an annotation that says nothing after a removal goes only when that is wished', async () => {
      const inputId = await input()
      succeeded(await post([tag(inputId, 'a'), tag(inputId, 'b')]))
      const nothing = (id: string): Init[] => [{ inputId, id, data: { concepts: [{ id: 'cat' }] } }]
      succeeded(await patch('remove', nothing('a')))
      succeeded(await get(inputId, 'a'))
      succeeded(await patch('remove', nothing('b'), true))
      refused(await get(inputId, 'b'), StatusCode.CONN_DOES_NOT_EXIST)
      const own = await input({ concepts: [{ id: 'cat', value: 1 }] })
      const [level] = await list({ inputIds: [own] })
      const emptied = { inputId: own, id: level!.id, data: { concepts: [{ id: 'cat' }] } }
      succeeded(await patch('remove', [emptied], true))
      succeeded(await get(own, level!.id))
    })

    test('status, info and metadata change; the rest stays', async () => {
      const inputId = await input()
      const data = { concepts: [{ id: 'cat', value: 1 }], metadata: { a: { b: 1 }, c: 2 } }
      succeeded(await post([{ inputId, id: 's', data, annotationInfo: { old: true } }]))
      const change: Init = {
        inputId,
        id: 's',
        data: { metadata: { a: { d: 3 } } },
        annotationInfo: { new: true },
        status: { code: StatusCode.ANNOTATION_REVIEW_DENIED },
      }
      const [changed] = succeeded(await patch('merge', [change])).annotations
      assert.deepEqual(
        [changed!.data!.metadata, changed!.annotationInfo, changed!.status!.code, changed!.data!.concepts.length],
        [{ a: { b: 1, d: 3 }, c: 2 }, { new: true }, StatusCode.ANNOTATION_REVIEW_DENIED, 1],
      )
    })

    test('what may not be is refused for its item alone, and leaves it as it was', async () => {
      const inputId = await input()
      succeeded(await post([region(inputId, 'r'), tag(inputId, 't')]))
      const answer = await patch('merge', [
        { inputId, id: 'r', data: { regions: [{ id: 'second', regionInfo: box(0, 0, 1, 1) }] } },
        { inputId, id: 't', data: { concepts: [{ id: 'dog', value: 1 }] } },
        { inputId, id: 'nothing', data: {} },
        { inputId: 'nowhere', id: 't', data: {} },
      ])
      assert.equal(answer.status?.code, StatusCode.MIXED_STATUS)
      assert.deepEqual(codesOf(answer.annotations), [
        StatusCode.ANNOTATION_INVALID_ARGUMENT,
        StatusCode.ANNOTATION_SUCCESS,
        StatusCode.CONN_DOES_NOT_EXIST,
        StatusCode.CONN_DOES_NOT_EXIST,
      ])
      assert.equal(succeeded(await get(inputId, 'r')).annotation!.data!.regions.length, 1)
      refused(await patch('delete', [tag(inputId, 't')]), StatusCode.ANNOTATION_INVALID_ARGUMENT, /merge/)
    })

    test('collaborators change what they made themselves', async () => {
      const inputId = await input()
      succeeded(await post([tag(inputId, 'owners')]))
      succeeded(await post([tag(inputId, 'helpers')], helper.pat))
      const answer = await patch(
        'merge',
        [tag(inputId, 'owners', 'dog'), tag(inputId, 'helpers', 'dog')],
        false,
        helper.pat,
      )
      assert.deepEqual(codesOf(answer.annotations), [
        StatusCode.ANNOTATION_PERMISSION_DENIED,
        StatusCode.ANNOTATION_SUCCESS,
      ])
      succeeded(await patch('merge', [tag(inputId, 'helpers', 'emu')]))
    })
  })

  describe('listing', () => {
    test('people by default, models on request, and then without what is heavy', async () => {
      const inputId = await input()
      const vector = { embeddings: [{ vector: [1, 2] }], concepts: [{ id: 'cat', value: 0.5 }] }
      succeeded(await post([tag(inputId, 'mine'), { inputId, id: 'models', modelVersionId: detector, data: vector }]))
      const [level] = await list({ inputIds: [inputId] })
      assert.equal(level!.inputLevel, true)
      const listed = async (request: object) => idsOf(await list({ inputIds: [inputId], ...request })).slice()
      assert.deepEqual(await listed({}), [level!.id, 'mine'])
      assert.deepEqual(await listed({ listAllAnnotations: true }), [level!.id, 'mine', 'models'])
      assert.deepEqual(await listed({ modelVersionIds: [detector] }), ['models'])
      assert.deepEqual(await listed({ userIds: ['admin'], modelVersionIds: [detector] }), [level!.id, 'mine', 'models'])
      assert.deepEqual(await listed({ userIds: ['helper'] }), [])
      assert.deepEqual(await listed({ workflowVersionIds: ['0'.repeat(32)] }), [])
      const [light] = await list({ inputIds: [inputId], modelVersionIds: [detector] })
      assert.deepEqual([light!.data!.embeddings.length, light!.data!.concepts.length], [0, 1])
      const [whole] = await list({ inputIds: [inputId], modelVersionIds: [detector], returnModelOutput: true })
      assert.deepEqual(whole!.data!.embeddings[0]!.vector, [1, 2])
    })

    test('by ids beside their inputs, by status, by task, in pages', async () => {
      const [first, second] = [await input(), await input()]
      await makeTask(server, app, dynamicTask([], { id: 'task-1' }))
      succeeded(
        await post([
          tag(first!, 'same'),
          tag(second!, 'same'),
          { ...tag(second!, 'waiting'), status: { code: StatusCode.ANNOTATION_PENDING }, taskId: 'task-1' },
        ]),
      )
      const pairs = await list({ ids: ['same', 'waiting', 'same'], inputIds: [first, second, 'nowhere'] })
      assert.deepEqual(
        pairs.map(({ id, inputId }) => [id, inputId]),
        [
          ['same', first],
          ['waiting', second],
        ],
      )
      assert.deepEqual(idsOf(await list({ statuses: [{ code: StatusCode.ANNOTATION_PENDING }], inputIds: [second] })), [
        'waiting',
      ])
      assert.deepEqual(idsOf(await list({ taskId: 'task-1' })), ['waiting'])
      assert.equal((await list({ page: 1, perPage: 1 }))[0]!.id, 'waiting')
      assert.deepEqual(idsOf(await list({ inputIds: [second], page: 2, perPage: 2 })), ['waiting'])
      assert.deepEqual(await list({ page: 99_999 }), [])
      const odd = await server.call('ListAnnotations', {
        userAppId: app.userAppId,
        ids: ['a', 'b'],
        inputIds: [first!],
      })
      refused(odd, StatusCode.ANNOTATION_INVALID_ARGUMENT, /2 ids and 1/)
    })

    test('who has annotated, with names only on request', async () => {
      const place = await makeApp(server, 'workers')
      await putInputs(server.services, place, [{ id: 'one' }])
      const version = await insertModelVersion(server, place)
      const annotations = [{ ...tag('one', ''), modelVersionId: version }]
      succeeded(await server.call('PostAnnotations', { userAppId: place.userAppId, annotations }))
      const workers = async (more: object) =>
        succeeded(await server.call('ListAnnotationWorkers', { userAppId: place.userAppId, ...more })).workers
      const shown = (await workers({})).map(({ worker }) => [
        worker.case,
        worker.case === 'model' ? worker.value.modelVersion?.id : worker.value?.id,
      ])
      assert.deepEqual(shown, [
        ['model', version],
        ['user', 'admin'],
      ])
      const modelName = (list: Awaited<ReturnType<typeof workers>>) =>
        list.flatMap(({ worker }) => (worker.case === 'model' ? [worker.value.name] : []))
      assert.deepEqual(
        [modelName(await workers({})), modelName(await workers({ additionalFields: ['names'] }))],
        [[''], ['detector']],
      )
      assert.equal((await workers({ trustedOnly: true })).length, 1)
    })
  })

  describe('deleting', () => {
    test('one, by pairs, or all of an input but its own', async () => {
      const inputId = await input()
      succeeded(await post(['a', 'b', 'c', 'd'].map((id) => tag(inputId, id))))
      const [level] = await list({ inputIds: [inputId] })
      const deleteOne = (annotationId: string) =>
        server.call('DeleteAnnotation', { userAppId: app.userAppId, inputId, annotationId })
      succeeded(await deleteOne('a'))
      refused(await deleteOne('a'), StatusCode.CONN_DOES_NOT_EXIST)
      refused(await deleteOne(level!.id), StatusCode.ANNOTATION_INVALID_ARGUMENT, /input-level/)
      const deleteMany = (request: object, key?: string) =>
        server.call('DeleteAnnotations', { userAppId: app.userAppId, ...request }, key ? { key } : {})
      succeeded(await deleteMany({ ids: ['b', 'nothing'], inputIds: [inputId, inputId] }))
      refused(await deleteMany({ ids: ['c'], inputIds: [] }), StatusCode.ANNOTATION_INVALID_ARGUMENT)
      refused(await deleteMany({ ids: ['c'], inputIds: [inputId, inputId] }), StatusCode.ANNOTATION_INVALID_ARGUMENT)
      const denied = await deleteMany({ ids: ['c'], inputIds: [inputId] }, helper.pat)
      refused(denied, StatusCode.ANNOTATION_PERMISSION_DENIED)
      succeeded(await deleteMany({ inputIds: [inputId] }, helper.pat))
      assert.equal((await list({ inputIds: [inputId] })).length, 3)
      succeeded(await deleteMany({ inputIds: [inputId, 'nowhere'] }))
      assert.deepEqual(idsOf(await list({ inputIds: [inputId] })), [level!.id])
    })
  })

  test('statuses of a task change together', async () => {
    const inputId = await input()
    const ofTask = (id: string): Init => ({
      ...tag(inputId, id),
      taskId: 'task-2',
      status: { code: StatusCode.ANNOTATION_PENDING },
    })
    await makeTask(server, app, dynamicTask(['helper'], { id: 'task-2' }))
    succeeded(await post([ofTask('p1'), tag(inputId, 'p2')]))
    succeeded(await post([ofTask('p3')], helper.pat))
    const change = (request: object, key?: string) =>
      server.call(
        'PatchAnnotationsStatus',
        { userAppId: app.userAppId, action: 'overwrite', ...request },
        key ? { key } : {},
      )
    const approve = { taskId: 'task-2', statusCode: StatusCode.ANNOTATION_SUCCESS }
    const own = succeeded(await change(approve, helper.pat))
    assert.deepEqual([own.userIds, own.updatedCount], [['helper'], 1])
    const all = succeeded(await change({ ...approve, statusCodes: [StatusCode.ANNOTATION_PENDING] }))
    assert.deepEqual([all.userIds, all.updatedCount], [['admin'], 1])
    refused(
      await change({ statusCode: StatusCode.ANNOTATION_SUCCESS }),
      StatusCode.ANNOTATION_INVALID_ARGUMENT,
      /task_id/,
    )
    refused(await change({ ...approve, action: 'merge' }), StatusCode.ANNOTATION_INVALID_ARGUMENT)
    refused(await change({ ...approve, statusCode: StatusCode.SUCCESS }), StatusCode.ANNOTATION_INVALID_ARGUMENT)
  })

  test('concept counts count inputs, by what people said and by the state of the inputs', async () => {
    const place = await makeApp(server, 'counts')
    await putInputs(server.services, place, [
      { id: 'done', data: { concepts: [{ id: 'cat', value: 1 }] } },
      { id: 'waiting', statusCode: StatusCode.INPUT_PENDING, data: { concepts: [{ id: 'cat', value: 0 }] } },
      { id: 'failed', statusCode: StatusCode.INPUT_FAILED, data: { concepts: [{ id: 'cat', value: 1 }] } },
      { id: 'being-deleted', statusCode: GONE as number as StatusCode, data: { concepts: [{ id: 'cat', value: 1 }] } },
    ])
    const annotations = [tag('done', 'again'), tag('done', 'no', 'dog', 0)]
    succeeded(await server.call('PostAnnotations', { userAppId: place.userAppId, annotations }))
    const { conceptCounts } = succeeded(await server.call('GetConceptCounts', { userAppId: place.userAppId }))
    const shown = conceptCounts.map(({ id, conceptTypeCount: all, detailConceptCount: detail }) => [
      id,
      ...[all, detail?.processed, detail?.toProcess, detail?.errors, detail?.processing].map((count) =>
        [count?.positive, count?.negative].join('/'),
      ),
    ])
    assert.deepEqual(shown, [
      ['cat', '2/1', '1/0', '0/1', '1/0', '0/0'],
      ['dog', '0/1', '0/1', '0/0', '0/0', '0/0'],
    ])
  })

  test('tracks belong to an input and may be changed and deleted', async () => {
    const inputId = await input()
    const at = { userAppId: app.userAppId, inputId }
    const wanted = { id: 't1', concept: { id: 'car', value: 1 }, startFrameNr: 3, endFrameNr: 9, sampleRateFrame: 2 }
    const [made] = succeeded(
      await server.call('PostAnnotationTracks', { ...at, annotationTracks: [wanted] }),
    ).annotationTracks
    assert.deepEqual(
      [made!.inputId, made!.status?.code, made!.endFrameNr],
      [inputId, StatusCode.ANNOTATION_TRACK_IDLE, 9],
    )
    refused(
      await server.call('PostAnnotationTracks', { ...at, annotationTracks: [wanted] }),
      StatusCode.DATABASE_DUPLICATE_KEY,
    )
    const wrong = { id: 't2', startFrameMs: 9, endFrameMs: 3 }
    refused(
      await server.call('PostAnnotationTracks', { ...at, annotationTracks: [wrong] }),
      StatusCode.ANNOTATION_INVALID_ARGUMENT,
    )
    const change = [{ id: 't1', status: { code: StatusCode.ANNOTATION_TRACK_APPROVED } }]
    succeeded(await server.call('PatchAnnotationTracks', { ...at, annotationTracks: change, action: 'overwrite' }))
    const { annotationTracks } = succeeded(await server.call('ListAnnotationTracks', { ...at, ids: ['t1', 'x'] }))
    assert.deepEqual(
      annotationTracks.map(({ status, concept }) => [status?.code, concept?.id]),
      [[StatusCode.ANNOTATION_TRACK_APPROVED, 'car']],
    )
    succeeded(await server.call('DeleteAnnotationTracks', { ...at, ids: ['t1'] }))
    assert.deepEqual(succeeded(await server.call('ListAnnotationTracks', at)).annotationTracks, [])
    refused(await server.call('ListAnnotationTracks', { ...at, inputId: 'nowhere' }), StatusCode.CONN_DOES_NOT_EXIST)
  })

  test('annotation filters keep a search of filters, empty messages in it included', async () => {
    const at = { userAppId: app.userAppId }
    const search = {
      query: { filters: [{ annotation: { data: { regions: [{ regionInfo: { boundingBox: {} } }] } } }] },
    }
    const made = succeeded(
      await server.call('PostAnnotationFilters', { ...at, annotationFilters: [{ id: 'boxes', search }] }),
    )
    assert.deepEqual([made.annotationFilters[0]!.appId, made.annotationFilters[0]!.userId], ['labels', 'admin'])
    const got = succeeded(
      await server.call('GetAnnotationFilter', { ...at, annotationFilterId: 'boxes' }),
    ).annotationFilter
    const [filter] = got!.search!.query!.filters
    assert.ok(filter!.annotation!.data!.regions[0]!.regionInfo!.boundingBox)
    const ranked = { search: { query: { filters: [{}], ranks: [{}] } } }
    refused(
      await server.call('PostAnnotationFilters', { ...at, annotationFilters: [ranked] }),
      StatusCode.SEARCH_INVALID_REQUEST,
      /ranks/,
    )
    refused(
      await server.call('PostAnnotationFilters', { ...at, annotationFilters: [{}] }),
      StatusCode.SEARCH_INVALID_REQUEST,
    )
    const odd = {
      search: {
        query: { filters: [{ annotation: { data: { geo: { geoPoint: {}, geoLimit: { type: 'leagues' } } } } }] },
      },
    }
    refused(
      await server.call('PostAnnotationFilters', { ...at, annotationFilters: [odd] }),
      StatusCode.SEARCH_INVALID_REQUEST,
      /leagues/,
    )
    const patched = [{ id: 'boxes', search: { query: { filters: [{ annotation: { trusted: true } }] } } }]
    succeeded(await server.call('PatchAnnotationFilters', { ...at, annotationFilters: patched, action: 'overwrite' }))
    const { annotationFilters } = succeeded(await server.call('ListAnnotationFilters', at))
    assert.deepEqual(
      annotationFilters.map(({ id, search }) => [id, search?.query?.filters[0]?.annotation?.trusted]),
      [['boxes', true]],
    )
    succeeded(await server.call('DeleteAnnotationFilters', { ...at, annotationFilterIds: ['boxes'] }))
    refused(
      await server.call('GetAnnotationFilter', { ...at, annotationFilterId: 'boxes' }),
      StatusCode.CONN_DOES_NOT_EXIST,
    )
  })
})
