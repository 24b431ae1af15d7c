// Train, evaluate, look at the figures, take the model along: the static gRPC client, the legacy JavaScript client, and
// plain HTTP for the download; a server that is killed in the middle goes on where it was.
import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import sharp from 'sharp'
import { call, resources, type StaticClient, service, staticClient, userApp } from './kit/grpc.ts'
import { type Named, send } from './kit/http.ts'
import { legacyClient } from './kit/legacy.ts'
import { type LimpidServer, makeDataDir, PAT, startLimpid, USER } from './kit/server.ts'

const APP = 'ci_test_app_evaluations'
const PICTURES = 12
const TRAINED = 21100
const EVALUATED = 21300
const EXPORTED = 21500

const dataDir = makeDataDir()
let limpid: LimpidServer = await startLimpid({ dataDir })
after(async () => {
  await limpid[Symbol.asyncDispose]()
  await rm(dataDir, { recursive: true, force: true })
})
const base = `/v2/users/${USER}/apps`

/** Asks again until the answer is as it should be; the server ends every job, so that this ends too. */
async function until<T>(ask: () => Promise<T>, isDone: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (isDone(answer)) return answer
    await new Promise((resolve) => setImmediate(resolve))
  }
}

async function post(path: string, body: object): Promise<Awaited<ReturnType<typeof send>>> {
  const answer = await send(limpid.url, 'POST', path, { body })
  assert.equal(answer.body.status.code, 10000, answer.text)
  return answer
}

/** A picture in shades of red or blue. */
const picture = (at: number): Promise<Buffer> =>
  sharp({
    create: {
      width: 48,
      height: 48,
      channels: 3,
      background: at % 2 === 0 ? { r: 140 + at * 9, g: 20, b: 30 } : { r: 20, g: 30, b: 140 + at * 9 },
    },
  })
    .png()
    .toBuffer()

