import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  PutTaskAssignmentsRequestAction as Action,
  TaskWorkerPartitionedStrategyInfo_TaskWorkerPartitionedStrategy as Partition,
  TaskReview_TaskReviewStrategy as Review,
  TaskInputSource_TaskInputSourceType as SourceType,
  TaskWorker_TaskWorkerStrategy as Strategy,
} from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { assignTaskJob } from '../../src/domain/tasks/assign-job.ts'
import { refused, succeeded, type TestApp } from '../kit/apps.ts'
import type { TestServer, TestUser } from '../kit/server.ts'
import { putInputs } from '../kit/stored-inputs.ts'
import { dynamicTask, fullTask, inviteUsers, onTaskStage, people, taskCalls } from '../kit/tasks.ts'
import { whileTorn } from '../kit/torn-jobs.ts'
import { onEachEngine } from '../store/kit.ts'

const { TASK_ASSIGNMENT_PENDING, TASK_ASSIGNMENT_SUCCESS, TASK_ASSIGNMENT_AWAITING_REVIEW } = StatusCode

onEachEngine('task assignments', (engine) => {
  let server: TestServer
  let app: TestApp
  let ann: TestUser
  let bob: TestUser
  let inputs: readonly string[]

  onTaskStage(engine, { app: 'assigned', people: ['ann', 'bob'], inputs: 24 }, (stage) => {
    ;({ server, app, inputs } = stage)
    ;[ann, bob] = stage.people as [TestUser, TestUser]
  })

  const { UA, make, put, start: started, submit } = taskCalls(() => ({ server, app }))
  const start = (taskId: string, user: TestUser) => put(taskId, user, Action.LABEL_START)
  const inputsOf = (assignments: Awaited<ReturnType<typeof started>>) => assignments.map(({ input }) => input!.id)
  const counts = async (taskId: string, wish: object = {}) => {
    const { counts: found } = succeeded(await server.call('GetTaskInputCount', { ...UA(), taskId, ...wish }))
    return Object.fromEntries(found.map(({ userId, pending, success }) => [userId, [pending, success]]))
  }
  const label = async (taskId: string, user: TestUser, inputId: string, concept = 'dog') => {
    const annotations = [{ inputId, taskId, data: { concepts: [{ id: concept, value: 1 }] } }]
    const made = await server.call('PostAnnotations', { ...UA(), annotations }, { key: user.pat })
    return succeeded(made).annotations[0]!
  }
  const statusOf = async ({ inputId, id }: { readonly inputId: string; readonly id: string }) =>
    succeeded(await server.call('GetAnnotation', { ...UA(), inputId, annotationId: id })).annotation!.status!.code

  test('of a FULL task are made for everybody at once, and LABEL_START gives the same ten until they are submitted', async () => {
    const taskId = await make(fullTask([ann.id, bob.id]))
    assert.deepEqual(await counts(taskId), { [ann.id]: [24, 0], [bob.id]: [24, 0] })
    const first = await started(taskId, ann)
    assert.deepEqual(inputsOf(first), inputs.slice(0, 10))
    assert.equal(first[0]!.status?.code, TASK_ASSIGNMENT_PENDING)
    assert.equal(first[0]!.worker?.worker.case === 'user' && first[0]!.worker.worker.value.id, ann.id)
    const ids = first.map(({ id }) => id)
    assert.deepEqual(
      (await started(taskId, ann)).map(({ id }) => id),
      ids,
    )
    const done = succeeded(await submit(taskId, ann, ids.slice(0, 3))).taskAssignments
    assert.deepEqual(
      done.map(({ status }) => status?.code),
      Array(3).fill(TASK_ASSIGNMENT_SUCCESS),
    )
    assert.deepEqual(inputsOf(await started(taskId, ann)), inputs.slice(3, 13))
    assert.deepEqual(await counts(taskId), { [ann.id]: [21, 3], [bob.id]: [24, 0] })
    assert.deepEqual(inputsOf(await started(taskId, bob)), inputs.slice(0, 10), 'the other has his own')
  })

  test('of a PARTITIONED task give each input to as many as it says, by weight where it has weights', async () => {
    const parted = (value: object) => ({
      strategy: Strategy.PARTITIONED,
      workers: people(ann.id, bob.id),
      strategyInfo: { case: 'partitionedStrategyInfo', value } as const,
    })
    const even = await make(fullTask([], { worker: parted({ type: Partition.EVENLY }) }))
    assert.deepEqual(await counts(even), { [ann.id]: [12, 0], [bob.id]: [12, 0] })
    const both = await make(fullTask([], { worker: parted({ type: Partition.EVENLY, workersPerInput: 2 }) }))
    assert.deepEqual(await counts(both), { [ann.id]: [24, 0], [bob.id]: [24, 0] })
    const weights = { [ann.id]: 3, [bob.id]: 1 }
    const weighted = await make(fullTask([], { worker: parted({ type: Partition.WEIGHTED, weights }) }))
    assert.deepEqual(await counts(weighted), { [ann.id]: [18, 0], [bob.id]: [6, 0] })
  })

  test('of a DYNAMIC task are made as workers ask, ten at a time, none twice, until nothing is left', async () => {
    const taskId = await make(dynamicTask([ann.id, bob.id]))
    assert.deepEqual(await counts(taskId), { [ann.id]: [0, 0], [bob.id]: [0, 0] })
    const first = await started(taskId, ann)
    assert.deepEqual(inputsOf(first), inputs.slice(0, 10))
    assert.deepEqual(inputsOf(await started(taskId, ann)), inputs.slice(0, 10))
    assert.deepEqual(inputsOf(await started(taskId, bob)), inputs.slice(10, 20))
    succeeded(
      await submit(
        taskId,
        ann,
        first.map(({ id }) => id),
      ),
    )
    const last = await started(taskId, ann)
    assert.deepEqual(inputsOf(last), inputs.slice(20))
    succeeded(
      await submit(
        taskId,
        ann,
        last.map(({ id }) => id),
      ),
    )
    assert.deepEqual(await started(taskId, ann), [])
    await putInputs(server.services, app, [{ id: 'late' }])
    assert.deepEqual(inputsOf(await started(taskId, ann)), ['late'], 'what has come since')
  })

  test('of a DYNAMIC task reach inputs that join its dataset behind those that were handed out', async () => {
    succeeded(await server.call('PostDatasets', { ...UA(), datasets: [{ id: 'set' }] }))
    const join = async (...ids: string[]) => {
      const datasetInputs = ids.map((id) => ({ input: { id } }))
      succeeded(await server.call('PostDatasetInputs', { ...UA(), datasetId: 'set', datasetInputs }))
    }
    await join('i010', 'i011')
    const taskId = await make(dynamicTask([ann.id], { inputSource: { type: SourceType.DATASET, id: 'set' } }))
    const first = await started(taskId, ann)
    assert.deepEqual(inputsOf(first), ['i010', 'i011'])
    succeeded(
      await submit(
        taskId,
        ann,
        first.map(({ id }) => id),
      ),
    )
    await join('i002', 'i020')
    assert.deepEqual(inputsOf(await started(taskId, ann)).sort(), ['i002', 'i020'])
    succeeded(await server.call('DeleteDatasets', { ...UA(), datasetIds: ['set'] }))
    const open = await started(taskId, ann)
    succeeded(
      await submit(
        taskId,
        ann,
        open.map(({ id }) => id),
      ),
    )
    refused(await start(taskId, ann), StatusCode.CONN_DOES_NOT_EXIST, /no dataset 'set'/)
  })

  test('of a DYNAMIC task reach inputs that take the place of others in its dataset', async () => {
    succeeded(await server.call('PostDatasets', { ...UA(), datasets: [{ id: 'set' }] }))
    const members = (...ids: string[]) => ({ datasetInputs: ids.map((id) => ({ input: { id } })) })
    const set = { ...UA(), datasetId: 'set' }
    succeeded(await server.call('PostDatasetInputs', { ...set, ...members('i010', 'i011') }))
    const taskId = await make(dynamicTask([ann.id], { inputSource: { type: SourceType.DATASET, id: 'set' } }))
    const first = await started(taskId, ann)
    succeeded(
      await submit(
        taskId,
        ann,
        first.map(({ id }) => id),
      ),
    )
    succeeded(await server.call('DeleteDatasetInputs', { ...set, inputIds: ['i010'] }))
    succeeded(await server.call('PostDatasetInputs', { ...set, ...members('i002') }))
    assert.deepEqual(inputsOf(await started(taskId, ann)), ['i002'])
  })

  test('of a DYNAMIC task go to as many as have to agree, and what has been seen by all is not looked at again', async () => {
    const strategyInfo = { case: 'consensusStrategyInfo', value: { approvalThresholdLabelers: 2 } } as const
    const [cid] = await inviteUsers(server, app, [`cid-${app.pk}`])
    const review = { strategy: Review.CONSENSUS, users: [{ id: bob.id }], strategyInfo }
    const taskId = await make(dynamicTask([ann.id, bob.id, cid!.id], { review }))
    const work = async (user: TestUser) => {
      const open = await started(taskId, user)
      if (open.length > 0) {
        succeeded(
          await submit(
            taskId,
            user,
            open.map(({ id }) => id),
          ),
        )
      }
      return inputsOf(open)
    }
    assert.deepEqual(await work(ann), inputs.slice(0, 10))
    assert.deepEqual(await work(ann), inputs.slice(10, 20))
    assert.deepEqual(await work(bob), inputs.slice(0, 10))
    assert.deepEqual(await work(cid!), inputs.slice(10, 20), 'two have labelled the first ten')
    assert.deepEqual(await work(cid!), inputs.slice(20))
    assert.deepEqual(await work(ann), inputs.slice(20))
    const { read } = server.services.db
    const cursor = () => read.selectFrom('tasks').select('cursor').where('id', '=', taskId).executeTakeFirstOrThrow()
    const rows = await read.selectFrom('inputs').select(['pk', 'id']).where('app_pk', '=', app.pk).execute()
    const i020 = rows.find(({ id }) => id === 'i020')!.pk
    assert.ok((await cursor()).cursor >= i020 - 1)
    assert.deepEqual(await work(bob), [])
    await putInputs(server.services, app, [{ id: 'late' }])
    for (const user of [ann, bob]) assert.deepEqual(await work(user), ['late'])
    assert.deepEqual(await work(cid!), [])
  })

  test('are handed out once when many workers ask at the same time', async () => {
    const workers = await inviteUsers(
      server,
      app,
      ['w1', 'w2', 'w3', 'w4'].map((id) => `${id}-${app.pk}`),
    )
    const taskId = await make(dynamicTask(workers.map(({ id }) => id)))
    const got = await Promise.all(workers.map((worker) => started(taskId, worker)))
    assert.deepEqual(got.flatMap(inputsOf).sort(), inputs)
  })

  test('come from what a saved search finds, by its filters and by its ranks', async () => {
    await putInputs(server.services, app, [
      { id: 'pet1', data: { concepts: [{ id: 'pet', value: 1 }] } },
      { id: 'pet2', data: { concepts: [{ id: 'pet', value: 1 }] } },
    ])
    const concepts = [{ id: 'pet', value: 1 }]
    const saved = async (id: string, query: object) => {
      const searches = [{ id, save: true, query }]
      succeeded(await server.call('PostInputsSearches', { ...UA(), searches }))
      return { type: SourceType.SAVED_SEARCH, id }
    }
    const byFilter = await saved('filtered', { filters: [{ annotation: { data: { concepts } } }] })
    const filtered = await make(fullTask([ann.id], { inputSource: byFilter }))
    assert.deepEqual(inputsOf(await started(filtered, ann)), ['pet1', 'pet2'])
    const byRank = await saved('ranked', {
      filters: [{ annotation: { data: { concepts } } }],
      ranks: [{ annotation: { data: { concepts } } }],
    })
    const ranked = await make(fullTask([ann.id], { inputSource: byRank }))
    assert.deepEqual(inputsOf(await started(ranked, ann)).sort(), ['pet1', 'pet2'])
    const asked = await make(dynamicTask([ann.id], { inputSource: byFilter }))
    assert.deepEqual(inputsOf(await started(asked, ann)), ['pet1', 'pet2'])
  })

  test('that are submitted take the annotations of their worker along, once', async () => {
    const review = { strategy: Review.MANUAL, users: [{ id: bob.id }] }
    const taskId = await make(fullTask([ann.id, bob.id], { review }))
    const [one, two] = await started(taskId, ann)
    const [his] = await started(taskId, bob)
    assert.equal(his!.input!.id, one!.input!.id)
    const said = await label(taskId, ann, one!.input!.id)
    const other = await label(taskId, bob, one!.input!.id)
    const elsewhere = await label(taskId, ann, two!.input!.id)
    const [sent] = succeeded(await submit(taskId, ann, [one!.id])).taskAssignments
    assert.equal(sent!.status?.code, TASK_ASSIGNMENT_AWAITING_REVIEW)
    assert.equal(await statusOf(said), StatusCode.ANNOTATION_AWAITING_REVIEW)
    assert.equal(await statusOf(other), StatusCode.ANNOTATION_SUCCESS)
    assert.equal(await statusOf(elsewhere), StatusCode.ANNOTATION_SUCCESS)
    const approve = { ...UA(), taskId, action: 'overwrite', statusCode: StatusCode.ANNOTATION_SUCCESS }
    succeeded(await server.call('PatchAnnotationsStatus', approve))
    const [again] = succeeded(await submit(taskId, ann, [one!.id])).taskAssignments
    assert.equal(again!.status?.code, TASK_ASSIGNMENT_AWAITING_REVIEW)
    assert.equal(await statusOf(said), StatusCode.ANNOTATION_SUCCESS, 'submitted before, so nothing follows')
  })

  test('are submitted by the id of an input too, as older clients do', async () => {
    const taskId = await make(dynamicTask([ann.id]))
    await started(taskId, ann)
    const legacy = { ...UA(), taskId, inputId: 'i004' }
    const [done] = succeeded(await server.call('PutTaskAssignments', legacy, { key: ann.pat })).taskAssignments
    assert.deepEqual([done!.input?.id, done!.status?.code], ['i004', TASK_ASSIGNMENT_SUCCESS])
    const { inputs: next } = succeeded(
      await server.call('ListNextTaskAssignments', { ...UA(), taskId }, { key: ann.pat }),
    )
    assert.deepEqual(
      next.map(({ id }) => id),
      inputs.slice(0, 10).filter((id) => id !== 'i004'),
    )
  })

  test('are reviewed in part where the task says so, always the same part', async () => {
    const strategyInfo = { case: 'manualStrategyInfo', value: { samplePercentage: 0.5 } } as const
    const review = { strategy: Review.MANUAL, users: [{ id: bob.id }], strategyInfo }
    const taskId = await make(fullTask([ann.id, bob.id], { review }))
    const sampled = async (user: TestUser) => {
      const chosen: string[] = []
      for (let open = await started(taskId, user); open.length > 0; open = await started(taskId, user)) {
        const ids = open.map(({ id }) => id)
        for (const { status, input } of succeeded(await submit(taskId, user, ids)).taskAssignments) {
          if (status?.code === TASK_ASSIGNMENT_AWAITING_REVIEW) chosen.push(input!.id)
          else assert.equal(status?.code, TASK_ASSIGNMENT_SUCCESS)
        }
      }
      return chosen
    }
    const chosen = await sampled(ann)
    assert.ok(chosen.length > 3 && chosen.length < 21, `${chosen.length} of 24`)
    assert.deepEqual(await sampled(bob), chosen)
  })

  test('are for the workers of the task alone, and while it is in progress', async () => {
    const taskId = await make(dynamicTask([ann.id]))
    const [one] = await started(taskId, ann)
    refused(await start(taskId, bob), StatusCode.TASK_PERMISSION_DENIED, /no worker/)
    refused(await start(taskId, server.admin), StatusCode.TASK_PERMISSION_DENIED, /no worker/)
    refused(await start('nothing', ann), StatusCode.TASK_MISSING)
    const shared = await make(fullTask([ann.id, bob.id]))
    const [hers] = await started(shared, ann)
    refused(await submit(shared, bob, [hers!.id]), StatusCode.TASK_PERMISSION_DENIED, /somebody else's/)
    refused(await submit(shared, ann, [one!.id]), StatusCode.CONN_DOES_NOT_EXIST, /no assignment/)
    refused(await submit(shared, ann, ['1e3']), StatusCode.CONN_DOES_NOT_EXIST, /no assignment '1e3'/)
    refused(await submit(shared, ann, []), StatusCode.CONN_INVALID_REQUEST, /names no task assignment/)
    refused(
      await server.call('PutTaskAssignments', { ...UA(), taskId }, { key: ann.pat }),
      StatusCode.CONN_INVALID_REQUEST,
      /no action/,
    )
    const tasks = [{ id: taskId, status: { code: StatusCode.TASK_DONE } }]
    succeeded(await server.call('PatchTasks', { ...UA(), tasks, action: 'overwrite' }))
    refused(await start(taskId, ann), StatusCode.TASK_CONFLICT, /not in progress/)
    refused(await submit(taskId, ann, [one!.id]), StatusCode.TASK_CONFLICT, /not in progress/)
  })

  test('and annotations are counted for each worker, those who have nothing as well', async () => {
    const taskId = await make(dynamicTask([ann.id, bob.id]))
    const [one] = await started(taskId, ann)
    await label(taskId, ann, one!.input!.id)
    await label(taskId, ann, one!.input!.id, 'cat')
    succeeded(await submit(taskId, ann, [one!.id]))
    assert.deepEqual(await counts(taskId), { [ann.id]: [9, 1], [bob.id]: [0, 0] })
    assert.deepEqual(await counts(taskId, { userIds: [bob.id] }), { [bob.id]: [0, 0] })
    assert.deepEqual(await counts(taskId, { modelVersionIds: ['x'] }), {})
    const answer = succeeded(await server.call('GetTaskAnnotationCount', { ...UA(), taskId }))
    assert.deepEqual([answer.appId, answer.taskId], [app.userAppId.appId, taskId])
    assert.deepEqual(
      answer.counts.map(({ userId, success, pending }) => [userId, success, pending]),
      [
        [ann.id, 2, 0],
        [bob.id, 0, 0],
      ],
    )
    for (const rpc of ['GetTaskAnnotationCount', 'GetTaskInputCount', 'GetInputSamples'] as const) {
      refused(await server.call(rpc, { ...UA(), taskId: 'nothing' }), StatusCode.TASK_MISSING)
    }
  })

  test('are shown in samples of what each labeler has made', async () => {
    const taskId = await make(fullTask([ann.id, bob.id]))
    const [one, two, three] = await started(taskId, ann)
    const [his] = await started(taskId, bob)
    await label(taskId, ann, one!.input!.id, 'dog')
    await label(taskId, ann, one!.input!.id, 'cat')
    await label(taskId, ann, three!.input!.id, 'not yet submitted')
    await label(taskId, bob, his!.input!.id, 'pig')
    succeeded(await submit(taskId, ann, [one!.id, two!.id]))
    succeeded(await submit(taskId, bob, [his!.id]))
    const samples = async (...userIds: string[]) =>
      succeeded(await server.call('GetInputSamples', { ...UA(), taskId, userIds })).hits.map(
        ({ input, annotation }) => [input?.id, annotation?.userId, annotation?.data?.concepts[0]?.id],
      )
    const hers = [
      ['i001', undefined, undefined],
      ['i000', ann.id, 'dog'],
      ['i000', ann.id, 'cat'],
    ]
    assert.deepEqual(await samples(ann.id), hers)
    assert.deepEqual(await samples(), [...hers, ['i000', bob.id, 'pig']])
    assert.deepEqual(await samples('nobody'), [])
  })

  test('let only those annotate for a task who have a part in it', async () => {
    const taskId = await make(dynamicTask([ann.id], { review: { strategy: Review.MANUAL, users: [{ id: bob.id }] } }))
    const [eve] = await inviteUsers(server, app, [`eve-${app.pk}`])
    const post = (user: TestUser, task: string) =>
      server.call(
        'PostAnnotations',
        { ...UA(), annotations: [{ inputId: 'i000', taskId: task, data: { concepts: [{ id: 'dog', value: 1 }] } }] },
        { key: user.pat },
      )
    for (const user of [ann, bob, server.admin]) succeeded(await post(user, taskId))
    const denied = refused(await post(eve!, taskId), StatusCode.FAILURE, /no part in the task/)
    assert.equal(denied.annotations[0]?.status?.code, StatusCode.TASK_PERMISSION_DENIED)
    const absent = refused(await post(ann, 'nothing'), StatusCode.FAILURE, /no task 'nothing'/)
    assert.equal(absent.annotations[0]?.status?.code, StatusCode.TASK_MISSING)
    const { annotations } = succeeded(await server.call('ListAnnotations', { ...UA(), taskId }))
    assert.equal(annotations.length, 3)
    const moved = { id: annotations[0]!.id, inputId: 'i000', taskId: 'nothing' }
    const patched = await server.call('PatchAnnotations', { ...UA(), annotations: [moved], action: 'merge' })
    assert.equal(patched.annotations[0]?.status?.code, StatusCode.TASK_MISSING)
    const status = { ...UA(), action: 'overwrite', statusCode: StatusCode.ANNOTATION_REVIEW_DENIED }
    const by = (user: TestUser) => server.call('PatchAnnotationsStatus', { ...status, taskId }, { key: user.pat })
    assert.equal(succeeded(await by(ann)).updatedCount, 1, 'a worker changes his own')
    assert.equal(succeeded(await by(bob)).updatedCount, 3, 'a reviewer those of all')
    refused(await server.call('PatchAnnotationsStatus', { ...status, taskId: 'nothing' }), StatusCode.TASK_MISSING)
  })

  test('tell how far the task is where that is asked for, and 100 only when all is done', async () => {
    const taskId = await make(fullTask([ann.id, bob.id]))
    const metrics = async () =>
      succeeded(await server.call('GetTask', { ...UA(), taskId, additionalFields: ['all'] })).task!.metrics!
    assert.equal(succeeded(await server.call('GetTask', { ...UA(), taskId })).task!.metrics, undefined)
    const all = async (user: TestUser, count: number) => {
      for (let left = count; left > 0; left -= 10) {
        const ids = (await started(taskId, user)).slice(0, left).map(({ id }) => id)
        succeeded(await submit(taskId, user, ids))
      }
    }
    await all(ann, 24)
    const half = await metrics()
    assert.equal(half.inputSource?.inputsCountEstimated, 24n)
    assert.deepEqual([half.work?.inputsCountEstimated, half.work?.inputsPercentEstimated], [12n, 50])
    await all(bob, 23)
    const nearly = await metrics()
    assert.deepEqual([nearly.work?.inputsCountEstimated, nearly.work?.inputsPercentEstimated], [23n, 95])
    await all(bob, 1)
    const whole = await metrics()
    assert.deepEqual([whole.work?.inputsPercentEstimated, whole.review?.inputsPercentEstimated], [100, 100])
    const only = ['metrics.work.inputs_percent_estimated']
    const asked = succeeded(await server.call('GetTask', { ...UA(), taskId, additionalFields: only })).task!.metrics!
    assert.deepEqual([asked.work?.inputsPercentEstimated, asked.work?.inputsCountEstimated], [100, 0n])
    assert.equal(asked.inputSource, undefined)
  })

  test('go with their input, their task and their app; annotations stay', async () => {
    const taskId = await make(fullTask([ann.id]))
    const said = await label(taskId, ann, 'i003')
    succeeded(await server.call('DeleteInputs', { ...UA(), ids: ['i000', 'i001'] }))
    assert.deepEqual(await counts(taskId), { [ann.id]: [22, 0] })
    const { read } = server.services.db
    const { pk } = await read.selectFrom('tasks').select('pk').where('id', '=', taskId).executeTakeFirstOrThrow()
    const left = () => read.selectFrom('task_assignments').select('pk').where('task_pk', '=', pk).execute()
    assert.equal((await left()).length, 22)
    succeeded(await server.call('DeleteTasks', { ...UA(), ids: [taskId] }))
    await server.services.jobs.idle()
    assert.deepEqual(await left(), [])
    assert.equal(await statusOf(said), StatusCode.ANNOTATION_SUCCESS)
    const second = await make(fullTask([ann.id]))
    const other = await read.selectFrom('tasks').select('pk').where('id', '=', second).executeTakeFirstOrThrow()
    succeeded(await server.call('DeleteApp', UA()))
    await server.services.jobs.idle()
    const rows = await read.selectFrom('task_assignments').select('pk').where('task_pk', '=', other.pk).execute()
    assert.deepEqual(rows, [])
  })

  test('are made whole by a server that is killed again and again meanwhile', async () => {
    await numberedInputsMore(1_300)
    const worker = {
      strategy: Strategy.PARTITIONED,
      workers: people(ann.id, bob.id),
      strategyInfo: {
        case: 'partitionedStrategyInfo',
        value: { type: Partition.WEIGHTED, weights: { [ann.id]: 3, [bob.id]: 1 } },
      } as const,
    }
    const quiet = await make(fullTask([], { worker }))
    let taskId = ''
    const torn = await whileTorn(server, assignTaskJob, async () => {
      const { tasks } = succeeded(await server.call('PostTasks', { ...UA(), tasks: [fullTask([], { worker })] }))
      taskId = tasks[0]!.id
    })
    assert.ok(torn.tears >= 3, `${torn.tears} tears`)
    assert.deepEqual(await whoHasWhat(taskId), await whoHasWhat(quiet))
    assert.equal((await whoHasWhat(taskId)).length, 1_324)
  })

  async function numberedInputsMore(count: number): Promise<void> {
    for (let at = 0; at < count; at += 100) {
      await putInputs(
        server.services,
        app,
        Array.from({ length: 100 }, (_, n) => ({ id: `more${at + n}` })),
      )
    }
  }

  async function whoHasWhat(taskId: string): Promise<string[]> {
    const rows = await server.services.db.read
      .selectFrom('task_assignments')
      .innerJoin('tasks', 'tasks.pk', 'task_assignments.task_pk')
      .select(['task_assignments.input_pk', 'task_assignments.worker_id'])
      .where('tasks.id', '=', taskId)
      .orderBy('task_assignments.input_pk')
      .execute()
    return rows.map(({ input_pk, worker_id }) => `${input_pk} ${worker_id}`)
  }
})
