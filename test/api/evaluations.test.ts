import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { AnnotationSchema, type EvalMetrics, type EvalMetricsSchema } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { storeAnnotations } from '../../src/domain/annotations/store.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { data, FakeRuntime } from '../kit/fake-runtime.ts'
import { startTestServer, type TestServer, type TestUser } from '../kit/server.ts'
import { putInputs } from '../kit/stored-inputs.ts'

const { MODEL_EVALUATED, MODEL_QUEUED_FOR_EVALUATION, CONN_DOES_NOT_EXIST } = StatusCode
const EVERYTHING = {
  confusionMatrix: true,
  cooccurrenceMatrix: true,
  labelCounts: true,
  binaryMetrics: true,
  testSet: true,
  metricsByArea: true,
  metricsByClass: true,
}

describe('evaluations', () => {
  let server: TestServer
  let app: TestApp
  let stranger: TestUser
  const runtime = new FakeRuntime()
  const model = (id: string) => ({ id, userId: app.owner.id, appId: app.userAppId.appId })

  before(async () => {
    server = await startTestServer({ overrides: runtime.services, settings: { publicUrl: 'https://limpid.example' } })
    app = await makeApp(server, 'evaluations')
    stranger = await server.makeUser('stranger', Visible.PUBLIC)
    await makeHead('colours', ['red', 'green', 'blue'])
    await putVectors()
  })
  after(() => server[Symbol.asyncDispose]())

  async function makeHead(id: string, ids: readonly string[], weights = identity(ids.length)): Promise<string> {
    succeeded(await server.call('PostModels', { userAppId: app.userAppId, models: [{ id }] }))
    const version = {
      inputInfo: { baseEmbedModel: { id: 'general-image-embedding', userId: 'clarifai', appId: 'main' } },
      outputInfo: { data: { concepts: ids.map((concept) => ({ id: concept })) }, params: { weights } },
    }
    const made = await server.call('PostModelVersions', {
      userAppId: app.userAppId,
      modelId: id,
      modelVersions: [version],
    })
    return succeeded(made).model!.modelVersion!.id
  }

  /** 24 pictures with vectors of three numbers: the largest is that of the label, but for every sixth. */
  async function putVectors(): Promise<void> {
    const { services } = server
    const names = ['red', 'green', 'blue'] as const
    const wanted = Array.from({ length: 24 }, (_, at) => ({
      id: `picture-${at}`,
      data: { concepts: [{ id: names[at % 3]!, value: 1 }, ...(at === 0 ? [{ id: 'green', value: 1 }] : [])] },
    }))
    const pks = await putInputs(services, app, [...wanted, { id: 'unlabelled' }])
    await putVectorsOf(
      wanted.map(({ id }, at) => {
        const shown = at % 6 === 5 ? (at + 1) % 3 : at % 3
        return [pks.get(id)!, [0, 1, 2].map((place) => (place === shown ? 0.2 + at / 24 : -0.2 - (at % 5) / 10))]
      }),
    )
    const datasetInputs = wanted.slice(0, 12).map(({ id }) => ({ input: { id } }))
    succeeded(await server.call('PostDatasets', { userAppId: app.userAppId, datasets: [{ id: 'half' }] }))
    succeeded(await server.call('PostDatasetInputs', { userAppId: app.userAppId, datasetId: 'half', datasetInputs }))
  }

  async function putVectorsOf(vectors: readonly (readonly [inputPk: number, vector: number[]])[]): Promise<void> {
    const { services } = server
    const embedder = await services.db.read
      .selectFrom('models')
      .select('latest_version_pk as pk')
      .where('id', '=', 'general-image-embedding')
      .executeTakeFirstOrThrow()
    const drafts = vectors.map(([inputPk, vector]) => ({
      appPk: app.pk,
      inputPk,
      message: create(AnnotationSchema, { data: { embeddings: [{ vector, numDimensions: 3 }] } }),
      worker: { kind: 'model_version', id: '', pk: embedder.pk } as const,
      statusCode: StatusCode.ANNOTATION_SUCCESS,
      trusted: false,
      conceptPk: () => 0,
      vectorsBy: embedder.pk!,
    }))
    await services.db.transact((tx) => storeAnnotations(tx, drafts, services.clock.now()))
  }

  const post = (...evalMetrics: MessageInitShape<typeof EvalMetricsSchema>[]) =>
    server.call('PostEvaluations', { userAppId: app.userAppId, evalMetrics })
  const get = async (evaluationId: string, fields: object = {}): Promise<EvalMetrics> =>
    succeeded(await server.call('GetEvaluation', { userAppId: app.userAppId, evaluationId, fields })).evalMetrics!
  async function evaluated(wanted: MessageInitShape<typeof EvalMetricsSchema>, fields = {}): Promise<EvalMetrics> {
    const [queued] = succeeded(await post(wanted)).evalMetrics
    assert.equal(queued!.status?.code, MODEL_QUEUED_FOR_EVALUATION)
    await server.services.jobs.idle()
    return get(queued!.id, fields)
  }

  test('a head is measured with all that is labelled in the app, from stored vectors', async () => {
    const metrics = await evaluated({ id: 'first', model: model('colours') }, EVERYTHING)
    assert.deepEqual([metrics.status?.code, metrics.status?.details], [MODEL_EVALUATED, ''])
    assert.deepEqual([metrics.userId, metrics.appId, metrics.id], ['admin', 'evaluations', 'first'])
    assert.equal(metrics.model?.modelVersion?.id.length, 32)
    assert.equal(runtime.runs.length, 0)
    const scores = expectedScores()
    const areas = metrics.binaryMetrics.map(({ concept, rocAuc, numPos, numNeg, numTot, rocCurve }) => {
      assert.deepEqual([numPos + numNeg, numTot, rocCurve?.fpr.length], [24, 24, 101])
      const area = areaOf(scores.map(({ labels, values }) => [values[concept!.id]!, labels.has(concept!.id)]))
      assert.ok(Math.abs(rocAuc - area) < 1e-6, `${concept!.id}: ${rocAuc} is not ${area}`)
      return area
    })
    const mean = areas.reduce((sum, area) => sum + area, 0) / 3
    assert.ok(Math.abs(metrics.summary!.macroAvgRocAuc - mean) < 1e-6 && mean < 1 && mean > 0.7)
    assert.deepEqual(
      metrics.labelCounts!.positiveLabelCounts.map(({ count }) => count),
      [8, 9, 8],
    )
    const { matrix, conceptIds } = metrics.confusionMatrix!
    assert.equal(matrix.length, 9)
    const diagonal = conceptIds.map((id) => matrix.find(({ actual, predicted }) => actual === id && predicted === id)!)
    assert.deepEqual(
      diagonal.map(({ value }) => value),
      diagonal.map(({ value }) => value).sort((a, b) => a - b),
    )
    const red = scores.filter(({ labels }) => labels.has('red')).map(({ values }) => values.green!)
    const cell = matrix.find(({ actual, predicted }) => actual === 'red' && predicted === 'green')!
    assert.ok(Math.abs(cell.value - red.reduce((sum, value) => sum + value, 0) / red.length) < 1e-6)
    assert.deepEqual([cell.actualConcept?.value, cell.actualConcept?.appId], [1, 'evaluations'])
    const pair = metrics.cooccurrenceMatrix!.matrix.filter(({ row, col }) => row === 'red' && col === 'green')
    assert.deepEqual(
      pair.map(({ count }) => count),
      [1],
    )
    assert.equal(metrics.testSet.length, 24)
    const [entry] = metrics.testSet
    assert.equal(entry!.input?.id, 'picture-0')
    assert.deepEqual(
      entry!.groundTruthConcepts.map(({ id, value }) => [id, value]),
      [
        ['red', 1],
        ['green', 1],
      ],
    )
    assert.deepEqual(entry!.predictedConcepts[0]?.id, 'red')
  })

  test('only the summary comes unless more is asked for', async () => {
    const metrics = await get('first')
    assert.ok(metrics.summary!.macroAvgF1Score > 0)
    assert.deepEqual(
      [metrics.binaryMetrics, metrics.testSet, metrics.confusionMatrix, metrics.labelCounts],
      [[], [], undefined, undefined],
    )
    const { labelCounts, binaryMetrics } = await get('first', { labelCounts: true })
    assert.deepEqual([labelCounts?.positiveLabelCounts.length, binaryMetrics.length], [3, 0])
  })

  test('a dataset is the ground truth, by a version that is made for it, also from another app', async () => {
    const groundTruthDataset = { id: 'half', userId: 'me', appId: 'evaluations' }
    const metrics = await evaluated({ model: model('colours'), groundTruthDataset }, { testSet: true })
    assert.equal(metrics.status?.code, MODEL_EVALUATED, metrics.status?.details)
    assert.equal(metrics.testSet.length, 12)
    assert.deepEqual([metrics.groundTruthDataset?.id, metrics.groundTruthDataset?.appId], ['half', 'evaluations'])
    const versionId = metrics.groundTruthDataset!.version!.id
    const { datasetVersions } = succeeded(
      await server.call('ListDatasetVersions', { userAppId: app.userAppId, datasetId: 'half' }),
    )
    assert.deepEqual(
      datasetVersions.map(({ id, requestOrigin }) => [id, requestOrigin]),
      [[versionId, 3]],
    )
    // The newest version is taken where there is one.
    const params = { dataset_id: 'half', use_kfold: false }
    const again = await evaluated({ model: model('colours'), evalInfo: { params } })
    assert.deepEqual([again.groundTruthDataset?.version?.id, again.evalInfo?.params], [versionId, params])
    const elsewhere = await makeApp(server, 'elsewhere')
    const made = await server.call('PostEvaluations', {
      userAppId: elsewhere.userAppId,
      evalMetrics: [{ id: 'far', model: model('colours'), groundTruthDataset: { id: 'half', appId: 'evaluations' } }],
    })
    assert.deepEqual(
      succeeded(made).evalMetrics.map(({ appId, model }) => [appId, model?.appId]),
      [['elsewhere', 'evaluations']],
    )
    await server.services.jobs.idle()
    const far = await server.call('GetEvaluation', {
      userAppId: elsewhere.userAppId,
      evaluationId: 'far',
      fields: { testSet: true },
    })
    assert.equal(succeeded(far).evalMetrics?.testSet.length, 12)
  })

  test('inputs that are deleted meanwhile are left out, and the status says so', async () => {
    await putInputs(server.services, app, [{ id: 'gone', data: { concepts: [{ id: 'red', value: 1 }] } }])
    const at = { userAppId: app.userAppId, datasetId: 'half' }
    succeeded(await server.call('PostDatasetInputs', { ...at, datasetInputs: [{ input: { id: 'gone' } }] }))
    const versions = await server.call('PostDatasetVersions', { ...at, datasetVersions: [{ id: 'with-gone' }] })
    succeeded(versions)
    await server.services.jobs.idle()
    succeeded(await server.call('DeleteInput', { userAppId: app.userAppId, inputId: 'gone' }))
    await server.services.jobs.idle()
    const metrics = await evaluated({
      model: model('colours'),
      groundTruthDataset: { id: 'half', version: { id: 'with-gone' } },
    })
    assert.equal(metrics.status?.code, MODEL_EVALUATED)
    assert.match(metrics.status?.details ?? '', /^1 of 13 inputs were left out: 1 were deleted\.$/)
  })

  test('the same id again takes the place of what was there', async () => {
    const before = await get('first')
    const after = await evaluated({ id: 'first', model: model('colours'), groundTruthDataset: { id: 'half' } })
    assert.equal(before.groundTruthDataset, undefined)
    assert.equal(after.groundTruthDataset?.id, 'half')
    refused(
      await post({ id: 'twice', model: model('colours') }, { id: 'twice', model: model('colours') }),
      StatusCode.MODEL_INVALID_ARGUMENT,
      /same id/,
    )
  })

  test('models that run on media: what they do not answer counts as 0, and one that fails is left out', async () => {
    const concepts = ['positive', 'negative', 'neutral']
    const texts = ['positive', 'negative', 'neutral', 'negative', 'broken']
    const inputs = texts.map((text, at) => ({
      id: `text-${at}`,
      data: { text: { raw: text }, concepts: [{ id: text === 'broken' ? 'neutral' : `own-${text}`, name: text }] },
    }))
    for (const input of inputs) for (const concept of input.data.concepts) Object.assign(concept, { value: 1 })
    const other = await makeApp(server, 'texts')
    succeeded(await server.call('PostInputs', { userAppId: other.userAppId, inputs }))
    await server.services.jobs.idle()
    succeeded(await server.call('PostDatasets', { userAppId: other.userAppId, datasets: [{ id: 'all' }] }))
    const at = { userAppId: other.userAppId, datasetId: 'all' }
    const datasetInputs = inputs.map(({ id }) => ({ input: { id } }))
    succeeded(await server.call('PostDatasetInputs', { ...at, datasetInputs }))
    runtime.answer = (_, { text }) =>
      text?.raw === 'broken'
        ? { code: StatusCode.INPUT_UNSUPPORTED_FORMAT, details: 'it is broken' }
        : { data: data({ concepts: [{ id: `ai_${text?.raw}`, name: text?.raw ?? '', value: 0.9 }] }) }
    const evaluate = async () => {
      const made = await server.call('PostEvaluations', {
        userAppId: other.userAppId,
        evalMetrics: [
          {
            id: 'texts',
            model: { id: 'sentiment-english-vader', userId: 'clarifai', appId: 'main' },
            groundTruthDataset: { id: 'all' },
          },
        ],
      })
      succeeded(made)
      await server.services.jobs.idle()
      const got = await server.call('GetEvaluation', {
        userAppId: other.userAppId,
        evaluationId: 'texts',
        fields: { binaryMetrics: true, testSet: true },
      })
      return succeeded(got).evalMetrics!
    }
    const metrics = await evaluate()
    assert.match(metrics.status?.details ?? '', /1 of 5 inputs .* 1 could not be predicted .*it is broken/)
    assert.deepEqual(
      metrics.binaryMetrics.filter(({ numPos }) => numPos > 0).map(({ concept, rocAuc }) => [concept?.name, rocAuc]),
      concepts.map((name) => [name, 1]).sort((a, b) => order(metrics, a) - order(metrics, b)),
    )
    runtime.answer = () => ({ code: StatusCode.INPUT_UNSUPPORTED_FORMAT, details: 'all are broken' })
    const failed = await evaluate()
    assert.equal(failed.status?.code, StatusCode.MODEL_PREDICTION_FAILED)
    assert.match(failed.status?.details ?? '', /none of the 5 inputs.*all are broken/)
    runtime.answer = () => ({ data: data({ concepts: [{ id: 'x', name: 'positive', value: Number.NaN }] }) })
    assert.equal((await evaluate()).status?.code, StatusCode.MODEL_EVALUATION_FAILED)
    runtime.answer = () => ({})
  })

  const order = (metrics: EvalMetrics, [name]: readonly unknown[]): number =>
    metrics.binaryMetrics.findIndex(({ concept }) => concept?.name === name)

  test('a detector is measured by its boxes', async () => {
    const box = (leftCol: number) => ({
      boundingBox: { topRow: 0.1, leftCol, bottomRow: 0.5, rightCol: leftCol + 0.3 },
    })
    const region = (leftCol: number, name: string, value: number) => ({
      regionInfo: box(leftCol),
      data: { concepts: [{ id: `own-${name}`, name, value }] },
    })
    const photos = await makeApp(server, 'photos')
    const pixel = Buffer.from('R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=', 'base64')
    const inputs = ['a', 'b'].map((id, at) => ({
      id,
      data: { image: { base64: pixel, allowDuplicateUrl: true }, regions: [region(0.1 + at / 10, 'dog', 1)] },
    }))
    succeeded(await server.call('PostInputs', { userAppId: photos.userAppId, inputs }))
    await server.services.jobs.idle()
    const at = { userAppId: photos.userAppId, datasetId: 'all' }
    succeeded(await server.call('PostDatasets', { userAppId: photos.userAppId, datasets: [{ id: 'all' }] }))
    const datasetInputs = inputs.map(({ id }) => ({ input: { id } }))
    succeeded(await server.call('PostDatasetInputs', { ...at, datasetInputs }))
    // Right in the first picture; in the second far off, and a person who is not there.
    runtime.answer = () => ({ data: data({ regions: [region(0.1, 'dog', 0.8), region(0.6, 'person', 0.7)] }) })
    const made = await server.call('PostEvaluations', {
      userAppId: photos.userAppId,
      evalMetrics: [
        {
          id: 'boxes',
          model: { id: 'general-image-detection', userId: 'clarifai', appId: 'main' },
          groundTruthDataset: { id: 'all' },
        },
      ],
    })
    succeeded(made)
    await server.services.jobs.idle()
    runtime.answer = () => ({})
    const { evalMetrics } = succeeded(
      await server.call('GetEvaluation', {
        userAppId: photos.userAppId,
        evaluationId: 'boxes',
        fields: EVERYTHING,
      }),
    )
    const metrics = evalMetrics!
    assert.equal(metrics.status?.code, MODEL_EVALUATED, metrics.status?.details)
    // Overlaps are 1 and 0.5: at 0.5 both are right, above one of two.
    assert.ok(Math.abs(metrics.summary!.meanAvgPrecisionIou50 - 1) < 0.5)
    const dog = metrics.metricsByClass.filter(({ concept }) => concept?.name === 'dog')
    assert.deepEqual([dog.length, dog[0]?.numPos, dog[0]?.iou], [10, 2, 0.5])
    assert.ok(dog[9]!.avgPrecision < dog[0]!.avgPrecision + 1e-9 && dog[9]!.avgPrecision > 0.4)
    assert.deepEqual(
      metrics.metricsByArea.filter(({ iou }) => iou === 0.5).map(({ areaName }) => areaName),
      ['all', 'small', 'medium', 'large'],
    )
    // Whoever else uses the same public model hears nothing of it.
    const own = await makeApp(server, 'theirs', { owner: stranger })
    const theirs = await server.call(
      'GetModelVersionMetrics',
      { userAppId: own.userAppId, modelId: 'general-image-detection' },
      { key: stranger.pat },
    )
    assert.equal(succeeded(theirs).modelVersion?.metrics?.status?.code, StatusCode.MODEL_NOT_EVALUATED)
    const [entry] = metrics.testSet
    assert.equal(entry?.groundTruthAnnotation?.data?.regions.length, 1)
    assert.equal(entry?.predictedAnnotation?.data?.regions.length, 2)
  })

  test('lists are sorted, filtered and paged; failed ones are shown only when asked for', async () => {
    await makeHead('unknown', ['yellow', 'violet'])
    const failed = await evaluated({ id: 'failed', model: model('unknown') })
    assert.equal(failed.status?.code, StatusCode.MODEL_EVALUATION_NEED_INPUTS)
    assert.match(failed.status?.details ?? '', /label some/)
    const list = async (more: object = {}) =>
      succeeded(await server.call('ListEvaluations', { userAppId: app.userAppId, ...more })).evalMetrics
    const shown = await list()
    assert.ok(shown.length >= 4 && shown.every(({ status }) => status?.code === MODEL_EVALUATED))
    assert.ok(shown.every(({ binaryMetrics, summary }) => binaryMetrics.length === 0 && summary))
    assert.equal((await list({ showFailedMetrics: true })).length, shown.length + 1)
    assert.equal((await list({ showFailedMetrics: true }))[0]?.id, 'failed')
    const sorted = await list({ sortBy: { case: 'sortByRocAuc', value: true }, sortAscending: true })
    const areas = sorted.map(({ summary }) => summary!.macroAvgRocAuc)
    assert.deepEqual(
      areas,
      areas.toSorted((a, b) => a - b),
    )
    assert.equal((await list({ perPage: 1, page: 2 }))[0]?.id, shown[1]?.id)
    assert.equal((await list({ evalDatasetIds: ['none'] })).length, 0)
    assert.equal((await list({ evalDatasetIds: ['half'] })).length, shown.length)
    assert.equal((await list({ trainDatasetIds: ['half'] })).length, 0)
    assert.equal((await list({ conceptIds: ['red', 'blue'] })).length, shown.length)
    assert.equal((await list({ conceptIds: ['red', 'yellow'] })).length, 0)
    assert.equal((await list({ modelTypeId: 'visual-detector' })).length, 0)
    const user = await server.call('ListEvaluations', { userAppId: { userId: 'me' } })
    assert.ok(succeeded(user).evalMetrics.some(({ appId }) => appId === 'photos'))
    const others = await server.call('ListEvaluations', { userAppId: { userId: 'me' } }, { key: stranger.pat })
    assert.deepEqual(succeeded(others).evalMetrics, [])
  })

  test('the deprecated forms show the same by the model version', async () => {
    const { modelVersion } = succeeded(
      await server.call('GetModelVersion', { userAppId: app.userAppId, modelId: 'colours' }),
    )
    const at = { userAppId: app.userAppId, modelId: 'colours', modelVersionId: modelVersion!.id }
    const posted = await server.call('PostModelVersionEvaluations', { ...at, evalMetrics: [{ id: 'by-version' }] })
    assert.equal(succeeded(posted).evalMetrics[0]?.status?.code, MODEL_QUEUED_FOR_EVALUATION)
    await server.services.jobs.idle()
    const listed = succeeded(await server.call('ListModelVersionEvaluations', at)).evalMetrics
    assert.equal(listed[0]?.id, 'by-version')
    const one = await server.call('GetModelVersionEvaluation', {
      ...at,
      evaluationId: 'by-version',
      fields: { labelCounts: true },
    })
    assert.equal(succeeded(one).evalMetrics?.labelCounts?.positiveLabelCounts.length, 3)
    const foreign = await server.call('GetModelVersionEvaluation', { ...at, evaluationId: 'failed' })
    refused(foreign, CONN_DOES_NOT_EXIST)
    const version = { userAppId: app.userAppId, modelId: 'unknown', versionId: '' }
    const none = await server.call('GetModelVersionMetrics', { ...version, modelId: 'colours' })
    assert.equal(succeeded(none).modelVersion?.metrics?.status?.code, MODEL_EVALUATED)
    const asked = await server.call('PostModelVersionMetrics', {
      ...version,
      modelId: 'colours',
      evalInfo: { params: { dataset_id: 'half' } },
    })
    assert.equal(succeeded(asked).modelVersion?.metrics?.status?.code, MODEL_QUEUED_FOR_EVALUATION)
    await server.services.jobs.idle()
    const metrics = await server.call('GetModelVersionMetrics', {
      ...version,
      modelId: 'colours',
      fields: { testSet: true },
    })
    assert.equal(succeeded(metrics).modelVersion?.metrics?.testSet.length, 12)
    const query = { filters: [{ annotation: { data: { concepts: [{ id: 'red', value: 1 }] } } }] }
    const searched = { ...version, modelId: 'colours', testSearch: { query } }
    succeeded(await server.call('PostModelVersionMetrics', searched))
    await server.services.jobs.idle()
    const found = await server.call('GetModelVersionMetrics', {
      ...version,
      modelId: 'colours',
      fields: { testSet: true },
    })
    const tested = succeeded(found).modelVersion!.metrics!
    assert.ok(tested.testSet.length > 0)
    assert.ok(tested.testSet.every(({ groundTruthConcepts }) => groundTruthConcepts.some(({ id }) => id === 'red')))
    const both = { ...searched, evalInfo: { params: { dataset_id: 'half' } } }
    refused(await server.call('PostModelVersionMetrics', both), StatusCode.MODEL_INVALID_ARGUMENT, /one of them/)
    const folds = { ...searched, evalInfo: { params: { use_kfold: true } } }
    refused(await server.call('PostModelVersionMetrics', folds), StatusCode.MODEL_INVALID_ARGUMENT, /use_kfold/)
    const nothing = { filters: [{ annotation: { data: { concepts: [{ id: 'nowhere', value: 1 }] } } }] }
    const empty = { ...searched, testSearch: { query: nothing } }
    refused(await server.call('PostModelVersionMetrics', empty), StatusCode.MODEL_INVALID_ARGUMENT, /finds no inputs/)
    await makeHead('never', ['red', 'green'])
    const never = await server.call('GetModelVersionMetrics', { ...version, modelId: 'never' })
    assert.equal(succeeded(never).modelVersion?.metrics?.status?.code, StatusCode.MODEL_NOT_EVALUATED)
  })

  test('one class, weights that answer no numbers, a cancelled evaluation', async () => {
    await makeHead('lonely', ['picture'])
    const { services } = server
    await putInputs(services, app, [{ id: 'lonely', data: { concepts: [{ id: 'picture', value: 1 }] } }])
    // No vectors are stored for it, so the model runs on the picture, which is not there.
    assert.equal((await evaluated({ model: model('lonely') })).status?.code, StatusCode.MODEL_PREDICTION_FAILED)
    const text = { id: 'said', data: { text: { raw: 'words' }, concepts: [{ id: 'picture', value: 1 }] } }
    succeeded(await server.call('PostInputs', { userAppId: app.userAppId, inputs: [text] }))
    await services.jobs.idle()
    await makeHead('reddish', ['red'], [[1, 0, 0]])
    const one = await evaluated({ model: model('reddish') })
    assert.equal(one.status?.code, StatusCode.MODEL_EVALUATION_NEED_LABELS)
    await makeHead(
      'longer',
      ['red', 'green'],
      [
        [1, 0],
        [0, 1],
      ],
    )
    const wrong = await evaluated({ model: model('longer') })
    assert.equal(wrong.status?.code, StatusCode.MODEL_EVALUATION_FAILED)
    assert.match(wrong.status?.details ?? '', /embeddings of 2 numbers/)
    // The run does not end by itself.
    const running = Promise.withResolvers<void>()
    runtime.before = ({ signal }) => {
      running.resolve()
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
    }
    const [queued] = succeeded(await post({ id: 'cancelled', model: model('lonely') })).evalMetrics
    await running.promise
    runtime.before = () => {}
    assert.equal((await get('cancelled')).status?.code, StatusCode.MODEL_EVALUATING)
    const row = await services.db.read
      .selectFrom('evaluations')
      .select('job_id')
      .where('id', '=', queued!.id)
      .executeTakeFirstOrThrow()
    await services.jobs.cancel(row.job_id)
    await services.jobs.idle()
    const cancelled = await get('cancelled')
    assert.equal(cancelled.status?.code, StatusCode.MODEL_EVALUATION_FAILED)
    assert.match(cancelled.status?.details ?? '', /cancelled/)
  })

  test('a film that cannot be read counts as a whole by its stored vector, without its moments', async () => {
    const concepts = [{ id: 'red', value: 1 }]
    const frames = [{ frameInfo: { time: 1_000 }, data: { concepts } }]
    // Inputs that are put like this have no media.
    const pks = await putInputs(server.services, app, [
      { id: 'film', kind: 'video', data: { concepts, frames } },
      { id: 'only-moments', kind: 'video', data: { frames } },
    ])
    const vector = [0.9, -0.2, -0.3]
    await putVectorsOf([...pks.values()].map((pk) => [pk, vector]))
    const datasetInputs = ['film', 'only-moments', 'picture-1'].map((id) => ({ input: { id } }))
    succeeded(await server.call('PostDatasets', { userAppId: app.userAppId, datasets: [{ id: 'films' }] }))
    succeeded(await server.call('PostDatasetInputs', { userAppId: app.userAppId, datasetId: 'films', datasetInputs }))
    const metrics = await evaluated({ model: model('colours'), groundTruthDataset: { id: 'films' } }, EVERYTHING)
    assert.equal(metrics.status?.code, MODEL_EVALUATED, metrics.status?.details)
    assert.deepEqual(metrics.testSet.map(({ input }) => input?.id).sort(), ['film', 'picture-1'])
    const red = metrics.testSet
      .find(({ input }) => input?.id === 'film')!
      .predictedConcepts.find(({ id }) => id === 'red')!
    assert.ok(Math.abs(red.value - 1 / (1 + Math.exp(-8 * 0.9))) < 1e-6, `${red.value}`)
    assert.match(
      metrics.status!.details,
      /^1 of 3 inputs were left out: 1 could not be predicted \(.+\)\. Of 1 film the moments were left out \(the first: .+\)\.$/,
    )
  })

  test('what cannot be evaluated is refused, and nothing of the call is kept', async () => {
    const good = { id: 'good', model: model('colours') }
    const cases: [MessageInitShape<typeof EvalMetricsSchema>, StatusCode, RegExp][] = [
      [{}, StatusCode.MODEL_INVALID_ARGUMENT, /names no model/],
      [{ model: model('nobody') }, StatusCode.MODEL_DOES_NOT_EXIST, /nobody/],
      [{ model: { ...model('colours'), modelVersion: { id: 'none' } } }, CONN_DOES_NOT_EXIST, /no version/],
      [{ model: { id: 'general-image-embedding' } }, StatusCode.MODEL_INVALID_REQUEST, /cannot be evaluated/],
      [{ model: model('colours'), groundTruthDataset: { id: 'none' } }, CONN_DOES_NOT_EXIST, /none/],
      [{ model: model('colours'), groundTruthDataset: { id: 'half', appId: 'no' } }, CONN_DOES_NOT_EXIST, /half/],
      [
        { model: model('colours'), groundTruthDataset: { id: 'half', version: { id: 'no' } } },
        CONN_DOES_NOT_EXIST,
        /no/,
      ],
      [{ id: 'not an id!', model: model('colours') }, StatusCode.MODEL_INVALID_ARGUMENT, /id/],
    ]
    for (const [wanted, code, details] of cases) refused(await post(good, wanted), code, details)
    refused(await post(), StatusCode.MODEL_INVALID_ARGUMENT)
    refused(await server.call('GetEvaluation', { userAppId: app.userAppId, evaluationId: 'good' }), CONN_DOES_NOT_EXIST)
    succeeded(await server.call('PostModels', { userAppId: app.userAppId, models: [{ id: 'empty' }] }))
    refused(await post({ model: model('empty') }), StatusCode.MODEL_UNTRAINED)
    const theirs = await server.call(
      'GetEvaluation',
      { userAppId: app.userAppId, evaluationId: 'by-version' },
      { key: stranger.pat },
    )
    assert.notEqual(theirs.status?.code, StatusCode.SUCCESS)
  })
})