describe('evaluations', () => {
  let client: StaticClient
  let versionId = ''

  before(async () => {
    const defaultWorkflow = { id: 'Empty', app_id: 'main', user_id: 'clarifai' }
    await post(base, { apps: [{ id: APP, default_workflow: defaultWorkflow }] })
    const inputs = await Promise.all(
      Array.from({ length: PICTURES }, async (_, at) => ({
        id: `picture-${at}`,
        data: {
          image: { base64: (await picture(at)).toString('base64') },
          concepts: [{ id: at % 2 === 0 ? 'red' : 'blue', value: 1 }],
        },
      })),
    )
    await post(`${base}/${APP}/inputs`, { inputs })
    await until(
      () => send(limpid.url, 'GET', `${base}/${APP}/inputs/status`),
      ({ body }) => (body.counts as { processed: number }).processed === PICTURES,
    )
    await post(`${base}/${APP}/datasets`, { datasets: [{ id: 'all' }] })
    await post(`${base}/${APP}/datasets/all/inputs`, {
      dataset_inputs: inputs.map(({ id }) => ({ input: { id } })),
    })
    await post(`${base}/${APP}/models`, { models: [{ id: 'colours', model_type_id: 'embedding-classifier' }] })
    const made = await post(`${base}/${APP}/models/colours/versions`, {
      model_versions: [
        {
          input_info: { base_embed_model: { id: 'general-image-embedding', user_id: 'clarifai', app_id: 'main' } },
          output_info: { data: { concepts: [{ id: 'red' }, { id: 'blue' }] } },
        },
      ],
    })
    versionId = (made.body.model as { model_version: Named }).model_version.id
    const path = `${base}/${APP}/models/colours/versions/${versionId}`
    const trained = await until(
      () => send(limpid.url, 'GET', path),
      ({ body }) => {
        const { status } = body.modelVersion as { status: { code: number } }
        return status.code !== 21101 && status.code !== 21103
      },
    )
    assert.equal((trained.body.modelVersion as { status: { code: number } }).status.code, TRAINED, trained.text)
    client = staticClient(limpid)
  })
  after(() => client?.close())

  const get = (id: string, fields = new resources.FieldsValue()) =>
    call(
      client,
      client.getEvaluation,
      new service.GetEvaluationRequest().setUserAppId(userApp(APP)).setEvaluationId(id).setFields(fields),
    )
  const code = (answer: Awaited<ReturnType<typeof get>>): number =>
    answer.getEvalMetrics()!.getStatus()!.getCode() as number
  const isOver = (answer: Awaited<ReturnType<typeof get>>): boolean => code(answer) !== 21301 && code(answer) !== 21303
  const postEvaluation = (id: string) => {
    const model = new resources.Model()
      .setId('colours')
      .setUserId(USER)
      .setAppId(APP)
      .setModelVersion(new resources.ModelVersion().setId(versionId))
    const dataset = new resources.Dataset().setId('all').setUserId(USER).setAppId(APP)
    const metrics = new resources.EvalMetrics().setId(id).setModel(model).setGroundTruthDataset(dataset)
    const request = new service.PostEvaluationsRequest().setUserAppId(userApp(APP)).setEvalMetricsList([metrics])
    return call(client, client.postEvaluations, request)
  }

  test('the gRPC client evaluates with a dataset and reads every figure', async () => {
    const posted = await postEvaluation('by-grpc')
    assert.equal(posted.getStatus()!.getCode(), 10000, posted.getStatus()!.getDetails())
    assert.equal(posted.getEvalMetricsList()[0]!.getStatus()!.getCode(), 21303)
    const fields = new resources.FieldsValue()
      .setConfusionMatrix(true)
      .setBinaryMetrics(true)
      .setTestSet(true)
      .setLabelCounts(true)
    const done = await until(() => get('by-grpc', fields), isOver)
    assert.equal(code(done), EVALUATED, done.getEvalMetrics()!.getStatus()!.getDetails())
    const metrics = done.getEvalMetrics()!
    assert.ok(metrics.getSummary()!.getMacroAvgRocAuc() > 0.9)
    assert.equal(metrics.getTestSetList().length, PICTURES)
    assert.match(metrics.getTestSetList()[0]!.getInput()!.getData()!.getImage()!.getUrl(), /^http/)
    assert.equal(metrics.getConfusionMatrix()!.getMatrixList().length, 4)
    assert.deepEqual(
      metrics.getBinaryMetricsList().map((one) => one.getNumTot()),
      [PICTURES, PICTURES],
    )
    const listed = await call(
      client,
      client.listModelVersionEvaluations,
      new service.ListModelVersionEvaluationsRequest()
        .setUserAppId(userApp(APP))
        .setModelId('colours')
        .setModelVersionId(versionId),
    )
    assert.deepEqual(
      listed.getEvalMetricsList().map((one) => one.getId()),
      ['by-grpc'],
    )
  })

  test('the legacy client runs an evaluation and the version has its metrics', async () => {
    const keys = await post(`/v2/users/${USER}/keys`, {
      keys: [{ description: 'all', scopes: ['All'], apps: [{ id: APP, user_id: USER }] }],
    })
    const legacy = legacyClient(limpid, { apiKey: (keys.body.keys as Named[])[0]!.id })
    const model = await legacy.models.get('colours')
    const answer = await model.runModelEval()
    assert.deepEqual([answer.id, answer.metrics.status.code], [versionId, 21303])
    const path = `${base}/${APP}/models/colours/versions/${versionId}/metrics?fields.labelCounts=true`
    const metricsOf = ({ body }: Awaited<ReturnType<typeof send>>) =>
      (body.modelVersion as { metrics: { status: { code: number }; labelCounts?: object } }).metrics
    const done = await until(
      () => send(limpid.url, 'GET', path),
      (got) => ![21301, 21303].includes(metricsOf(got).status.code),
    )
    assert.equal(metricsOf(done).status.code, EVALUATED, done.text)
    assert.ok(metricsOf(done).labelCounts)
  })

  test('the model is exported, and downloaded in parts with the key alone', async () => {
    const path = `${base}/${APP}/models/colours/versions/${versionId}/exports`
    assert.equal((await send(limpid.url, 'GET', path)).body.status.code, 11101)
    const exportOf = ({ body }: Awaited<ReturnType<typeof send>>) =>
      body.export as { status: { code: number; details?: string }; url: string; size: number }
    const asked = await send(limpid.url, 'PUT', path, { body: {} })
    assert.equal(asked.body.status.code, 10000, asked.text)
    const done = exportOf(
      await until(
        () => send(limpid.url, 'GET', path),
        (got) => ![21501, 21503].includes(exportOf(got).status.code),
      ),
    )
    assert.equal(done.status.code, EXPORTED, done.status.details)
    const headers = { authorization: `Key ${PAT}` }
    const [whole, part] = await Promise.all([
      fetch(done.url, { headers }),
      fetch(done.url, { headers: { ...headers, range: 'bytes=0-3' } }),
    ])
    const bytes = Buffer.from(await whole.arrayBuffer())
    assert.equal(bytes.length, Number(done.size))
    assert.deepEqual([part.status, Buffer.from(await part.arrayBuffer()).toString('latin1')], [206, 'PK\x03\x04'])
    assert.notEqual((await fetch(done.url)).status, 200)
  })

  test('a server that is killed goes on with its evaluations', async () => {
    await postEvaluation('after-kill')
    limpid.process.kill('SIGKILL')
    await limpid.ended
    client.close()
    limpid = await startLimpid({ dataDir })
    client = staticClient(limpid)
    const done = await until(() => get('after-kill'), isOver)
    assert.equal(code(done), EVALUATED, done.getEvalMetrics()!.getStatus()!.getDetails())
  })
})
