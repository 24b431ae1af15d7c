import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { DataSchema, EvalMetrics } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { encodeVideo } from '../../src/media/test-media.ts'
import { readHead } from '../../src/store/repos/model-versions.ts'
import { versionPksOf } from '../../src/store/repos/vector-spaces.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { data, FakeRuntime } from '../kit/fake-runtime.ts'
import { readTrainLog } from '../kit/media-door.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

type Given = MessageInitShape<typeof DataSchema>

const { MODEL_TRAINED, MODEL_EVALUATED } = StatusCode
const EMBEDDER = { id: 'general-image-embedding', userId: 'clarifai', appId: 'main' }

let server: TestServer
let app: TestApp
const runtime = new FakeRuntime()

/** A film of six seconds: day until three, then night. */
before(async () => {
  server = await startTestServer({ overrides: runtime.services })
  app = await makeApp(server, 'films')
  const luma = (frame: number): number => (frame < 6 ? 200 : 30)
  const base64 = await encodeVideo({
    container: 'mp4',
    codec: 'libx264',
    width: 64,
    height: 48,
    fps: 2,
    frames: 12,
    luma,
  })
  succeeded(
    await server.call('PostInputs', {
      userAppId: app.userAppId,
      inputs: [{ id: 'film', data: { video: { base64 } } }],
    }),
  )
  await server.services.jobs.idle()
  await label(frame(500, { concepts: [{ id: 'day', value: 1 }] }))
  await label(frame(3_600, { concepts: [{ id: 'night', value: 1 }] }))
  await label(frame(3_600, { concepts: [{ id: 'day', value: 0 }] }))
  await label({
    timeSegments: [{ timeInfo: { beginTime: 4, endTime: 6 }, data: { concepts: [{ id: 'night', value: 1 }] } }],
  })
})
after(() => server[Symbol.asyncDispose]())

const frame = (time: number, inFrame: Given): Given => ({ frames: [{ frameInfo: { time }, data: inFrame }] })

async function label(given: Given): Promise<void> {
  const annotations = [{ inputId: 'film', data: given }]
  succeeded(await server.call('PostAnnotations', { userAppId: app.userAppId, annotations }))
}

/** What a model answers for the film: something for each of its seconds. */
const seconds = (of: (ms: number) => Given) => () => ({
  data: data({
    frames: Array.from({ length: 6 }, (_, at) => ({
      frameInfo: { time: 500 + at * 1_000 },
      data: of(500 + at * 1_000),
    })),
  }),
})

const embedded = seconds((ms) => ({ embeddings: [{ vector: ms < 3_000 ? [1, 0, ms / 1e5] : [0, 1, ms / 1e5] }] }))

async function train() {
  const version = {
    inputInfo: { baseEmbedModel: EMBEDDER },
    outputInfo: { data: { concepts: [{ id: 'day' }, { id: 'night' }] } },
  }
  const { model } = succeeded(
    await server.call('PostModelVersions', { userAppId: app.userAppId, modelId: 'times', modelVersions: [version] }),
  )
  await server.services.jobs.idle()
  const versionId = model!.modelVersion!.id
  return succeeded(await server.call('GetModelVersion', { userAppId: app.userAppId, modelId: 'times', versionId }))
    .modelVersion!
}

async function evaluate(modelId: string, of: object): Promise<EvalMetrics> {
  const wanted = { id: `of-${modelId}`, model: { id: modelId, ...of }, evalInfo: { params: { use_kfold: false } } }
  succeeded(await server.call('PostEvaluations', { userAppId: app.userAppId, evalMetrics: [wanted] }))
  await server.services.jobs.idle()
  const fields = { labelCounts: true, binaryMetrics: true, testSet: true, metricsByClass: true }
  const asked = { userAppId: app.userAppId, evaluationId: wanted.id, fields }
  return succeeded(await server.call('GetEvaluation', asked)).evalMetrics!
}

