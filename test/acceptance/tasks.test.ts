// A whole round of labelling with the official static gRPC client: a task, its inputs handed out, annotations, what
// labelers have done is submitted, reviewed and counted; two people, of whom one is invited.
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { call, keyMetadata, resources, type StaticClient, service, staticClient, userApp } from './kit/grpc.ts'
import { send } from './kit/http.ts'
import { type LimpidServer, makeDataDir, PAT, runLimpid, startLimpid, USER } from './kit/server.ts'

const APP = 'ci_test_app_tasks'
const LABELER = 'labeler'
const INPUTS = 12

const dataDir = makeDataDir()
const created = await runLimpid(['users', 'create', LABELER], { LIMPID_DATA_DIR: dataDir }).ended
const labelerKey = /[0-9a-f]{32}/.exec(created.stdout)![0]
const limpid: LimpidServer = await startLimpid({ dataDir })
after(async () => {
  await limpid[Symbol.asyncDispose]()
  await rm(dataDir, { recursive: true, force: true })
})

const Action = service.PutTaskAssignmentsRequestAction

async function post(path: string, body: object): Promise<void> {
  const answer = await send(limpid.url, 'POST', path, { body, key: PAT })
  assert.equal(answer.body.status.code, 10000, answer.text)
}

describe('a task', () => {
  let client: StaticClient
  let taskId = ''
  let submitted: string[] = []
  const labeler = keyMetadata(labelerKey)

  const ok = <R extends { getStatus(): { getCode(): number; getDetails(): string } | undefined }>(response: R): R => {
    assert.equal(response.getStatus()?.getCode(), 10000, response.getStatus()?.getDetails())
    return response
  }
  const named = (id: string) => new resources.TaskAssignment().setId(id)

  before(async () => {
    client = staticClient(limpid)
    const base = `/v2/users/${USER}/apps`
    await post(base, { apps: [{ id: APP, default_workflow: { id: 'Empty', app_id: 'main', user_id: 'clarifai' } }] })
    await post(`${base}/${APP}/collaborators`, { collaborators: [{ user: { id: LABELER }, scopes: ['All'] }] })
    const inputs = Array.from({ length: INPUTS }, (_, at) => ({
      id: `text-${at}`,
      data: { text: { raw: `text ${at}` } },
    }))
    await post(`${base}/${APP}/inputs`, { inputs })
    await post(`${base}/${APP}/concepts`, { concepts: [{ id: 'good' }, { id: 'bad' }] })
  })

  test('is created for a labeler and a reviewer', async () => {
    const worker = new resources.TaskWorker()
      .setStrategy(resources.TaskWorker.TaskWorkerStrategy.DYNAMIC)
      .setWorkersList([new resources.Worker().setUser(new resources.User().setId(LABELER))])
    const review = new resources.TaskReview()
      .setStrategy(resources.TaskReview.TaskReviewStrategy.MANUAL)
      .setUsersList([new resources.User().setId(USER)])
    const source = new resources.TaskInputSource().setType(resources.TaskInputSource.TaskInputSourceType.ALL_INPUTS)
    const task = new resources.Task()
      .setType(resources.Task.TaskType.CONCEPTS_CLASSIFICATION)
      .setName('round one')
      .setWorker(worker)
      .setReview(review)
      .setInputSource(source)
      .setConceptsList([new resources.TaskConcept().setConcept(new resources.Concept().setId('good'))])
    const request = new service.PostTasksRequest().setUserAppId(userApp(APP)).setTasksList([task])
    const [made] = ok(await call(client, client.postTasks, request)).getTasksList()
    taskId = made!.getId()
    assert.equal(made!.getStatus()?.getCode(), 54001)
    const wish = new service.ListTasksRequest().setUserAppId(userApp(APP)).setWorkerUserIdsList([LABELER])
    const found = ok(await call(client, client.listTasks, wish, labeler)).getTasksList()
    assert.deepEqual(
      found.map((one) => one.getName()),
      ['round one'],
    )
  })

  test('gives the labeler ten inputs, takes annotations and what is submitted', async () => {
    const start = new service.PutTaskAssignmentsRequest()
      .setUserAppId(userApp(APP))
      .setTaskId(taskId)
      .setAction(Action.LABEL_START)
    const open = ok(await call(client, client.putTaskAssignments, start, labeler)).getTaskAssignmentsList()
    assert.equal(open.length, 10)
    assert.equal(new Set(open.map((one) => one.getInput()!.getId())).size, 10)
    const annotations = open.slice(0, 3).map((one) =>
      new resources.Annotation()
        .setInputId(one.getInput()!.getId())
        .setTaskId(taskId)
        .setData(new resources.Data().setConceptsList([new resources.Concept().setId('good').setValue(1)])),
    )
    const said = new service.PostAnnotationsRequest().setUserAppId(userApp(APP)).setAnnotationsList(annotations)
    ok(await call(client, client.postAnnotations, said, labeler))
    submitted = open.slice(0, 3).map((one) => one.getId())
    const submit = new service.PutTaskAssignmentsRequest()
      .setUserAppId(userApp(APP))
      .setTaskId(taskId)
      .setAction(Action.LABEL_SUBMIT)
      .setLabelSubmitConfig(new service.LabelSubmitConfig().setTaskAssignmentsList(submitted.map(named)))
    const sent = ok(await call(client, client.putTaskAssignments, submit, labeler)).getTaskAssignmentsList()
    assert.deepEqual(
      sent.map((one) => one.getStatus()?.getCode()),
      [54202, 54202, 54202],
    )
  })

  test('is reviewed, and counts and samples say so', async () => {
    const here = () => new service.PutTaskAssignmentsRequest().setUserAppId(userApp(APP)).setTaskId(taskId)
    const start = here().setAction(Action.REVIEW_START)
    const waiting = ok(await call(client, client.putTaskAssignments, start)).getTaskAssignmentsList()
    assert.deepEqual(
      waiting.map((one) => one.getId()),
      submitted,
    )
    const approve = here()
      .setAction(Action.REVIEW_APPROVE)
      .setReviewApproveConfig(
        new service.ReviewApproveConfig().setTaskAssignmentsList(submitted.slice(0, 2).map(named)),
      )
    ok(await call(client, client.putTaskAssignments, approve))
    const reject = here()
      .setAction(Action.REVIEW_REJECT)
      .setReviewRejectConfig(new service.ReviewRejectConfig().setTaskAssignmentsList(submitted.slice(2).map(named)))
    ok(await call(client, client.putTaskAssignments, reject))

    const wish = new service.GetTaskCountRequest().setUserAppId(userApp(APP)).setTaskId(taskId)
    const [inputs] = ok(await call(client, client.getTaskInputCount, wish)).getCountsList()
    assert.deepEqual(
      [inputs!.getUserId(), inputs!.getPending(), inputs!.getSuccess(), inputs!.getReviewDenied()],
      [LABELER, 7, 2, 1],
    )
    const [annotations] = ok(await call(client, client.getTaskAnnotationCount, wish)).getCountsList()
    assert.deepEqual([annotations!.getSuccess(), annotations!.getReviewDenied()], [2, 1])
    const samples = new service.GetInputSamplesRequest().setUserAppId(userApp(APP)).setTaskId(taskId)
    const hits = ok(await call(client, client.getInputSamples, samples)).getHitsList()
    assert.deepEqual(
      hits.map((hit) => hit.getAnnotation()?.getData()?.getConceptsList()[0]?.getId()),
      ['good', 'good', 'good'],
    )
    const all = new service.GetTaskRequest()
      .setUserAppId(userApp(APP))
      .setTaskId(taskId)
      .setAdditionalFieldsList(['all'])
    const metrics = ok(await call(client, client.getTask, all))
      .getTask()!
      .getMetrics()!
    assert.deepEqual(
      [metrics.getInputSource()?.getInputsCountEstimated(), metrics.getWork()?.getInputsCountEstimated()],
      [INPUTS, 3],
    )
    assert.deepEqual(metrics.getReview()?.getInputsCountEstimatedPerReviewerList(), [3])
  })

  test('is there over HTTP as well', async () => {
    const path = `/v2/users/${USER}/apps/${APP}/tasks/${taskId}`
    const { body } = await send(limpid.url, 'GET', `${path}/inputs/count`)
    assert.equal(body.status.code, 10000)
    const put = await send(limpid.url, 'PUT', `${path}/assignments`, {
      body: { action: 'LABEL_START' },
      key: labelerKey,
    })
    assert.equal(put.body.status.code, 10000, put.text)
    const legacy = await send(limpid.url, 'GET', `${path}/assignments`, { key: labelerKey })
    assert.equal((legacy.body.inputs as unknown[]).length, 7)
    const done = await send(limpid.url, 'PATCH', `/v2/users/${USER}/apps/${APP}/tasks`, {
      body: { tasks: [{ id: taskId, status: { code: 54002 } }], action: 'overwrite' },
    })
    assert.equal(done.body.status.code, 10000, done.text)
    const over = await send(limpid.url, 'GET', `${path}/assignments`, { key: labelerKey })
    assert.equal(over.body.status.code, 54100)
  })
})
