import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { MessageInitShape } from '@bufbuild/protobuf'
import {
  type ListTasksRequest,
  type ListTasksRequestSchema,
  TaskWorkerPartitionedStrategyInfo_TaskWorkerPartitionedStrategy as Partition,
  TaskReview_TaskReviewStrategy as Review,
  TaskInputSource_TaskInputSourceType as SourceType,
  TaskWorker_TaskWorkerStrategy as Strategy,
} from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import type { TestServer, TestUser } from '../kit/server.ts'
import { dynamicTask, fullTask, onTaskStage, people, type TaskInit, taskCalls } from '../kit/tasks.ts'
import { onEachEngine } from '../store/kit.ts'

type ListInit = Exclude<MessageInitShape<typeof ListTasksRequestSchema>, ListTasksRequest>

onEachEngine('tasks', (engine) => {
  let server: TestServer
  let app: TestApp
  let ann: TestUser
  let bob: TestUser

  onTaskStage(engine, { app: 'tasks', people: ['ann', 'bob'] }, (stage) => {
    ;({ server, app } = stage)
    ;[ann, bob] = stage.people as [TestUser, TestUser]
  })

  const { UA, patch } = taskCalls(() => ({ server, app }))
  const post = (task: TaskInit, key?: string) => server.call('PostTasks', { ...UA(), tasks: [task] }, { key })
  const get = (taskId: string, additionalFields: string[] = []) =>
    server.call('GetTask', { ...UA(), taskId, additionalFields })
  const list = async (wish: ListInit = {}) =>
    succeeded(await server.call('ListTasks', { ...UA(), ...wish })).tasks.map(({ id }) => id)

  test('are stored with what the server says of them, and found again', async () => {
    succeeded(await server.call('PostConcepts', { ...UA(), concepts: [{ id: 'dog', name: 'Dog' }] }))
    const [task] = succeeded(
      await post(
        dynamicTask([ann.id, 'me'], {
          name: 'Pets',
          description: 'all of them',
          concepts: [{ concept: { id: 'dog' } }],
          review: { strategy: Review.MANUAL, users: [{ id: bob.id }] },
          metadata: { round: 1 },
          priority: 3,
        }),
      ),
    ).tasks
    assert.match(task!.id, /^[0-9a-f]{32}$/)
    assert.equal(task!.status?.code, StatusCode.TASK_IN_PROGRESS)
    assert.deepEqual([task!.appId, task!.userId], [app.userAppId.appId, app.userAppId.userId])
    // Older clients read people and concepts from other fields.
    assert.deepEqual(task!.worker?.userIds, [ann.id, 'admin'])
    assert.deepEqual(
      task!.worker?.users.map(({ id }) => id),
      [ann.id, 'admin'],
    )
    assert.deepEqual(task!.review?.userIds, [bob.id])
    assert.deepEqual(task!.conceptIds, ['dog'])
    assert.equal(task!.concepts[0]?.concept?.name, 'Dog')
    const found = succeeded(await get(task!.id)).task!
    assert.deepEqual([found.name, found.metadata, found.priority], ['Pets', { round: 1 }, 3])
    refused(await get('nothing'), StatusCode.TASK_MISSING, /no task 'nothing'/)
  })

  test('take people and concepts from the older fields too', async () => {
    succeeded(await server.call('PostConcepts', { ...UA(), concepts: [{ id: 'dog' }] }))
    const [task] = succeeded(
      await post(
        dynamicTask([], {
          conceptIds: ['dog'],
          worker: { strategy: Strategy.DYNAMIC, userIds: [ann.id] },
          review: { strategy: Review.MANUAL, userIds: [bob.id] },
        }),
      ),
    ).tasks
    assert.deepEqual(
      task!.worker?.workers.map(({ worker }) => worker.case === 'user' && worker.value.id),
      [ann.id],
    )
    assert.deepEqual(
      task!.review?.users.map(({ id }) => id),
      [bob.id],
    )
    assert.deepEqual(
      task!.concepts.map(({ concept }) => concept?.id),
      ['dog'],
    )
  })

  test('give each input to one worker where they are parted and say nothing of it', async () => {
    const strategyInfo = { case: 'partitionedStrategyInfo', value: { type: Partition.EVENLY } } as const
    const worker = { strategy: Strategy.PARTITIONED, workers: people(ann.id, bob.id), strategyInfo }
    const agreeing = (approvalThresholdLabelers: number) => ({
      strategy: Review.CONSENSUS,
      strategyInfo: { case: 'consensusStrategyInfo', value: { approvalThresholdLabelers } } as const,
    })
    succeeded(await post(dynamicTask([], { worker, review: agreeing(1) })))
    const two = await post(dynamicTask([], { worker, review: agreeing(2) }))
    refused(two, StatusCode.CONN_INVALID_REQUEST, /2 labelers have to agree, but only 1 label each input/)
  })

  test('that share a saved search run it once for the metrics of all', async (t) => {
    const query = { ranks: [{ annotation: { data: { concepts: [{ id: 'pet', value: 1 }] } } }] }
    succeeded(await server.call('PostConcepts', { ...UA(), concepts: [{ id: 'pet' }] }))
    succeeded(await server.call('PostInputsSearches', { ...UA(), searches: [{ id: 'pets', save: true, query }] }))
    const inputSource = { type: SourceType.SAVED_SEARCH, id: 'pets' }
    for (let n = 0; n < 3; n++) succeeded(await post(dynamicTask([ann.id], { inputSource })))
    const { mock } = t.mock.method(server.services.search, 'search')
    const { tasks } = succeeded(await server.call('ListTasks', { ...UA(), additionalFields: ['all'] }))
    assert.deepEqual([tasks.length, mock.callCount()], [3, 1])
  })

  test('tell whole users only where they are asked for', async () => {
    const [task] = succeeded(await post(dynamicTask([ann.id]))).tasks
    const createdAt = async (...fields: string[]) => {
      const worker = succeeded(await get(task!.id, fields)).task!.worker!.workers[0]!.worker
      return worker.case === 'user' ? worker.value.createdAt : undefined
    }
    assert.equal(await createdAt(), undefined)
    assert.ok(await createdAt('worker.users'))
    assert.ok(await createdAt('all'))
    assert.equal(await createdAt('review.users'), undefined)
  })

  test('are listed newest first, by people, by source and by ids', async () => {
    succeeded(await server.call('PostDatasets', { ...UA(), datasets: [{ id: 'set' }] }))
    const source = { type: SourceType.DATASET, id: 'set' }
    const ids: string[] = []
    for (const task of [
      dynamicTask([ann.id], { inputSource: source }),
      fullTask([ann.id, bob.id]),
      dynamicTask([bob.id], { review: { strategy: Review.MANUAL, users: [{ id: ann.id }] } }),
    ]) {
      ids.push(succeeded(await post(task)).tasks[0]!.id)
    }
    const [first, second, third] = ids
    assert.deepEqual(await list(), [third, second, first])
    assert.deepEqual(await list({ perPage: 1, page: 2 }), [second])
    assert.deepEqual(await list({ workerUserIds: [ann.id] }), [second, first])
    assert.deepEqual(await list({ workerUserIds: [ann.id, bob.id] }), [third, second, first])
    assert.deepEqual(await list({ reviewUserIds: [ann.id] }), [third])
    assert.deepEqual(await list({ inputSourceType: SourceType.DATASET }), [first])
    assert.deepEqual(await list({ inputSourceIds: ['set', 'other'] }), [first])
    assert.deepEqual(await list({ ids: [third!, 'nothing'] }), [third])
  })

  test('are refused when they could not be worked on', async () => {
    const wrong: [TaskInit, StatusCode, RegExp][] = [
      [dynamicTask([], { type: 0 }), StatusCode.CONN_INVALID_REQUEST, /has no type/],
      [dynamicTask([], { worker: {} }), StatusCode.CONN_INVALID_REQUEST, /no worker.strategy/],
      [dynamicTask([], { worker: undefined }), StatusCode.CONN_INVALID_REQUEST, /has no worker/],
      [dynamicTask([], { inputSource: undefined }), StatusCode.CONN_INVALID_REQUEST, /no input_source/],
      [
        dynamicTask([], { inputSource: { type: SourceType.DATASET, id: 'no' } }),
        StatusCode.CONN_DOES_NOT_EXIST,
        /no dataset 'no'/,
      ],
      [
        dynamicTask([], { inputSource: { type: SourceType.SAVED_SEARCH, id: 'no' } }),
        StatusCode.CONN_DOES_NOT_EXIST,
        /no saved search 'no'/,
      ],
      [dynamicTask([], { concepts: [{ concept: { id: 'no' } }] }), StatusCode.CONN_DOES_NOT_EXIST, /no concept 'no'/],
      [dynamicTask(['nobody']), StatusCode.TASK_PERMISSION_DENIED, /'nobody' is neither/],
      [
        dynamicTask([], { review: { strategy: Review.MANUAL, users: [{ id: 'nobody' }] } }),
        StatusCode.TASK_PERMISSION_DENIED,
        /'nobody' is neither/,
      ],
      [dynamicTask([], { aiAssistant: { workflow: { id: 'none' } } }), StatusCode.WORKFLOW_DOES_NOT_EXIST, /'none'/],
      [dynamicTask([], { sampleMs: 5 }), StatusCode.CONN_INVALID_REQUEST, /sample_ms is 5/],
      [
        dynamicTask([ann.id], {
          review: {
            strategy: Review.CONSENSUS,
            strategyInfo: { case: 'consensusStrategyInfo', value: { approvalThresholdLabelers: 2 } },
          },
        }),
        StatusCode.CONN_INVALID_REQUEST,
        /2 labelers have to agree, but only 1/,
      ],
      [
        dynamicTask([], {
          review: {
            strategy: Review.MANUAL,
            strategyInfo: { case: 'manualStrategyInfo', value: { samplePercentage: 1.5 } },
          },
        }),
        StatusCode.CONN_INVALID_REQUEST,
        /sample_percentage is 1.5/,
      ],
      [
        dynamicTask([], { worker: { strategy: Strategy.PARTITIONED, workers: people(ann.id) } }),
        StatusCode.CONN_INVALID_REQUEST,
        /partitioned_strategy_info/,
      ],
    ]
    for (const [task, code, details] of wrong) refused(await post(task), code, details)
    assert.deepEqual(await list(), [])
    const both = await server.call('PostTasks', { ...UA(), tasks: [dynamicTask([]), dynamicTask(['nobody'])] })
    refused(both, StatusCode.TASK_PERMISSION_DENIED)
    assert.deepEqual(await list(), [], 'all or none')
    refused(await server.call('PostTasks', UA()), StatusCode.CONN_INVALID_REQUEST, /names no task/)
  })

  test('are overwritten, but who works on what stays', async () => {
    const made = dynamicTask([ann.id], { name: 'old', review: { strategy: Review.MANUAL, users: [{ id: bob.id }] } })
    const [task] = succeeded(await post(made)).tasks
    // Clients send everything again, as they got it.
    const again = { ...succeeded(await get(task!.id, ['all'])).task!, name: 'new' }
    const [patched] = succeeded(await server.call('PatchTasks', { ...UA(), tasks: [again], action: 'overwrite' })).tasks
    assert.equal(patched!.name, 'new')
    const { id } = task!
    const review = { strategy: Review.MANUAL, users: [{ id: ann.id }] }
    succeeded(await patch({ id, review }))
    assert.deepEqual(await list({ reviewUserIds: [ann.id] }), [id])
    assert.deepEqual(await list({ reviewUserIds: [bob.id] }), [])
    for (const other of [
      { worker: { strategy: Strategy.DYNAMIC, workers: people(bob.id) } },
      { worker: { strategy: Strategy.FULL, workers: people(ann.id) } },
      { inputSource: { type: SourceType.DATASET, id: 'x' } },
      { type: 2 },
      { review: { strategy: Review.NONE } },
    ]) {
      refused(await patch({ id, ...other }), StatusCode.TASK_CONFLICT, /cannot be changed/)
    }
    refused(await patch({ id, name: 'x' }, 'merge'), StatusCode.CONN_INVALID_REQUEST, /'overwrite'/)
    refused(await patch({ id: 'nothing' }), StatusCode.TASK_MISSING)
  })

  test('are done, given up and taken up again by their status', async () => {
    const [task] = succeeded(await post(dynamicTask([ann.id]))).tasks
    const { id } = task!
    const told = async (code: StatusCode) => (await patch({ id, status: { code } })).tasks[0]?.status?.code
    const { TASK_DONE, TASK_WONT_DO, TASK_IN_PROGRESS, TASK_IDLE } = StatusCode
    for (const code of [TASK_DONE, TASK_WONT_DO, TASK_IN_PROGRESS]) assert.equal(await told(code), code)
    refused(await patch({ id, status: { code: TASK_IDLE } }), StatusCode.CONN_INVALID_REQUEST, /use one of/)
  })

  test('of a collaborator who left keep their people and can still be patched', async () => {
    const [task] = succeeded(await post(dynamicTask([ann.id]))).tasks
    const { collaborators } = succeeded(await server.call('ListCollaborators', UA()))
    const left = collaborators.find(({ user }) => user?.id === ann.id)!.id
    succeeded(await server.call('DeleteCollaborators', { ...UA(), collaboratorIds: [left] }))
    const [patched] = succeeded(await patch({ id: task!.id, name: 'later' })).tasks
    assert.deepEqual([patched!.name, patched!.worker?.userIds], ['later', [ann.id]])
  })

  test('are seen by strangers only where all of it is public', async () => {
    const stranger = await server.makeUser(`stranger-${app.pk}`)
    const owner = await server.makeUser(`owner-${app.pk}`, 50)
    const open = await makeApp(server, `open-${app.pk}`, { visibility: 50, owner })
    const UA = { userAppId: open.userAppId }
    const tasks = [dynamicTask([], { visibility: { gettable: 50 } }), dynamicTask([])]
    const made = succeeded(await server.call('PostTasks', { ...UA, tasks }, { key: owner.pat })).tasks.map(
      ({ id }) => id,
    )
    const key = stranger.pat
    assert.deepEqual(
      succeeded(await server.call('ListTasks', UA, { key })).tasks.map(({ id }) => id),
      [made[0]],
    )
    refused(await server.call('GetTask', { ...UA, taskId: made[1]! }, { key }), StatusCode.TASK_MISSING)
    refused(await server.call('PostTasks', { ...UA, tasks }, { key }), StatusCode.CONN_INSUFFICIENT_SCOPES)
  })

  test('are deleted by their ids, all or none, and go with their app', async () => {
    const [first, second] = succeeded(
      await server.call('PostTasks', { ...UA(), tasks: [dynamicTask([]), fullTask([ann.id])] }),
    ).tasks.map(({ id }) => id)
    refused(await server.call('DeleteTasks', { ...UA(), ids: [first!, 'nothing'] }), StatusCode.TASK_MISSING)
    assert.equal((await list()).length, 2)
    succeeded(await server.call('DeleteTasks', { ...UA(), ids: [first!] }))
    assert.deepEqual(await list(), [second])
    succeeded(await server.call('DeleteApp', UA()))
    await server.services.jobs.idle()
    const left = server.services.db.read.selectFrom('tasks').selectAll().where('app_pk', '=', app.pk)
    assert.deepEqual(await left.execute(), [])
  })
})