test('labels of frames and time segments are learned from the frames they mean, once computed for all trainings', async () => {
  succeeded(await server.call('PostModels', { userAppId: app.userAppId, models: [{ id: 'times' }] }))
  runtime.answer = embedded
  const version = await train()
  assert.equal(version.status?.code, MODEL_TRAINED, version.status?.details)
  const log = await readTrainLog(server, version)
  assert.match(log, /3 examples of 1 inputs, 3 numbers each/)
  assert.match(log, /day: 1 positive, 1 negative \(0 of them assumed\)/)
  assert.match(log, /night: 2 positive, 1 negative \(1 of them assumed\)/)
  const [pk] = await versionPksOf(server.services.db.read, version.id)
  const { weights } = JSON.parse((await readHead(server.services.db.read, pk!))!) as { weights: string }
  const [dayOfDay, dayOfNight] = new Float32Array(Uint8Array.from(Buffer.from(weights, 'base64')).buffer)
  assert.ok(dayOfDay! > 0 && dayOfNight! < 0)
  const runs = runtime.runs.length
  assert.match(await readTrainLog(server, await train()), /3 examples of 1 inputs/)
  assert.equal(runtime.runs.length, runs, 'the vectors of the moments are kept')
})

test('a classifier is measured in the frames and segments that are labelled', async () => {
  // Right about the first frame and the segment, and wrong about the frame in between.
  runtime.answer = seconds((ms) => ({
    concepts: [
      { id: 'day', value: ms === 3_500 ? 0.8 : ms < 3_000 ? 0.9 : 0.1 },
      { id: 'night', value: ms === 3_500 ? 0.2 : ms < 3_000 ? 0.1 : 0.7 },
    ],
  }))
  const metrics = await evaluate('times', {})
  assert.equal(metrics.status?.code, MODEL_EVALUATED, metrics.status?.details)
  const counts = metrics.binaryMetrics.map(({ concept, numPos, numNeg, rocAuc }) => [
    concept?.id,
    numPos,
    numNeg,
    rocAuc,
  ])
  assert.deepEqual(counts, [
    ['day', 1, 2, 1],
    ['night', 2, 1, 1],
  ])
  assert.deepEqual(
    metrics.testSet.map(({ input, groundTruthConcepts, predictedConcepts: [best] }) => [
      input?.id,
      groundTruthConcepts.map(({ id }) => id),
      [best?.id, Math.round(best!.value * 100)],
    ]),
    [
      ['film', ['day'], ['day', 90]],
      ['film', ['night'], ['day', 80]],
      ['film', ['night'], ['night', 70]],
    ],
  )
})

const box = (leftCol: number) => ({ boundingBox: { topRow: 0.1, leftCol, bottomRow: 0.5, rightCol: leftCol + 0.3 } })
const dog = (leftCol: number, value: number, trackId = ''): Given => ({
  regions: [{ regionInfo: box(leftCol), trackId, data: { concepts: [{ id: 'dog', name: 'dog', value }] } }],
})

test('a detector is measured by the boxes in labelled frames', async () => {
  await label(frame(1_500, dog(0.1, 1, 'rex')))
  await label(frame(4_500, dog(0.4, 1, 'rex')))
  succeeded(await server.call('PostDatasets', { userAppId: app.userAppId, datasets: [{ id: 'all' }] }))
  const datasetInputs = [{ input: { id: 'film' } }]
  succeeded(await server.call('PostDatasetInputs', { userAppId: app.userAppId, datasetId: 'all', datasetInputs }))
  // Where it is in the second frame, in every frame.
  runtime.answer = seconds(() => dog(0.4, 0.8))
  const wanted = {
    id: 'boxes',
    model: { ...EMBEDDER, id: 'general-image-detection' },
    groundTruthDataset: { id: 'all' },
  }
  succeeded(await server.call('PostEvaluations', { userAppId: app.userAppId, evalMetrics: [wanted] }))
  await server.services.jobs.idle()
  const asked = { userAppId: app.userAppId, evaluationId: 'boxes', fields: { testSet: true, metricsByClass: true } }
  const { evalMetrics: metrics } = succeeded(await server.call('GetEvaluation', asked))
  assert.equal(metrics?.status?.code, MODEL_EVALUATED, metrics?.status?.details)
  const [at50] = metrics!.metricsByClass.filter(({ concept }) => concept?.name === 'dog')
  assert.deepEqual([at50?.numPos, at50?.iou], [2, 0.5])
  // One of two is found, among four boxes of equal scores: the labelled frames without a dog have one, too.
  assert.ok(at50!.avgPrecision > 0.1 && at50!.avgPrecision < 0.6, `${at50?.avgPrecision}`)
  const withBoxes = metrics!.testSet.filter(({ groundTruthAnnotation }) => groundTruthAnnotation?.data?.regions.length)
  assert.equal(withBoxes.length, 2)
  assert.deepEqual(metrics!.trackerMetrics, [], 'a detector alone follows nothing')
})

