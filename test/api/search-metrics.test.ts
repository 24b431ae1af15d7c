import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { AnnotationSchema, EvaluationType } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { ensureConcepts } from '../../src/domain/annotations/concepts.ts'
import { storeAnnotations } from '../../src/domain/annotations/store.ts'
import { refused, succeeded } from '../kit/apps.ts'
import { type FilterInit, SearchKit } from '../kit/searching.ts'
import { putInputs } from '../kit/stored-inputs.ts'
import { onEachEngine } from '../store/kit.ts'

const MODEL = 'c'.repeat(32)
// What is true of each input, and how sure a model was of it.
const INPUTS = [
  { truth: ['cat'], sure: { cat: 0.9, dog: 0.2 } },
  { truth: ['cat'], sure: { cat: 0.4, dog: 0.6 } },
  { truth: ['dog'], sure: { cat: 0.1, dog: 0.8 } },
  { truth: ['dog'], sure: { cat: 0.3, dog: 0.7 } },
] as const

onEachEngine('metrics of annotation searches', (engine) => {
  let kit: SearchKit

  before(async () => {
    kit = await SearchKit.start(engine)
    const { db, clock } = kit.server.services
    const pks = await putInputs(
      kit.server.services,
      kit.app,
      INPUTS.map((_, at) => ({ id: `i${at}` })),
    )
    // One that only the model speaks of says nothing about the model.
    await putInputs(kit.server.services, kit.app, [{ id: 'unlabelled' }])
    const boundingBox = { topRow: 0.1, leftCol: 0.1, bottomRow: 0.5, rightCol: 0.5 }
    const boxed = (id: string, value: number) => ({
      regions: [{ regionInfo: { boundingBox }, data: { concepts: [{ id, value }] } }],
    })
    await db.transact(async (tx) => {
      const now = clock.now()
      for (const [at, { truth, sure }] of INPUTS.entries()) {
        const place = { appPk: kit.app.pk, appId: '', userId: '', mayAddConcepts: () => {} }
        const person = { kind: 'user', id: kit.app.owner.id, pk: kit.app.owner.pk } as const
        const model = { kind: 'model_version', id: MODEL, pk: null } as const
        const said = truth.map((id) => ({ id, value: 1 }))
        const claimed = Object.entries(sure).map(([id, value]) => ({ id, value }))
        const best = Object.entries(sure).sort(([, a], [, b]) => b - a)[0]!
        const drafts = [
          { message: create(AnnotationSchema, { data: { concepts: said } }), worker: person },
          { message: create(AnnotationSchema, { data: { concepts: claimed } }), worker: model },
          { message: create(AnnotationSchema, { data: boxed(truth[0], 1) }), worker: person },
          { message: create(AnnotationSchema, { data: boxed(best[0], best[1]) }), worker: model },
        ]
        const datas = drafts.flatMap(({ message }) => message.data ?? [])
        const conceptPk = await ensureConcepts(tx, place, datas, now)
        const common = { appPk: kit.app.pk, inputPk: pks.get(`i${at}`)!, conceptPk }
        const statusCode = StatusCode.ANNOTATION_SUCCESS
        const stored = drafts.map((draft) => ({
          ...common,
          ...draft,
          statusCode,
          trusted: draft.worker.kind === 'user',
        }))
        await storeAnnotations(tx, stored, now)
      }
    })
  })
  after(() => kit[Symbol.asyncDispose]())

  const UA = () => ({ userAppId: kit.userAppId })
  const by = (...filters: FilterInit[]) => ({ query: { filters } })
  const whole: FilterInit = { annotation: { data: {} } }
  const boxes: FilterInit = { annotation: { data: { regions: [{ regionInfo: { boundingBox: {} } }] } } }
  const people: FilterInit = { annotation: { trusted: true } }
  const model: FilterInit = { annotation: { modelVersionId: MODEL } }
  const post = (request: object) =>
    kit.server.call('PostAnnotationSearchMetrics', {
      ...UA(),
      groundTruth: by(people, whole),
      searchToEval: by(model, whole),
      ...request,
    })
  const measured = async (id: string) => {
    await kit.server.services.jobs.idle()
    const answer = succeeded(await kit.server.call('GetAnnotationSearchMetrics', { ...UA(), id }))
    return answer.annotationSearchMetrics[0]!
  }

  test('labels are compared: what the first search finds is true', async () => {
    const posted = succeeded(await post({ id: 'labels' })).annotationSearchMetrics[0]!
    assert.equal(posted.metrics?.status?.code, StatusCode.MODEL_QUEUED_FOR_EVALUATION)
    assert.deepEqual([posted.metrics?.id, posted.activeConceptCount], ['labels', 2])
    const { metrics, groundTruth, searchToEval, data } = await measured('labels')
    assert.equal(metrics?.status?.code, StatusCode.MODEL_EVALUATED, metrics?.status?.details)
    assert.deepEqual([groundTruth?.query?.filters.length, searchToEval?.query?.filters.length], [2, 2])
    assert.deepEqual(data?.concepts.map(({ id }) => id).sort(), ['cat', 'dog'])
    // Cats: 0.9 and 0.4 against 0.1 and 0.3, so every cat is above every dog; dogs: 0.8, 0.7 against 0.2, 0.6.
    assert.equal(metrics?.summary?.macroAvgRocAuc, 1)
    const cat = metrics?.binaryMetrics.find(({ concept }) => concept?.id === 'cat')
    assert.deepEqual([cat?.numPos, cat?.numNeg, cat?.numTot, cat?.rocAuc], [2, 2, 4, 1])
    // At 0.5 one of two cats is found, and nothing else.
    assert.ok(Math.abs(cat!.f1 - 2 / 3) < 1e-6)
    assert.deepEqual(
      metrics?.labelCounts?.positiveLabelCounts.map(({ concept, count }) => [concept?.id, count]).sort(),
      [
        ['cat', 2],
        ['dog', 2],
      ],
    )
    assert.equal(metrics?.confusionMatrix?.matrix.length, 4)
  })

  test('only the concepts that are named count', async () => {
    succeeded(await post({ id: 'cats', data: { concepts: [{ id: 'cat' }] } }))
    const { metrics, activeConceptCount } = await measured('cats')
    assert.deepEqual([activeConceptCount, metrics?.binaryMetrics.map(({ concept }) => concept?.id)], [1, ['cat']])
  })

  test('boxes are compared as detections', async () => {
    const searches = { groundTruth: by(people, boxes), searchToEval: by(model, boxes) }
    succeeded(await post({ id: 'boxes', ...searches, evaluationType: EvaluationType.Detection }))
    const { metrics } = await measured('boxes')
    assert.equal(metrics?.status?.code, StatusCode.MODEL_EVALUATED, metrics?.status?.details)
    // Dogs are found before all else, of two cats one is: precision 1 up to a recall of 0.5, that is at 51 of 101 places.
    assert.ok(Math.abs(metrics!.summary!.meanAvgPrecisionIou50 - (1 + 51 / 101) / 2) < 1e-6)
    assert.ok(metrics!.metricsByClass.length > 0)
  })

  test('a search compared with itself is faultless; one that finds nothing has nothing to say', async () => {
    succeeded(await post({ id: 'same', searchToEval: by(people, whole) }))
    assert.equal((await measured('same')).metrics?.summary?.macroAvgF1Score, 1)
    succeeded(await post({ id: 'none', groundTruth: by({ annotation: { taskId: 'nothing' } }) }))
    const { metrics } = await measured('none')
    assert.equal(metrics?.status?.code, StatusCode.MODEL_EVALUATION_NEED_INPUTS)
    assert.match(metrics!.status!.details, /no labelled input/)
  })

  test('are listed with their summaries, the newest first, and deleted', async () => {
    const { id } = succeeded(await post({})).annotationSearchMetrics[0]!.metrics!
    assert.match(id, /^[0-9a-f]{32}$/)
    await measured(id)
    const { annotationSearchMetrics: listed } = succeeded(await kit.server.call('ListAnnotationSearchMetrics', UA()))
    assert.equal(listed[0]?.metrics?.id, id)
    assert.ok(listed.length >= 3)
    assert.ok(listed[0]?.metrics?.summary && listed[0].metrics.binaryMetrics.length === 0)
    succeeded(await kit.server.call('DeleteAnnotationSearchMetrics', { ...UA(), id }))
    for (const rpc of ['DeleteAnnotationSearchMetrics', 'GetAnnotationSearchMetrics'] as const) {
      refused(await kit.server.call(rpc, { ...UA(), id }), StatusCode.CONN_DOES_NOT_EXIST, /list those that exist/)
    }
  })

  test('what cannot be compared is refused', async () => {
    const no = async (request: object, details: RegExp, code: StatusCode = StatusCode.SEARCH_INVALID_REQUEST) =>
      refused(await post(request), code, details)
    succeeded(await post({ id: 'taken' }))
    await no({ id: 'taken' }, /already exists/, StatusCode.DATABASE_DUPLICATE_KEY)
    await no({ groundTruth: undefined }, /lacks ground_truth/)
    await no({ searchToEval: undefined }, /lacks search_to_eval/)
    await no({ searchToEval: { query: { ranks: [{ annotation: { inputId: 'i0' } }] } } }, /has ranks/)
    await no({ evaluationType: EvaluationType.Tracker }, /Classification or Detection alone/)
    await no({ data: { concepts: [{ id: 'unicorn' }] } }, /no concept 'unicorn'/)
    await no({ id: 'not an id!' }, /id/)
    const { pat: key } = await kit.server.makeUser('stranger')
    refused(await kit.server.call('ListAnnotationSearchMetrics', UA(), { key }), StatusCode.CONN_DOES_NOT_EXIST)
  })
})
