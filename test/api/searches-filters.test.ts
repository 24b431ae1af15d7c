import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { AnnotationSchema, type DataSchema } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { storeAnnotations } from '../../src/domain/annotations/store.ts'
import { urlHash } from '../../src/domain/inputs/posted.ts'
import { succeeded } from '../kit/apps.ts'
import { type FilterInit, idsOf, putZoo, SearchKit, withConcept } from '../kit/searching.ts'
import { putInputs } from '../kit/stored-inputs.ts'
import { onEachEngine } from '../store/kit.ts'

type DataInit = MessageInitShape<typeof DataSchema>

const ALL = ['far', 'side', 'middle', 'near']
const MODEL = 'd'.repeat(32)

onEachEngine('filters of searches', (engine) => {
  let kit: SearchKit

  before(async () => {
    kit = await SearchKit.start(engine)
    await putZoo(kit)
  })
  after(() => kit[Symbol.asyncDispose]())

  const labelled = (data: DataInit): FilterInit => ({ annotation: { data } })
  const not = (filter: FilterInit): FilterInit => ({ ...filter, negate: true })

  describe('together', () => {
    test('without any, all processed inputs come, the newest first, each with score 1', async () => {
      for (const query of [undefined, {}, { filters: [{}] }, { filters: [{ annotation: {} }, { input: {} }] }]) {
        const { hits } = succeeded(await kit.inputs({ query }))
        assert.deepEqual(idsOf(hits), ALL)
        assert.ok(hits.every(({ score, annotation }) => score === 1 && annotation === undefined))
        assert.equal(hits[3]!.input?.data?.concepts[0]?.id, 'dog')
      }
    })

    test('several must all hold: of inputs each on any annotation, of annotations all on the same', async () => {
      assert.deepEqual(await kit.inputsBy(withConcept('dog'), withConcept('cat')), [])
      assert.deepEqual(await kit.inputsBy(withConcept('dog'), withConcept('cat', 0)), ['middle'])
      assert.deepEqual(await kit.inputsBy(withConcept('ear'), withConcept('tail')), ['near'])
      assert.deepEqual(await kit.annotationsBy(withConcept('ear')), ['r-ear'])
      assert.deepEqual(await kit.annotationsBy(withConcept('ear'), withConcept('tail')), [])
    })

    test('within one the parts are alternatives: concepts, an annotation and an input, kinds and a status', async () => {
      const either = { concepts: ['dog', 'cat'].map((id) => ({ id, value: 1 })) }
      assert.deepEqual(await kit.inputsBy(labelled(either)), ['side', 'middle', 'near'])
      assert.deepEqual(
        await kit.inputsBy({
          ...labelled({ concepts: [{ id: 'cat', value: 1 }] }),
          input: { data: { video: {} } },
        } as FilterInit),
        ['far', 'side'],
      )
      const audio = { data: { audio: {} } }
      assert.deepEqual(await kit.inputsBy({ input: audio }), [])
      assert.deepEqual(await kit.inputsBy({ input: { ...audio, status: { code: 30000 } } }), ALL)
    })

    test('negated they find what they do not hold for, inputs and annotations', async () => {
      assert.deepEqual(await kit.inputsBy(not(withConcept('dog'))), ['far', 'side'])
      assert.deepEqual(await kit.inputsBy(not(withConcept('dog')), not(withConcept('cat'))), ['far'])
      assert.deepEqual(await kit.annotationsBy(not(withConcept('ear')), withConcept('tail')), ['r-tail'])
      assert.deepEqual(await kit.inputsBy(not(withConcept('ear'))), ['far', 'side', 'middle'])
      assert.deepEqual(await kit.inputsBy(not({ input: { id: 'far' } })), ['side', 'middle', 'near'])
    })

    test('that contradict each other find nothing', async () => {
      assert.deepEqual(await kit.inputsBy(withConcept('dog'), not(withConcept('dog'))), [])
      assert.deepEqual(await kit.inputsBy({ input: { data: { image: {} } } }, { input: { data: { video: {} } } }), [])
      assert.deepEqual(await kit.inputsBy({ input: { id: 'near' } }, { input: { id: 'far' } }), [])
      assert.deepEqual(
        await kit.inputsBy({ lastUpdatedTimeRange: { startTime: { seconds: 9n }, endTime: { seconds: 1n } } }),
        [],
      )
    })
  })

  describe('by labels', () => {
    test('a concept by id, or by name where there is no id; 1 asks for positive, 0 for negative labels', async () => {
      assert.deepEqual(await kit.inputsBy(withConcept('dog')), ['middle', 'near'])
      assert.deepEqual(await kit.inputsBy(labelled({ concepts: [{ name: 'dog', value: 1 }] })), ['middle', 'near'])
      assert.deepEqual(await kit.inputsBy(labelled({ concepts: [{ id: 'dog', name: 'cat', value: 1 }] })), [
        'middle',
        'near',
      ])
      assert.deepEqual(await kit.inputsBy(withConcept('cat', 0)), ['middle'])
      assert.deepEqual(await kit.inputsBy(withConcept('unknown')), [])
    })

    test('metadata are contained at the same place; keys of one filter are alternatives', async () => {
      const metadata = (value: object) => labelled({ metadata: value as never })
      assert.deepEqual(await kit.inputsBy(metadata({ place: 'zoo' })), ['middle'])
      assert.deepEqual(await kit.inputsBy(metadata({ place: 'Zoo' })), [])
      assert.deepEqual(await kit.inputsBy(metadata({ tags: ['b'] })), ['middle'])
      assert.deepEqual(await kit.inputsBy(metadata({ tags: ['b', 'a'] })), ['middle'])
      assert.deepEqual(await kit.inputsBy(metadata({ tags: ['c'] })), [])
      assert.deepEqual(await kit.inputsBy(metadata({ deep: { of: 3 } })), ['middle'])
      assert.deepEqual(await kit.inputsBy(metadata({ of: 3 })), [])
      assert.deepEqual(await kit.inputsBy(metadata({ place: 'home', tags: ['a'] })), ['side', 'middle'])
      assert.deepEqual(await kit.inputsBy(metadata({ place: 'zoo' }), metadata({ tags: ['a'] })), ['middle'])
      assert.deepEqual(await kit.inputsBy(metadata({ place: 'home' }), metadata({ tags: ['a'] })), [])
    })

    test('places: around a point in each unit, the border included, and in a box of two corners', async () => {
      const around = (type: string, value: number) =>
        labelled({ geo: { geoPoint: { latitude: 40.7, longitude: -74 }, geoLimit: { type, value } } })
      for (const [type, yes, no] of [
        ['withinKilometers', 6, 5],
        ['withinMiles', 4, 3],
        ['withinDegrees', 0.06, 0.05],
        ['withinRadians', 0.001, 0.0005],
        ['kilometer', 6, 5],
        ['mile', 4, 3],
      ] as const) {
        assert.deepEqual(await kit.inputsBy(around(type, yes)), ['far'], type)
        assert.deepEqual(await kit.inputsBy(around(type, no)), [], type)
      }
      const point = { latitude: 40.75, longitude: -73.98 }
      assert.deepEqual(await kit.inputsBy(labelled({ geo: { geoPoint: point } })), ['far'])
      assert.deepEqual(await kit.inputsBy(around('withinKilometers', 1e9)), ['far'])
      const corner = (latitude: number, longitude: number) => ({ geoPoint: { latitude, longitude } })
      const within = (...geoBox: ReturnType<typeof corner>[]) => kit.inputsBy(labelled({ geo: { geoBox } }))
      assert.deepEqual(await within(corner(41, -75), corner(40, -73)), ['far'])
      assert.deepEqual(await within(corner(40, -73), corner(41, -75)), ['far'])
      assert.deepEqual(await within(corner(40.75, -73.98), corner(0, 0)), ['far'])
      assert.deepEqual(await within(corner(41, -75), corner(42, -73)), [])
    })

    test('an empty message asks for annotations of its kind; empty data for labels of the whole', async () => {
      await putInputs(kit.server.services, kit.app, [{ id: 'parts', kind: 'video' }])
      const boundingBox = { topRow: 0.1, leftCol: 0.1, bottomRow: 0.5, rightCol: 0.5 }
      const points = [
        { row: 0.1, col: 0.1 },
        { row: 0.1, col: 0.5 },
        { row: 0.5, col: 0.5 },
      ]
      const places = {
        box: { boundingBox },
        polygon: { polygon: { points } },
        point: { point: { row: 0.5, col: 0.5 } },
      }
      const concepts = [{ id: 'part', value: 1 }]
      await kit.annotate(
        ...Object.entries(places).map(([id, regionInfo]) => ({
          inputId: 'parts',
          id,
          data: { regions: [{ regionInfo, trackId: `t-${id}`, data: { concepts } }] },
        })),
        { inputId: 'parts', id: 'frame', data: { frames: [{ frameInfo: { time: 40 }, data: { concepts } }] } },
        {
          inputId: 'parts',
          id: 'segment',
          data: { timeSegments: [{ timeInfo: { beginTime: 0, endTime: 1 }, data: { concepts } }] },
        },
        { inputId: 'parts', id: 'text', data: { text: { raw: 'spoken' } } },
        { inputId: 'parts', id: 'tag', data: { concepts } },
        { inputId: 'parts', id: 'grouped', data: { clusters: [{ id: 'k-1', score: 0.5 }] } },
      )
      const of = { annotation: { inputId: 'parts' } }
      const found = async (data: DataInit) => (await kit.annotationsBy(of, labelled(data))).sort()
      for (const [id, kind] of [
        ['box', 'boundingBox'],
        ['polygon', 'polygon'],
        ['point', 'point'],
      ]) {
        assert.deepEqual(await found({ regions: [{ regionInfo: { [kind!]: {} } }] } as DataInit), [id])
      }
      assert.deepEqual(await found({ frames: [{ frameInfo: {} }] }), ['frame'])
      assert.deepEqual(await found({ timeSegments: [{ timeInfo: {} }] }), ['segment'])
      assert.deepEqual(await found({ text: {} }), ['text'])
      assert.deepEqual(await found({ regions: [{ trackId: 't-box' }] }), ['box'])
      assert.deepEqual(await found({ clusters: [{ id: 'k-1' }] }), ['grouped'])
      const whole = (await kit.annotationsBy(of, labelled({}))).filter((id) => id && id.length < 10)
      assert.deepEqual(whole.sort(), ['grouped', 'tag', 'text'])
      assert.equal((await found({ metadata: {} })).length, 9)
      assert.deepEqual(await kit.annotationsBy(of, { annotation: { annotationInfo: {} } }, labelled({ image: {} })), [])
      assert.equal((await found({ video: {} })).length, 9)
      assert.deepEqual(await found({ video: {}, clusters: [{ id: 'k-1' }] }), ['grouped'])
    })
  })

  describe('by who said it and how it stands', () => {
    before(async () => {
      const { db, clock } = kit.server.services
      const pks = await putInputs(kit.server.services, kit.app, [{ id: 'said' }])
      const at = { appPk: kit.app.pk, inputPk: pks.get('said')!, conceptPk: () => undefined }
      const draft = (id: string, more: object = {}) => ({
        ...at,
        message: create(AnnotationSchema, { id, taskId: `task-${id}`, annotationInfo: { by: id } }),
        worker: { kind: 'user', id: kit.app.owner.id, pk: kit.app.owner.pk } as const,
        statusCode: StatusCode.ANNOTATION_SUCCESS,
        trusted: true,
        ...more,
      })
      await db.transact((tx) =>
        storeAnnotations(
          tx,
          [
            draft('person'),
            draft('model', { worker: { kind: 'model_version', id: MODEL, pk: null }, trusted: false }),
            draft('flow', { worker: { kind: 'workflow_version', id: MODEL, pk: null }, trusted: false }),
            draft('by-group', {
              message: create(AnnotationSchema, { id: 'by-group', data: { clusters: [{ id: 'k-9', score: 0.7 }] } }),
              worker: { kind: 'model_version', id: MODEL, pk: null },
              trusted: false,
            }),
            draft('pending', { statusCode: StatusCode.ANNOTATION_PENDING }),
          ],
          clock.now(),
        ),
      )
    })
    const of = { annotation: { inputId: 'said' } }
    const found = async (annotation: NonNullable<FilterInit['annotation']>) =>
      (await kit.annotationsBy(of, { annotation })).filter((id) => id && id.length < 10).sort()

    test('by id, input, task, annotation_info and level', async () => {
      assert.deepEqual(await found({ id: 'person' }), ['person'])
      assert.deepEqual(await found({ taskId: 'task-person' }), ['person'])
      assert.deepEqual(await found({ annotationInfo: { by: 'person' } }), ['person'])
      assert.deepEqual(await found({ annotationInfo: { by: 'Person' } }), [])
      assert.deepEqual(await kit.inputsBy({ annotation: { id: 'person' } }), ['said'])
      const { hits } = succeeded(
        await kit.annotations({ query: { filters: [of, { annotation: { inputLevel: true } }] } }),
      )
      assert.deepEqual(
        hits.map(({ annotation }) => annotation?.inputLevel),
        [true],
      )
    })

    test('what models said is seen only where a worker or trusted is named', async () => {
      assert.deepEqual(await found({ taskId: 'task-model' }), [])
      assert.deepEqual(await found({ worker: { worker: { case: 'model', value: { modelVersion: { id: MODEL } } } } }), [
        'by-group',
        'model',
      ])
      assert.deepEqual(await found({ worker: { worker: { case: 'workflow', value: { version: { id: MODEL } } } } }), [
        'flow',
      ])
      assert.deepEqual(await found({ modelVersionId: MODEL }), ['by-group', 'model'])
      const person = kit.app.owner.id
      assert.deepEqual(await found({ worker: { worker: { case: 'user', value: { id: person } } } }), ['person'])
      assert.deepEqual(await found({ userId: person }), ['person'])
      assert.deepEqual(await found({ trusted: true }), ['person'])
      const byModels = await kit.annotationsBy(of, { annotation: { trusted: true }, negate: true })
      assert.deepEqual(byModels.sort(), ['by-group', 'flow', 'model'])
    })

    test('clusters, which only models make, are found without one, in the older form too', async () => {
      const clusters = [{ id: 'k-9' }]
      assert.deepEqual(await kit.annotationsBy({ annotation: { data: { clusters } } }), ['by-group'])
      assert.deepEqual(await kit.inputsBy({ annotation: { data: { clusters: [{ id: 'k-8' }] } } }), [])
      const ands = [{ output: { data: { clusters } } }]
      const older = await kit.server.call('PostSearches', { userAppId: kit.userAppId, query: { ands } })
      assert.deepEqual(
        succeeded(older).hits.map(({ input, score }) => [input?.id, score]),
        [['said', 1]],
      )
    })

    test('annotations that are not done are found where a filter asks for a status', async () => {
      assert.deepEqual(await found({ id: 'pending' }), [])
      assert.deepEqual(await found({ status: { code: StatusCode.ANNOTATION_PENDING } }), ['pending'])
    })

    test('by when an annotation was changed, both ends included', async () => {
      const { annotation } = succeeded(
        await kit.server.call('GetAnnotation', { userAppId: kit.userAppId, inputId: 'said', annotationId: 'person' }),
      )
      const at = annotation!.modifiedAt!
      const later = { seconds: at.seconds + 1n, nanos: 0 }
      const during = async (startTime: object | undefined, endTime: object | undefined) =>
        kit.annotationsBy({ annotation: { id: 'person' } }, {
          lastUpdatedTimeRange: { startTime, endTime },
        } as FilterInit)
      assert.deepEqual(await during(at, at), ['person'])
      assert.deepEqual(await during(undefined, at), ['person'])
      assert.deepEqual(await during(at, undefined), ['person'])
      assert.deepEqual(await during(later, undefined), [])
    })
  })

  describe('by the input', () => {
    test('of a kind, in a dataset, with a status, by id and by the address it came from', async () => {
      assert.deepEqual(await kit.inputsBy({ input: { data: { image: {} } } }, { input: { id: 'near' } }), ['near'])
      assert.deepEqual(await kit.inputsBy({ input: { data: { text: {} } } }), ['side'])
      assert.deepEqual(await kit.inputsBy({ input: { status: { code: StatusCode.INPUT_PENDING } } }), ['waiting'])
      const { userAppId } = kit
      for (const [id, members] of [
        ['first', ['near', 'side']],
        ['second', ['side', 'far']],
      ] as const) {
        succeeded(await kit.server.call('PostDatasets', { userAppId, datasets: [{ id }] }))
        const datasetInputs = members.map((member) => ({ input: { id: member } }))
        succeeded(await kit.server.call('PostDatasetInputs', { userAppId, datasetId: id, datasetInputs }))
      }
      const inDatasets = (...datasetIds: string[]): FilterInit => ({ input: { datasetIds } })
      assert.deepEqual(await kit.inputsBy(inDatasets('first')), ['side', 'near'])
      assert.deepEqual(await kit.inputsBy(inDatasets('first', 'second')), ['far', 'side', 'near'])
      assert.deepEqual(await kit.inputsBy(inDatasets('first'), inDatasets('second')), ['side'])
      assert.deepEqual(await kit.inputsBy(inDatasets('nowhere')), [])
      const url = 'https://example.com/near.jpg'
      await kit.server.services.db.transact(async (tx) => {
        const { pk } = await tx.selectFrom('inputs').select('pk').where('id', '=', 'near').executeTakeFirstOrThrow()
        await tx
          .insertInto('input_urls')
          .values({ app_pk: kit.app.pk, url_hash: urlHash(url), input_pk: pk })
          .execute()
      })
      assert.deepEqual(await kit.inputsBy({ input: { data: { image: { url } } } }), ['near'])
      assert.deepEqual(await kit.inputsBy({ input: { data: { image: { url: `${url}?` } } } }), [])
      for (const kind of ['image', 'video', 'audio', 'text']) {
        assert.deepEqual(await kit.inputsBy({ annotation: { data: { [kind]: { url } } } } as FilterInit), ['near'])
      }
      const ands = [{ input: { data: { image: { url } } } }]
      const older = await kit.server.call('PostSearches', { userAppId, query: { ands } })
      assert.deepEqual(idsOf(succeeded(older).hits), ['near'])
    })

    test('what has just been written is found, and what was deleted is not', async () => {
      await putInputs(kit.server.services, kit.app, [{ id: 'brief', data: { concepts: [{ id: 'brief', value: 1 }] } }])
      assert.deepEqual(await kit.inputsBy(withConcept('brief')), ['brief'])
      succeeded(await kit.server.call('DeleteInput', { userAppId: kit.userAppId, inputId: 'brief' }))
      assert.deepEqual(await kit.inputsBy(withConcept('brief')), [])
      assert.deepEqual(await kit.annotationsBy(withConcept('brief')), [])
    })
  })

  test('count what fits, several searches in one call, without hits', async () => {
    const searches = [withConcept('dog'), withConcept('cat'), withConcept('unknown')].map((filter) => ({
      query: { filters: [filter] },
    }))
    const { userAppId } = kit
    const answer = succeeded(await kit.server.call('PostInputsSearches', { userAppId, searches, onlyCount: true }))
    const totals = answer.hitCounts.map(({ estimatedTotal }) => estimatedTotal)
    assert.deepEqual([answer.hits, totals], [[], [2n, 1n, 0n]])
  })
})
