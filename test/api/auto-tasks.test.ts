import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import {
  PutTaskAssignmentsRequestAction as Action,
  TaskReview_TaskReviewStrategy as Review,
  TaskInputSource_TaskInputSourceType as SourceType,
} from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { autoTaskJob } from '../../src/domain/tasks/auto-job.ts'
import { refused, succeeded, type TestApp } from '../kit/apps.ts'
import { data, FakeRuntime } from '../kit/fake-runtime.ts'
import { makePlainApp } from '../kit/inputs.ts'
import { startTestServer, type TestServer, type TestUser } from '../kit/server.ts'
import { dynamicTask, makeTask, onTaskStage, type TaskInit, taskCalls } from '../kit/tasks.ts'
import { whileTorn } from '../kit/torn-jobs.ts'
import { onEachEngine } from '../store/kit.ts'

const { ANNOTATION_SUCCESS, ANNOTATION_AWAITING_REVIEW, TASK_IDLE, TASK_DONE, TASK_FAILED } = StatusCode

/** A task that a public model does. */
const auto = (more: TaskInit = {}, id = 'general-image-detection'): TaskInit => ({
  worker: { workers: [{ worker: { case: 'model', value: { id, userId: 'clarifai', appId: 'main' } } }] },
  inputSource: { type: SourceType.ALL_INPUTS },
  ...more,
})
const concept = (id: string, config: object = {}) => ({ concept: { id }, autoAnnotationConfig: config })
const range = (lower: number, upper: number, isUpperInclusive = true) => ({
  thresholdRange: { lower, upper, isLowerInclusive: true, isUpperInclusive },
})