const identity = (size: number): number[][] =>
  Array.from({ length: size }, (_, row) => Array.from({ length: 3 }, (_, column) => (column === row ? 8 : 0)))

/** What the head with the identity as weights says about the pictures with vectors. */
function expectedScores(): { readonly labels: Set<string>; readonly values: Record<string, number> }[] {
  const names = ['red', 'green', 'blue']
  return Array.from({ length: 24 }, (_, at) => {
    const shown = at % 6 === 5 ? (at + 1) % 3 : at % 3
    const values = names.map((name, place) => {
      const sum = 8 * Math.fround(place === shown ? 0.2 + at / 24 : -0.2 - (at % 5) / 10)
      return [name, 1 / (1 + Math.exp(-sum))] as const
    })
    return {
      labels: new Set([names[at % 3]!, ...(at === 0 ? ['green'] : [])]),
      values: Object.fromEntries(values),
    }
  })
}

/** The share of pairs of a positive and a negative in which the positive has the higher score. */
function areaOf(items: readonly (readonly [number, boolean])[]): number {
  const positives = items.filter(([, label]) => label)
  const negatives = items.filter(([, label]) => !label)
  let sum = 0
  for (const [a] of positives)
    for (const [b] of negatives)
      sum += Math.fround(a) > Math.fround(b) ? 1 : Math.fround(a) === Math.fround(b) ? 0.5 : 0
  return sum / positives.length / negatives.length
}
