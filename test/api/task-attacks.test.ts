import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  TaskWorkerPartitionedStrategyInfo_TaskWorkerPartitionedStrategy as Partition,
  TaskReview_TaskReviewStrategy as Review,
  TaskInputSource_TaskInputSourceType as SourceType,
  TaskWorker_TaskWorkerStrategy as Strategy,
} from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import type { TestServer, TestUser } from '../kit/server.ts'
import { dynamicTask, fullTask, onTaskStage, people, type TaskInit, taskCalls } from '../kit/tasks.ts'
import { onEachEngine } from '../store/kit.ts'

onEachEngine('tasks with hostile and clumsy people', (engine) => {
  let server: TestServer
  let app: TestApp
  let ann: TestUser
  let bob: TestUser
  let rob: TestUser
  let sue: TestUser
  let inputs: readonly string[]

  onTaskStage(engine, { app: 'attacked', people: ['ann', 'bob', 'rob', 'sue'], inputs: 24 }, (stage) => {
    ;({ server, app, inputs } = stage)
    ;[ann, bob, rob, sue] = stage.people as [TestUser, TestUser, TestUser, TestUser]
  })

  const { UA, make, patch, start, submit, startReview, approve, reject } = taskCalls(() => ({ server, app }))
  const ids = (assignments: readonly { readonly id: string }[]) => assignments.map(({ id }) => id)
  const inputsOf = (assignments: Awaited<ReturnType<typeof start>>) => assignments.map(({ input }) => input!.id)
  const review = (users: readonly TestUser[], approvalThreshold = 0): TaskInit => ({
    review: {
      strategy: Review.MANUAL,
      users: users.map(({ id }) => ({ id })),
      strategyInfo: { case: 'manualStrategyInfo', value: { approvalThreshold } },
    },
  })
  const agreeing = (approvalThresholdLabelers: number): TaskInit => ({
    review: {
      strategy: Review.CONSENSUS,
      users: [{ id: rob.id }],
      strategyInfo: { case: 'consensusStrategyInfo', value: { approvalThresholdLabelers } },
    },
  })
  const uninvite = async (user: TestUser) => {
    const { collaborators } = succeeded(await server.call('ListCollaborators', UA()))
    const { id } = collaborators.find((one) => one.user?.id === user.id)!
    succeeded(await server.call('DeleteCollaborators', { ...UA(), collaboratorIds: [id] }))
  }

  test('give an input to as many as have to agree, however many ask at once', async () => {
    const all = [ann, bob, rob, sue]
    const taskId = await make(
      dynamicTask(
        all.map(({ id }) => id),
        agreeing(2),
      ),
    )
    for (let round = 0; round < 3; round++) {
      const got = await Promise.all(all.map((user) => start(taskId, user)))
      await Promise.all(got.map((own, at) => own.length > 0 && submit(taskId, all[at]!, ids(own))))
    }
    const rows = await server.services.db.read
      .selectFrom('task_assignments')
      .innerJoin('tasks', 'tasks.pk', 'task_assignments.task_pk')
      .select(['input_pk', 'worker_id'])
      .where('tasks.id', '=', taskId)
      .execute()
    const perInput = Map.groupBy(rows, ({ input_pk }) => input_pk)
    assert.deepEqual([perInput.size, new Set([...perInput.values()].map(({ length }) => length))], [24, new Set([2])])
  })

  test('give each assignment to one reviewer, and decide it once, however many ask at once', async () => {
    const taskId = await make(fullTask([ann.id], review([rob, sue])))
    const open = await start(taskId, ann)
    succeeded(await submit(taskId, ann, ids(open)))
    const [one] = open
    const taken = await Promise.all([rob, sue].map((user) => startReview(taskId, user)))
    assert.deepEqual(ids(taken.flat()).sort(), ids(open).sort())
    const said = await Promise.all([approve(taskId, rob, [one!.id]), reject(taskId, sue, [one!.id])])
    assert.deepEqual(said.map(({ status }) => status?.code).sort(), [StatusCode.SUCCESS, StatusCode.TASK_CONFLICT])
  })

  test('answer reviews that name thousands of workers', async () => {
    const taskId = await make(fullTask([ann.id, bob.id], review([rob])))
    const [one] = await start(taskId, ann)
    succeeded(await submit(taskId, ann, [one!.id]))
    const crowd = Array.from({ length: 3_000 }, (_, at) => `nobody${at}`)
    assert.deepEqual(ids(await startReview(taskId, rob, ...crowd, ann.id)), [one!.id])
    assert.deepEqual(await startReview(taskId, rob, bob.id), [])
  })

  test('share inputs out by the largest weights that there are', async () => {
    const weights = { [ann.id]: 1e308, [bob.id]: 1e308 }
    const strategyInfo = { case: 'partitionedStrategyInfo', value: { type: Partition.WEIGHTED, weights } } as const
    const worker = { strategy: Strategy.PARTITIONED, workers: people(ann.id, bob.id), strategyInfo }
    const taskId = await make(fullTask([], { worker }))
    const { counts } = succeeded(await server.call('GetTaskInputCount', { ...UA(), taskId }))
    const pending = counts.map((one) => one.pending)
    assert.ok(
      pending.every((count) => count > 8),
      `${pending} of 24`,
    )
  })

  test('hand on what those had who leave the app, to label and to review', async () => {
    const taskId = await make(dynamicTask([ann.id, bob.id], review([rob, sue])))
    const first = await start(taskId, ann)
    succeeded(await submit(taskId, ann, ids(first.slice(0, 3))))
    assert.equal((await startReview(taskId, rob)).length, 3)
    await uninvite(ann)
    await uninvite(rob)
    assert.deepEqual(inputsOf(await start(taskId, bob)), inputs.slice(10, 20))
    succeeded(await submit(taskId, bob, ids(await start(taskId, bob))))
    const left = inputsOf(await start(taskId, bob))
    assert.deepEqual(left, [...inputs.slice(20), ...inputs.slice(3, 9)])
    assert.deepEqual(inputsOf(await startReview(taskId, sue)).slice(0, 3), inputs.slice(0, 3))
  })

  test('leave what was parted at the start with those who leave the app', async () => {
    const taskId = await make(fullTask([ann.id, bob.id]))
    await uninvite(ann)
    const { counts } = succeeded(await server.call('GetTaskInputCount', { ...UA(), taskId }))
    assert.deepEqual(
      counts.map(({ pending }) => pending),
      [24, 24],
    )
  })

  test('hand out nothing to those who have left, however public all is', async () => {
    const owner = await server.makeUser(`owner-${app.pk}`, Visible.PUBLIC)
    app = await makeApp(server, `public-${app.pk}`, { owner, visibility: Visible.PUBLIC })
    const key = owner.pat
    succeeded(
      await server.call(
        'PostCollaborators',
        { ...UA(), collaborators: [{ user: { id: ann.id }, scopes: ['All'] }] },
        { key },
      ),
    )
    const task = dynamicTask([ann.id], { visibility: { gettable: Visible.PUBLIC } })
    const { tasks } = succeeded(await server.call('PostTasks', { ...UA(), tasks: [task] }, { key }))
    const taskId = tasks[0]!.id
    const next = () => server.call('ListNextTaskAssignments', { ...UA(), taskId }, { key: ann.pat })
    succeeded(await next())
    const { collaborators } = succeeded(await server.call('ListCollaborators', UA(), { key }))
    succeeded(await server.call('DeleteCollaborators', { ...UA(), collaboratorIds: [collaborators[0]!.id] }, { key }))
    refused(await next(), StatusCode.TASK_PERMISSION_DENIED, /left the app/)
  })

  test('name no more reviewers when they are patched than when they are made', async () => {
    const taskId = await make(dynamicTask([ann.id], review([rob])))
    const many = Array.from({ length: 1_000 }, (_, at) => ({ id: `r${at}` }))
    const answer = await patch({
      id: taskId,
      review: { ...review([rob]).review, users: [...many, { id: rob.id }] } as never,
    })
    refused(answer, StatusCode.CONN_INVALID_REQUEST, /1001 workers and reviewers/)
  })

  test('are patched and ended though their assistant and their dataset are gone', async () => {
    const models = [{ id: 'language', modelTypeId: 'language-id-operator', outputInfo: { params: {} } }]
    succeeded(await server.call('PostModels', { ...UA(), models }))
    const workflows = [{ id: 'helper', nodes: [{ id: 'only', model: { id: 'language' } }] }]
    succeeded(await server.call('PostWorkflows', { ...UA(), workflows }))
    succeeded(await server.call('PostDatasets', { ...UA(), datasets: [{ id: 'set' }] }))
    const taskId = await make(
      dynamicTask([ann.id], {
        aiAssistant: { workflow: { id: 'helper' } },
        inputSource: { type: SourceType.DATASET, id: 'set' },
      }),
    )
    succeeded(await server.call('DeleteWorkflows', { ...UA(), ids: ['helper'] }))
    succeeded(await server.call('DeleteDatasets', { ...UA(), datasetIds: ['set'] }))
    const all = succeeded(await server.call('GetTask', { ...UA(), taskId, additionalFields: ['all'] })).task!
    succeeded(await server.call('PatchTasks', { ...UA(), tasks: [{ ...all, name: 'new' }], action: 'overwrite' }))
    succeeded(await patch({ id: taskId, status: { code: StatusCode.TASK_DONE } }))
    const other = { workflow: { id: 'other' } }
    refused(await patch({ id: taskId, aiAssistant: other }), StatusCode.WORKFLOW_DOES_NOT_EXIST, /'other'/)
  })

  test('are worked on while inputs, and then the app, go', async () => {
    const taskId = await make(fullTask([ann.id, bob.id], agreeing(2)))
    const hers = await start(taskId, ann)
    const his = await start(taskId, bob)
    const sent = await Promise.all([
      submit(taskId, ann, ids(hers)),
      server.call('DeleteInputs', { ...UA(), ids: inputs.slice(0, 5) }),
      submit(taskId, bob, ids(his)),
    ])
    for (const { status } of sent)
      assert.ok([StatusCode.SUCCESS, StatusCode.CONN_DOES_NOT_EXIST].includes(status!.code))
    succeeded(await submit(taskId, ann, ids(hers.slice(5))))
    succeeded(await submit(taskId, bob, ids(his.slice(5))))
    const gone = server.call('DeleteApp', UA())
    await Promise.all([start(taskId, ann).catch(() => undefined), gone])
    await server.services.jobs.idle()
    const failed = server.services.db.read
      .selectFrom('jobs')
      .select(['kind', 'error_details'])
      .where('status', '=', 'failed')
    assert.deepEqual(await failed.execute(), [])
  })
})
