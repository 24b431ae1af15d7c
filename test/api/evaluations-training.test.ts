import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { AnnotationSchema, type EvalMetrics } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { storeAnnotations } from '../../src/domain/annotations/store.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'
import { putInputs } from '../kit/stored-inputs.ts'

const NAMES = ['red', 'green', 'blue']
const INPUTS = 60
/** So many that heads can learn their examples by heart. */
const DIMENSIONS = 40

describe('evaluations of what was trained here', () => {
  let server: TestServer
  let app: TestApp

  before(async () => {
    server = await startTestServer()
    app = await makeApp(server, 'trained')
    const { services } = server
    const wanted = Array.from({ length: INPUTS }, (_, at) => ({
      id: `picture-${at}`,
      data: { concepts: [{ id: NAMES[at % 3]!, value: 1 }] },
    }))
    const pks = await putInputs(services, app, wanted)
    const embedder = await services.db.read
      .selectFrom('models')
      .select('latest_version_pk as pk')
      .where('id', '=', 'general-image-embedding')
      .executeTakeFirstOrThrow()
    await services.db.transact((tx) =>
      storeAnnotations(
        tx,
        wanted.map(({ id }, at) => {
          // Noise that is the same every time; now and then it hides the colour.
          const noise = (place: number): number => {
            const large = Math.sin(at * 12.9898 + place * 78.233) * 43758.5453
            return large - Math.floor(large) - 0.5
          }
          const vector = Array.from({ length: DIMENSIONS }, (_, place) => (place === at % 3 ? 0.5 : 0) + noise(place))
          return {
            appPk: app.pk,
            inputPk: pks.get(id)!,
            message: create(AnnotationSchema, { data: { embeddings: [{ vector, numDimensions: DIMENSIONS }] } }),
            worker: { kind: 'model_version', id: '', pk: embedder.pk },
            statusCode: StatusCode.ANNOTATION_SUCCESS,
            trusted: false,
            conceptPk: () => 0,
            vectorsBy: embedder.pk!,
          }
        }),
        services.clock.now(),
      ),
    )
    const at = { userAppId: app.userAppId }
    succeeded(await server.call('PostDatasets', { ...at, datasets: [{ id: 'some' }] }))
    const datasetInputs = wanted.slice(0, 30).map(({ id }) => ({ input: { id } }))
    succeeded(await server.call('PostDatasetInputs', { ...at, datasetId: 'some', datasetInputs }))
    succeeded(await server.call('PostModels', { ...at, models: [{ id: 'colours' }] }))
  })
  after(() => server[Symbol.asyncDispose]())

  const train = (params: object | undefined) =>
    server.call('PostModelVersions', {
      userAppId: app.userAppId,
      modelId: 'colours',
      modelVersions: [
        {
          inputInfo: { baseEmbedModel: { id: 'general-image-embedding' } },
          outputInfo: { data: { concepts: NAMES.map((id) => ({ id })) } },
        },
      ],
      ...(params && { evalInfo: { params: params as never } }),
    })
  const list = async () =>
    succeeded(await server.call('ListEvaluations', { userAppId: app.userAppId, showFailedMetrics: true })).evalMetrics
  async function evaluated(id: string, params: object, datasetId?: string): Promise<EvalMetrics> {
    const made = await server.call('PostEvaluations', {
      userAppId: app.userAppId,
      evalMetrics: [
        {
          id,
          model: { id: 'colours' },
          evalInfo: { params: params as never },
          ...(datasetId && { groundTruthDataset: { id: datasetId } }),
        },
      ],
    })
    succeeded(made)
    await server.services.jobs.idle()
    const fields = { binaryMetrics: true, testSet: true, labelCounts: true }
    const got = await server.call('GetEvaluation', { userAppId: app.userAppId, evaluationId: id, fields })
    return succeeded(got).evalMetrics!
  }

  test('a version is evaluated right after its training, by heads that have not seen what they predict', async () => {
    succeeded(await train({ evaluate_after_training: true }))
    await server.services.jobs.idle()
    const [metrics] = await list()
    assert.equal(metrics?.status?.code, StatusCode.MODEL_EVALUATED, metrics?.status?.details)
    assert.equal(metrics.evalInfo?.params?.evaluate_after_training, true)
    const version = { userAppId: app.userAppId, modelId: 'colours', versionId: '' }
    const { modelVersion } = succeeded(await server.call('GetModelVersionMetrics', version))
    assert.equal(modelVersion?.metrics?.id, metrics.id)
    assert.ok(metrics.summary!.macroAvgRocAuc > 0.7)
  })

  test('k folds are the usual way; figures are means over them, and lower than those of seen examples', async () => {
    const folds = await evaluated('folds', {})
    assert.equal(folds.status?.code, StatusCode.MODEL_EVALUATED, folds.status?.details)
    // Five folds of twelve, stratified.
    assert.deepEqual(
      folds.binaryMetrics.map(({ numPos, numNeg, numTot }) => [numPos, numNeg, numTot]),
      NAMES.map(() => [4, 8, 12]),
    )
    assert.deepEqual(
      folds.labelCounts?.positiveLabelCounts.map(({ count }) => count),
      NAMES.map(() => 20),
    )
    assert.equal(new Set(folds.testSet.map(({ input }) => input?.id)).size, INPUTS)
    const seen = await evaluated('seen', { use_kfold: false })
    assert.deepEqual(
      seen.binaryMetrics.map(({ numTot }) => numTot),
      NAMES.map(() => INPUTS),
    )
    assert.ok(folds.summary!.macroAvgRocAuc < seen.summary!.macroAvgRocAuc)
    const again = await evaluated('again', {})
    assert.equal(again.summary!.macroAvgRocAuc, folds.summary!.macroAvgRocAuc)
  })

  test('a dataset is predicted by the version itself, unless folds of it are asked for', async () => {
    const direct = await evaluated('direct', {}, 'some')
    assert.deepEqual([direct.binaryMetrics[0]?.numTot, direct.testSet.length], [30, 30])
    const folds = await evaluated('of-dataset', { use_kfold: true }, 'some')
    assert.deepEqual([folds.binaryMetrics[0]?.numTot, folds.testSet.length], [6, 30])
  })

  test('what cannot be: folds of weights that were brought, a dataset that is not there', async () => {
    const before = await list()
    refused(await train({ evaluate_after_training: true, dataset_id: 'none' }), StatusCode.CONN_DOES_NOT_EXIST, /none/)
    assert.equal((await list()).length, before.length)
    const versions = { userAppId: app.userAppId, modelId: 'colours' }
    assert.equal(succeeded(await server.call('ListModelVersions', versions)).modelVersions.length, 1)
    const brought = await server.call('PostModelVersions', {
      userAppId: app.userAppId,
      modelId: 'colours',
      modelVersions: [
        {
          inputInfo: { baseEmbedModel: { id: 'general-image-embedding' } },
          outputInfo: {
            data: { concepts: NAMES.map((id) => ({ id })) },
            params: {
              weights: NAMES.map((_, at) => Array.from({ length: DIMENSIONS }, (_, place) => (place === at ? 1 : 0))),
            },
          },
        },
      ],
    })
    succeeded(brought)
    const failed = await evaluated('brought', { use_kfold: true })
    assert.equal(failed.status?.code, StatusCode.MODEL_EVALUATION_FAILED)
    assert.match(failed.status?.details ?? '', /set use_kfold to false/)
    assert.equal((await evaluated('brought', {})).status?.code, StatusCode.MODEL_EVALUATED)
  })
})