onEachEngine('tasks of auto-annotation', (engine) => {
  const runtime = new FakeRuntime()
  let server: TestServer
  let app: TestApp
  let rob: TestUser

  const wish = { app: 'auto', people: ['rob'], server: { overrides: runtime.services }, makeApp: makePlainApp }
  onTaskStage(engine, wish, (stage) => {
    ;({ server, app } = stage)
    ;[rob] = stage.people as [TestUser]
  })
  beforeEach(async () => {
    runtime.before = () => {}
    runtime.answer = () => ({
      data: data({
        regions: ['dog', 'cat'].map((id, at) => ({
          regionInfo: { boundingBox: { topRow: 0.1, leftCol: 0.1, bottomRow: 0.5, rightCol: 0.5 } },
          value: 0.9 - at * 0.4,
          data: { concepts: [{ id, name: id, value: 0.9 - at * 0.4 }] },
        })),
      }),
    })
    await texts('a', 'b', 'c')
  })

  // Its tasks would look for more inputs for ever.
  afterEach(async () => {
    succeeded(await server.call('DeleteApp', UA()))
  })

  const { UA, make, patch, put, startReview, approve, changes } = taskCalls(() => ({ server, app }))
  async function texts(...ids: string[]) {
    const inputs = ids.map((id) => ({ id, data: { text: { raw: `text ${id}` } } }))
    succeeded(await server.call('PostInputs', { ...UA(), inputs }))
    await server.services.jobs.idle()
  }
  const taskOf = async (taskId: string) => succeeded(await server.call('GetTask', { ...UA(), taskId })).task!
  const statusOf = async (taskId: string) => (await taskOf(taskId)).status?.code
  const made = async (taskId: string) => {
    const { annotations } = succeeded(
      await server.call('ListAnnotations', { ...UA(), taskId, listAllAnnotations: true, returnModelOutput: true }),
    )
    return annotations
      .map(({ inputId, data: said, status }) => {
        const [one] = said?.regions[0]?.data?.concepts ?? said?.concepts ?? []
        return `${inputId} ${one?.id} ${status?.code}`
      })
      .sort()
  }
  const again = async () => {
    await server.services.jobs.hurry()
    await server.services.jobs.idle()
  }

  test('annotate all inputs, then wait idle for more of them', async () => {
    const taskId = await make(auto({ concepts: [concept('dog')] }))
    assert.deepEqual(
      await made(taskId),
      ['a', 'b', 'c'].map((id) => `${id} dog ${ANNOTATION_SUCCESS}`),
    )
    assert.equal(await statusOf(taskId), TASK_IDLE)
    const runs = runtime.runs.length
    await again()
    assert.equal(runtime.runs.length, runs, 'nothing new, nothing done')
    await texts('d')
    await again()
    assert.deepEqual((await made(taskId)).at(-1), `d dog ${ANNOTATION_SUCCESS}`)
    assert.equal(await statusOf(taskId), TASK_IDLE)
    succeeded(await patch({ id: taskId, status: { code: TASK_DONE } }))
    await texts('e')
    await again()
    assert.equal((await made(taskId)).length, 4, 'a task that is done takes no more')
    succeeded(await patch({ id: taskId, status: { code: StatusCode.TASK_IN_PROGRESS } }))
    await server.services.jobs.idle()
    assert.equal((await made(taskId)).length, 5)
  })

  test('name the version that annotates, in the task, its annotations and its counts', async () => {
    const taskId = await make(auto())
    const { worker } = await taskOf(taskId)
    const named = worker!.workers[0]!.worker
    const version = named.case === 'model' ? named.value.modelVersion!.id : ''
    assert.match(version, /^[0-9a-f]{32}$/)
    const { annotations } = succeeded(
      await server.call('ListAnnotations', { ...UA(), taskId, modelVersionIds: [version] }),
    )
    assert.equal(annotations.length, 6, 'a task without concepts takes all')
    const by = annotations[0]!.worker?.worker
    assert.deepEqual(
      [by?.case, by?.case === 'model' && by.value.id, annotations[0]!.trusted],
      ['model', 'general-image-detection', false],
    )
    const wish = { ...UA(), taskId, modelVersionIds: [version] }
    const [inputs] = succeeded(await server.call('GetTaskInputCount', wish)).counts
    const [said] = succeeded(await server.call('GetTaskAnnotationCount', wish)).counts
    assert.deepEqual([inputs?.success, said?.success], [3, 6])
    const { hits } = succeeded(await server.call('GetInputSamples', { ...UA(), taskId }))
    assert.equal(hits.length, 6)
  })

  test('choose by concept, value and kind of annotation, each with its status', async () => {
    const concepts = [
      concept('dog', { ...range(0.8, 1), statusCode: ANNOTATION_SUCCESS }),
      concept('dog', { ...range(0.3, 0.8, false), statusCode: ANNOTATION_AWAITING_REVIEW }),
      concept('cat', { ...range(0.8, 1), statusCode: ANNOTATION_SUCCESS }),
      concept('cat', { ...range(0.3, 0.8, false), statusCode: ANNOTATION_AWAITING_REVIEW }),
    ]
    const byValue = await make(auto({ concepts }))
    assert.deepEqual((await made(byValue)).slice(0, 2), [
      `a cat ${ANNOTATION_AWAITING_REVIEW}`,
      `a dog ${ANNOTATION_SUCCESS}`,
    ])
    const boxes = await make(auto({ concepts: [concept('dog', { annotationDataTypes: 2 | 32 })] }))
    assert.equal((await made(boxes)).length, 3)
    const tags = await make(auto({ concepts: [concept('dog', { annotationDataTypes: 1 })] }))
    assert.deepEqual(await made(tags), [])
    const exact = await make(auto({ concepts: [concept('dog', range(0.9, 1))] }))
    assert.equal((await made(exact)).length, 3, 'inclusive')
    const byName = await make(auto({ concepts: [{ concept: { name: 'cat' } }] }))
    assert.equal((await made(byName)).length, 3)
  })

  test('leave what awaits review to the reviewers', async () => {
    const review = { strategy: Review.MANUAL, users: [{ id: rob.id }] }
    const taskId = await make(auto({ concepts: [concept('dog')], review }))
    assert.ok((await made(taskId)).every((one) => one.endsWith(String(ANNOTATION_AWAITING_REVIEW))))
    const taskAssignments = await startReview(taskId, rob)
    assert.equal(taskAssignments.length, 3)
    assert.equal(taskAssignments[0]!.worker?.worker.case, 'model')
    const ids = taskAssignments.map(({ id }) => id)
    succeeded(await approve(taskId, rob, ids))
    assert.ok((await made(taskId)).every((one) => one.endsWith(String(ANNOTATION_SUCCESS))))
    refused(await put(taskId, rob, Action.LABEL_START), StatusCode.TASK_CONFLICT, /nothing for people to label/)
  })

  test('say anew, and not twice, what a reviewer wants changed', async () => {
    const review = { strategy: Review.MANUAL, users: [{ id: rob.id }] }
    const taskId = await make(auto({ concepts: [concept('dog')], review }))
    const [one] = await startReview(taskId, rob)
    succeeded(await changes(taskId, rob, [one!.id]))
    for (const code of [TASK_DONE, StatusCode.TASK_IN_PROGRESS])
      succeeded(await patch({ id: taskId, status: { code } }))
    await server.services.jobs.idle()
    assert.deepEqual(
      await made(taskId),
      ['a', 'b', 'c'].map((id) => `${id} dog ${ANNOTATION_AWAITING_REVIEW}`),
    )
    refused(await put(taskId, rob, Action.LABEL_START), StatusCode.TASK_CONFLICT)
  })

  test('delete what earlier tasks of the model have made of the same concepts, if told to', async () => {
    const first = await make(auto())
    assert.equal((await made(first)).length, 6)
    const second = await make(auto({ concepts: [concept('dog')], deletePreviousAnnotations: true }))
    assert.deepEqual(
      await made(first),
      ['a', 'b', 'c'].map((id) => `${id} cat ${ANNOTATION_SUCCESS}`),
    )
    assert.equal((await made(second)).length, 3)
    const third = await make(auto({ deletePreviousAnnotations: true }))
    assert.deepEqual([await made(first), await made(second), (await made(third)).length], [[], [], 6])
  })

  test('annotate what takes the place of something else in their dataset', async () => {
    succeeded(await server.call('PostDatasets', { ...UA(), datasets: [{ id: 'set' }] }))
    const members = (...ids: string[]) => ({ datasetInputs: ids.map((id) => ({ input: { id } })) })
    const set = { ...UA(), datasetId: 'set' }
    succeeded(await server.call('PostDatasetInputs', { ...set, ...members('b', 'c') }))
    const inputSource = { type: SourceType.DATASET, id: 'set' }
    const taskId = await make(auto({ concepts: [concept('dog')], inputSource }))
    succeeded(await server.call('DeleteDatasetInputs', { ...set, inputIds: ['b'] }))
    succeeded(await server.call('PostDatasetInputs', { ...set, ...members('a') }))
    await again()
    assert.deepEqual(
      (await made(taskId)).map((one) => one[0]),
      ['a', 'b', 'c'],
    )
  })

  test('do not look again and again at inputs of a search that are not ready', async () => {
    const query = { filters: [{ input: { status: { code: StatusCode.INPUT_FAILED } } }] }
    succeeded(await server.call('PostInputsSearches', { ...UA(), searches: [{ id: 'bad', save: true, query }] }))
    const { db } = server.services
    await db.transact((tx) =>
      tx
        .updateTable('inputs')
        .set({ status_code: StatusCode.INPUT_FAILED })
        .where('app_pk', '=', app.pk)
        .where('id', '=', 'b')
        .execute(),
    )
    const taskId = await make(auto({ inputSource: { type: SourceType.SAVED_SEARCH, id: 'bad' } }))
    const runs = runtime.runs.length
    await again()
    assert.equal(await statusOf(taskId), TASK_IDLE)
    assert.equal(runtime.runs.length, runs)
  })

  test('delete once, and nothing that later tasks make', async () => {
    const first = await make(auto())
    const second = await make(auto({ concepts: [concept('dog')], deletePreviousAnnotations: true }))
    const third = await make(auto())
    await texts('d')
    await again()
    const dog = (id: string) => `${id} dog ${ANNOTATION_SUCCESS}`
    assert.ok((await made(first)).includes(dog('d')), 'an older task that goes on keeps what it makes then')
    assert.equal((await made(third)).length, 8)
    for (const code of [TASK_DONE, StatusCode.TASK_IN_PROGRESS]) {
      const tasks = [{ id: second, status: { code } }]
      succeeded(await server.call('PatchTasks', { ...UA(), tasks, action: 'overwrite' }))
    }
    await server.services.jobs.idle()
    assert.ok((await made(first)).includes(dog('d')))
    assert.deepEqual(await made(second), ['a', 'b', 'c', 'd'].map(dog))
  })

  test('delete what was made before by a task that is gone', async () => {
    const first = await make(auto())
    succeeded(await server.call('DeleteTasks', { ...UA(), ids: [first] }))
    await make(auto({ concepts: [concept('dog')], deletePreviousAnnotations: true }))
    const left = server.services.db.read.selectFrom('annotations').select('pk').where('task_id', '=', first)
    assert.equal((await left.execute()).length, 3)
  })

  test('are done at once where no more inputs can come', async () => {
    const concepts = [{ id: 'pet', value: 1 }]
    const annotations = [{ inputId: 'b', data: { concepts } }]
    succeeded(await server.call('PostAnnotations', { ...UA(), annotations }))
    const query = {
      filters: [{ annotation: { data: { concepts } } }],
      ranks: [{ annotation: { data: { concepts } } }],
    }
    succeeded(await server.call('PostInputsSearches', { ...UA(), searches: [{ id: 'pets', save: true, query }] }))
    const taskId = await make(auto({ inputSource: { type: SourceType.SAVED_SEARCH, id: 'pets' } }))
    assert.deepEqual(
      (await made(taskId)).map((one) => one[0]),
      ['b', 'b'],
    )
    assert.equal(await statusOf(taskId), TASK_DONE)
    const inputSource = { type: SourceType.SAVED_SEARCH, id: 'pets' }
    const labelOrders = [{ id: 'o', autoRelease: true, task: auto({ inputSource }) }]
    succeeded(await server.call('PostLabelOrders', { ...UA(), labelOrders }))
    await server.services.jobs.idle()
    const { labelOrder } = succeeded(await server.call('GetLabelOrder', { ...UA(), labelOrderId: 'o' }))
    assert.deepEqual(
      [labelOrder?.task?.status?.code, labelOrder?.status?.code],
      [TASK_DONE, StatusCode.LABEL_ORDER_SUCCESS],
    )
  })

  test('begin the label order that they are made for', async () => {
    const labelOrders = [{ id: 'o', autoRelease: true, task: auto() }]
    succeeded(await server.call('PostLabelOrders', { ...UA(), labelOrders }))
    await server.services.jobs.idle()
    const { labelOrder } = succeeded(await server.call('GetLabelOrder', { ...UA(), labelOrderId: 'o' }))
    assert.deepEqual(
      [labelOrder?.task?.status?.code, labelOrder?.status?.code],
      [TASK_IDLE, StatusCode.LABEL_ORDER_IN_PROGRESS],
    )
  })

  test('leave an input that the model cannot look at open, and try it again when they are taken up again', async () => {
    const good = runtime.answer
    runtime.answer = (node, input, at) =>
      input.text?.raw === 'text b'
        ? { code: StatusCode.INPUT_UNSUPPORTED_FORMAT, details: 'no' }
        : good(node, input, at)
    const taskId = await make(auto({ concepts: [concept('dog')] }))
    const counts = async () => {
      const [one] = succeeded(await server.call('GetTaskInputCount', { ...UA(), taskId })).counts
      return [one?.pending, one?.success]
    }
    assert.deepEqual(await counts(), [1, 2])
    runtime.answer = good
    const told = async (code: StatusCode) => {
      succeeded(await patch({ id: taskId, status: { code } }))
      await server.services.jobs.idle()
    }
    await told(TASK_DONE)
    await told(StatusCode.TASK_IN_PROGRESS)
    assert.deepEqual(await counts(), [0, 3])
  })

  test('fail with the reason when the model itself cannot run', async () => {
    runtime.answer = () => ({ code: StatusCode.MODEL_DEPLOYMENT_FAILED, details: 'no weights' })
    const taskId = await make(auto())
    await again()
    await again()
    await again()
    await again()
    const { status } = await taskOf(taskId)
    assert.deepEqual([status?.code, status?.details], [TASK_FAILED, 'no weights'])
  })

  test('are refused when they could not be done', async () => {
    const post = (task: TaskInit, key?: string) => server.call('PostTasks', { ...UA(), tasks: [task] }, { key })
    refused(await post(auto({}, 'no-such-model')), StatusCode.MODEL_DOES_NOT_EXIST)
    refused(await post(auto({ concepts: [concept('dog', range(0.9, 0.1))] })), StatusCode.CONN_INVALID_REQUEST, /0\.9/)
    refused(
      await post(auto({ concepts: [concept('dog', { annotationDataTypes: 64 })] })),
      StatusCode.CONN_INVALID_REQUEST,
      /annotation_data_types is 64/,
    )
    refused(await post(auto({ concepts: [{ concept: {} }] })), StatusCode.CONN_INVALID_REQUEST, /neither id nor name/)
    const two = auto().worker!.workers!
    refused(await post(auto({ worker: { workers: [...two, ...two] } })), StatusCode.CONN_INVALID_REQUEST, /one worker/)
    refused(await post(auto({ worker: { workers: two, type: 1 } })), StatusCode.CONN_INVALID_REQUEST, /WORKER_HUMAN/)
    refused(
      await post(dynamicTask([], { worker: { type: 2, strategy: 4 } })),
      StatusCode.CONN_INVALID_REQUEST,
      /WORKER_AUTO/,
    )
    const consensus = { review: { strategy: Review.CONSENSUS } }
    refused(await post(auto(consensus)), StatusCode.CONN_INVALID_REQUEST, /cannot reach consensus/)
    const scopes = ['Apps_Get', 'Tasks_Add', 'Tasks_Get', 'Inputs_Get', 'Search', 'SavedSearch_Get', 'Concepts_Get']
    const more = ['Workflows_Get', 'Models_Get', 'Annotations_Add', 'Annotations_Get']
    const key = await server.makeKey({ userPk: server.admin.pk, kind: 'pat', scopes: [...scopes, ...more] })
    refused(await post(auto(), key), StatusCode.CONN_INSUFFICIENT_SCOPES, /Predict/)
    const predicts = [...scopes, ...more, 'Predict', 'Concepts_Add']
    const careful = await server.makeKey({ userPk: server.admin.pk, kind: 'pat', scopes: predicts })
    const { tasks } = succeeded(await post(auto(), careful))
    const deleting = { deletePreviousAnnotations: true }
    refused(await post(auto(deleting), careful), StatusCode.CONN_INSUFFICIENT_SCOPES, /Annotations_Delete/)
    const patched = { ...UA(), tasks: [{ id: tasks[0]!.id, ...deleting }], action: 'overwrite' }
    const told = await server.call('PatchTasks', patched, { key: careful })
    refused(told, StatusCode.CONN_INSUFFICIENT_SCOPES, /Annotations_Delete/)
    succeeded(await server.call('PatchTasks', patched))
    succeeded(
      await server.call('PatchTasks', { ...patched, tasks: [{ ...patched.tasks[0]!, name: 'x' }] }, { key: careful }),
    )
  })

  test('annotate each input once though the server is killed again and again', async () => {
    await texts(...Array.from({ length: 70 }, (_, at) => `n${at}`))
    const concepts = [{ id: 'pet', value: 1 }]
    const annotations = Array.from({ length: 70 }, (_, at) => ({ inputId: `n${at}`, data: { concepts } }))
    succeeded(await server.call('PostAnnotations', { ...UA(), annotations }))
    const query = {
      filters: [{ annotation: { data: { concepts } } }],
      ranks: [{ annotation: { data: { concepts } } }],
    }
    succeeded(await server.call('PostInputsSearches', { ...UA(), searches: [{ id: 'pets', save: true, query }] }))
    let taskId = ''
    const torn = await whileTorn(server, autoTaskJob, async () => {
      const task = auto({ concepts: [concept('dog')], inputSource: { type: SourceType.SAVED_SEARCH, id: 'pets' } })
      const { tasks } = succeeded(await server.call('PostTasks', { ...UA(), tasks: [task] }))
      taskId = tasks[0]!.id
    })
    assert.ok(torn.tears >= 3, `${torn.tears} tears`)
    assert.equal(await statusOf(taskId), TASK_DONE)
    const { read } = server.services.db
    const rows = await read.selectFrom('annotations').select('input_pk').where('task_id', '=', taskId).execute()
    assert.equal(rows.length, 70)
    assert.equal(new Set(rows.map(({ input_pk }) => input_pk)).size, 70)
  })
})

