import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { EvalMetrics, ModelVersion } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { evaluateJob } from '../../src/domain/evaluations/job.ts'
import { trainingJob } from '../../src/domain/training/job.ts'
import { trainingRecord } from '../../src/domain/training/record.ts'
import { readHead } from '../../src/store/repos/model-versions.ts'
import { versionPksOf } from '../../src/store/repos/vector-spaces.ts'
import { makeApp, succeeded, type TestApp } from '../kit/apps.ts'
import { data, FakeRuntime } from '../kit/fake-runtime.ts'
import { readTrainLog } from '../kit/media-door.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'
import { whileTorn } from '../kit/torn-jobs.ts'
import { onEachEngine, type Place } from '../store/kit.ts'

const { MODEL_TRAINED, MODEL_TRAINING_FAILED, MODEL_EVALUATED } = StatusCode
/** So many that their vectors are made in three parts. */
const TEXTS = 40
const NAMES = ['good', 'bad', 'odd']
/** So often that a job is not given up while it is torn. */
const MANY = 1_000

onEachEngine('trainings and evaluations that are torn', (engine) => {
  let server: TestServer
  let place: Place
  let app: TestApp
  const runtime = new FakeRuntime()

  before(async () => {
    place = await engine.place()
    const { location } = place
    const settings = 'url' in location ? { databaseUrl: location.url } : {}
    server = await startTestServer({ overrides: runtime.services, settings })
    app = await makeApp(server, 'torn')
    const inputs = Array.from({ length: TEXTS }, (_, at) => ({
      id: `text-${at}`,
      data: { text: { raw: `number ${at}` }, concepts: [{ id: NAMES[at % 3]!, value: 1 }] },
    }))
    succeeded(await server.call('PostInputs', { userAppId: app.userAppId, inputs }))
    await server.services.jobs.idle()
    runtime.answer = (_, { text }) => {
      const at = Number(text?.raw.split(' ')[1])
      const vector = [0, 1, 2, 3].map((axis) => (axis === at % 3 ? 1 : 0) + 0.4 * Math.sin(at * 7 + axis * 3))
      return { data: data({ embeddings: [{ vector }] }) }
    }
  })
  after(async () => {
    await server[Symbol.asyncDispose]()
    await place.remove()
  })

  async function post(modelId: string): Promise<string> {
    const models = [{ id: modelId, modelTypeId: 'text-classifier' }]
    succeeded(await server.call('PostModels', { userAppId: app.userAppId, models }))
    const outputInfo = { data: { concepts: NAMES.map((id) => ({ id })) } }
    const asked = { userAppId: app.userAppId, modelId, modelVersions: [{ outputInfo }] }
    return succeeded(await server.call('PostModelVersions', asked)).model!.modelVersion!.id
  }
  const get = async (modelId: string, versionId: string): Promise<ModelVersion> =>
    succeeded(await server.call('GetModelVersion', { userAppId: app.userAppId, modelId, versionId })).modelVersion!
  async function outcomeOf(versionId: string) {
    const { read } = server.services.db
    const [pk] = await versionPksOf(read, versionId)
    const { milliseconds: _, ...done } = (await trainingRecord(read, pk!))!.done!
    return { head: JSON.parse((await readHead(read, pk!))!), concepts: done.concepts, data: done.data }
  }
  const countOf = async (table: 'training_vectors' | 'evaluation_chunks' | 'evaluation_results'): Promise<number> => {
    const { read } = server.services.db
    const row = await read
      .selectFrom(table)
      .select(({ fn }) => fn.countAll().as('rows'))
      .executeTakeFirstOrThrow()
    return Number(row.rows)
  }

  async function manyAttempts<T>(job: object, work: () => Promise<T>): Promise<T> {
    const writable = job as { attempts?: number | undefined }
    const { attempts } = writable
    writable.attempts = MANY
    try {
      return await work()
    } finally {
      writable.attempts = attempts
    }
  }

  test('a training goes on after each tear and comes to the same head, with each vector made and kept once', async () => {
    let versionId = ''
    const torn = await manyAttempts(trainingJob, () =>
      whileTorn(server, trainingJob, async () => {
        versionId = await post('torn')
      }),
    )
    assert.ok(torn.tears >= 4, `${torn.tears} tears`)
    const version = await get('torn', versionId)
    assert.equal(version.status?.code, MODEL_TRAINED, version.status?.details)
    assert.equal(version.totalInputCount, TEXTS)
    assert.equal(await countOf('training_vectors'), TEXTS)
    const wholeId = await post('whole')
    await server.services.jobs.idle()
    const [one, other] = [await outcomeOf(versionId), await outcomeOf(wholeId)]
    assert.deepEqual({ ...one, data: { ...one.data, computed: 0 } }, other)
    const { modelVersions } = succeeded(
      await server.call('ListModelVersions', { userAppId: app.userAppId, modelId: 'torn' }),
    )
    assert.equal(modelVersions.length, 1)
  })

  test('a training that gets no further is given up, and the version says so', async () => {
    let versionId = ''
    const { run } = trainingJob as { run: unknown }
    let runs = 0
    Object.assign(trainingJob, {
      run: () => {
        runs++
        throw new Error('the server is killed here')
      },
    })
    try {
      versionId = await post('hopeless')
      for (let at = 0; at < 5; at++) {
        await server.services.jobs.hurry()
        await server.services.jobs.idle()
      }
    } finally {
      Object.assign(trainingJob, { run })
    }
    assert.equal(runs, 3)
    const version = await get('hopeless', versionId)
    assert.equal(version.status?.code, MODEL_TRAINING_FAILED)
    assert.notEqual(version.status?.details, '')
    assert.match(await readTrainLog(server, version), /^The training failed: /)
  })

  async function evaluate(id: string, params: object): Promise<EvalMetrics> {
    const wanted = { id, model: { id: 'whole' }, evalInfo: { params: params as never } }
    succeeded(await server.call('PostEvaluations', { userAppId: app.userAppId, evalMetrics: [wanted] }))
    await server.services.jobs.idle()
    return metricsOf(id)
  }
  async function metricsOf(id: string): Promise<EvalMetrics> {
    const fields = { binaryMetrics: true, testSet: true, labelCounts: true, confusionMatrix: true }
    const got = await server.call('GetEvaluation', { userAppId: app.userAppId, evaluationId: id, fields })
    return { ...succeeded(got).evalMetrics!, id: '', status: undefined }
  }

  for (const [name, params] of [
    ['cross-validation', {}],
    ['the version itself', { use_kfold: false }],
  ] as const) {
    test(`an evaluation (${name}) goes on after each tear and comes to the same figures`, async () => {
      const [chunks, results] = [await countOf('evaluation_chunks'), await countOf('evaluation_results')]
      const whole = await evaluate(`whole ${name}`.replaceAll(' ', '-'), params)
      const added = [(await countOf('evaluation_chunks')) - chunks, (await countOf('evaluation_results')) - results]
      assert.ok(added[0]! > 0 && added[1]! > 0)
      const id = `torn ${name}`.replaceAll(' ', '-')
      const torn = await manyAttempts(evaluateJob, () => whileTorn(server, evaluateJob, () => evaluate(id, params)))
      assert.ok(torn.tears >= 4, `${torn.tears} tears`)
      const got = await server.call('GetEvaluation', { userAppId: app.userAppId, evaluationId: id })
      assert.equal(succeeded(got).evalMetrics?.status?.code, MODEL_EVALUATED)
      assert.deepEqual(await metricsOf(id), whole)
      const now = [await countOf('evaluation_chunks'), await countOf('evaluation_results')]
      assert.deepEqual(now, [chunks + 2 * added[0]!, results + 2 * added[1]!], 'nothing is doubled')
    })
  }
})