test('predictions that are stored as a dataset version are measured without running anything, tracks as well', async () => {
  const { userAppId } = app
  await label(frame(3_500, dog(0.4, 1, 'rex')))
  await label(frame(5_500, dog(0.4, 1, 'rex')))
  const version = async (more: object): Promise<string> => {
    const asked = { userAppId, datasetId: 'all', datasetVersions: [more] }
    const made = succeeded(await server.call('PostDatasetVersions', asked)).datasetVersions[0]!
    await server.services.jobs.idle()
    return made.id
  }
  const truths = await version({})
  // One dog that is always there, which gets another number after five seconds.
  runtime.answer = seconds((ms) => dog(0.4, 0.8, ms < 5_000 ? 'a' : 'b'))
  const model = { ...EMBEDDER, id: 'general-image-detection' }
  const said = await version({ dataConfig: { case: 'modelPredictConfig', value: { model } } })
  runtime.answer = () => ({ code: StatusCode.INTERNAL_UNCATEGORIZED, details: 'nothing shall run' })
  const runs = runtime.runs.length
  const wanted = {
    id: 'tracks',
    model,
    groundTruthDataset: { id: 'all', version: { id: truths } },
    predictionsDataset: { id: 'all', version: { id: said } },
  }
  succeeded(await server.call('PostEvaluations', { userAppId, evalMetrics: [wanted] }))
  await server.services.jobs.idle()
  assert.equal(runtime.runs.length, runs)
  const got = await server.call('GetEvaluation', { userAppId, evaluationId: 'tracks', fields: { testSet: true } })
  const metrics = succeeded(got).evalMetrics!
  assert.equal(metrics.status?.code, MODEL_EVALUATED, metrics.status?.details)
  assert.deepEqual([metrics.predictionsDataset?.id, metrics.predictionsDataset?.version?.id], ['all', said])
  const [of, ...others] = metrics.trackerMetrics
  assert.equal(others.length, 0)
  // Four true boxes: one is missed, three are made up in labelled frames, and the number changes once.
  assert.deepEqual([of?.motMota, of?.motNumSwitches], [1 - (1 + 3 + 1) / 4, 1])
  assert.deepEqual([of?.uniqueSwitchRate, of?.morseFrag], [1, 1])
  assert.ok(of!.avgPrecision > 0.2 && of!.avgPrecision < 0.8, `${of?.avgPrecision}`)
  const refusals: [object, RegExp][] = [
    [{ predictionsDataset: { id: 'all' }, evalInfo: { params: { use_kfold: true } } }, /folds/],
    [{ predictionsDataset: { id: 'empty' } }, /no version yet/],
  ]
  succeeded(await server.call('PostDatasets', { userAppId, datasets: [{ id: 'empty' }] }))
  for (const [more, details] of refusals) {
    const asked = { userAppId, evalMetrics: [{ ...wanted, ...more }] }
    refused(await server.call('PostEvaluations', asked), StatusCode.MODEL_INVALID_ARGUMENT, details)
  }
  const none = { userAppId, evalMetrics: [{ ...wanted, predictionsDataset: { id: 'nowhere' } }] }
  refused(await server.call('PostEvaluations', none), StatusCode.CONN_DOES_NOT_EXIST)
})