describe('tasks of auto-annotation with real workers', () => {
  test('label the language of texts by a workflow', async () => {
    await using server = await startTestServer({ models: true })
    const app = await makePlainApp(server, 'languages')
    const UA = { userAppId: app.userAppId }
    const models = [{ id: 'language', modelTypeId: 'language-id-operator', outputInfo: { params: {} } }]
    succeeded(await server.call('PostModels', { ...UA, models }))
    const workflows = [{ id: 'find-language', nodes: [{ id: 'only', model: { id: 'language' } }] }]
    succeeded(await server.call('PostWorkflows', { ...UA, workflows }))
    const inputs = [
      { id: 'english', data: { text: { raw: 'The quick brown fox jumps over the lazy dog, and nobody minds it.' } } },
      { id: 'german', data: { text: { raw: 'Der schnelle braune Fuchs springt über den faulen Hund im Dorf.' } } },
    ]
    succeeded(await server.call('PostInputs', { ...UA, inputs }))
    await server.services.jobs.idle()
    const worker = { workers: [{ worker: { case: 'workflow', value: { id: 'find-language' } } } as const] }
    const concepts = ['en', 'de'].map((id) => concept(id, range(0.5, 1)))
    const taskId = await makeTask(server, app, auto({ worker, concepts }))
    const task = succeeded(await server.call('GetTask', { ...UA, taskId })).task!
    assert.equal(task.status?.code, TASK_IDLE, task.status?.details)
    const { annotations } = succeeded(await server.call('ListAnnotations', { ...UA, taskId, listAllAnnotations: true }))
    assert.deepEqual(
      annotations
        .map(({ inputId, data: said, worker: by }) => [inputId, said?.concepts[0]?.id, by?.worker.case])
        .sort(),
      [
        ['english', 'en', 'workflow'],
        ['german', 'de', 'workflow'],
      ],
    )
  })
})
