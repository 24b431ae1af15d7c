import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { type Annotation, AnnotationDataType, AnnotationSchema } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { storeAnnotations } from '../../src/domain/annotations/store.ts'
import { refused, succeeded } from '../kit/apps.ts'
import { SearchKit } from '../kit/searching.ts'
import { putInputs } from '../kit/stored-inputs.ts'
import { onEachEngine } from '../store/kit.ts'

const FRAME_MS = 40
const boundingBox = { topRow: 0.1, leftCol: 0.1, bottomRow: 0.5, rightCol: 0.5 }
const regionOf = (trackId: string, regionInfo: object = { boundingBox }) => ({
  trackId,
  regionInfo,
  data: { concepts: [{ id: 'ball', value: 1 }] },
})
const frameData = (number: number, regions: object[], more: object = {}) => ({
  frames: [{ frameInfo: { number, time: number * FRAME_MS }, data: { regions, ...more } }],
})
const frame = (number: number, region?: ReturnType<typeof regionOf>, more: object = {}) => ({
  inputId: 'film',
  id: `f${number}-${region?.trackId ?? ''}-${Object.keys(region?.regionInfo ?? {})}`,
  data: frameData(number, region ? [region] : [], more),
})

onEachEngine('searches of track annotations', (engine) => {
  let kit: SearchKit

  before(async () => {
    kit = await SearchKit.start(engine)
    await putInputs(kit.server.services, kit.app, [
      { id: 'film', kind: 'video' },
      { id: 'other', kind: 'video' },
    ])
    // Written from the end, as the order of the film is not the order of writing.
    for (const track of ['a', 'b']) {
      await kit.annotate(...Array.from({ length: 100 }, (_, at) => frame(99 - at, regionOf(track))))
    }
    await kit.annotate(
      frame(5, regionOf('a', { point: { row: 0.5, col: 0.5 } })),
      frame(200, regionOf('late')),
      { ...frame(6, undefined, { concepts: [{ id: 'goal', value: 1 }] }), id: 'tag' },
      { ...frame(1, regionOf('a')), inputId: 'other' },
      { inputId: 'film', id: 'whole', data: { concepts: [{ id: 'sport', value: 1 }] } },
    )
  })
  after(() => kit[Symbol.asyncDispose]())

  const search = async (wish: object = {}) =>
    succeeded(
      await kit.server.call('PostTrackAnnotationsSearches', { userAppId: kit.userAppId, inputId: 'film', ...wish }),
    ).annotations
  const numbers = (found: readonly Annotation[]) => found.map(({ data }) => data?.frames[0]?.frameInfo?.number)
  const upTo = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at)
  const byModel = (letter: string) => ({
    worker: { worker: { case: 'model' as const, value: { modelVersion: { id: letter.repeat(32) } } } },
  })
  const made = { worker: { worker: { case: 'user' as const, value: { id: 'admin' } } } }

  test('answer the annotations of a track in the order of the film, 60 frames unless asked for fewer', async () => {
    const found = await search({ trackId: 'b' })
    assert.deepEqual(numbers(found), upTo(0, 60))
    assert.deepEqual(
      found[0]?.data?.frames[0]?.data?.regions.map(({ trackId, data }) => [trackId, data?.concepts[0]?.id]),
      [['b', 'ball']],
    )
    assert.deepEqual(numbers(await search({ trackId: 'b', maxFrames: 3 })), [0, 1, 2])
    assert.deepEqual(await search({ trackId: 'nobody' }), [])
  })

  test('go on from a frame or from a time, both included, for three seconds unless asked for less', async () => {
    assert.deepEqual(numbers(await search({ trackId: 'b', frameNumberStart: 50 })), upTo(50, 100))
    const fromTime = await search({ trackId: 'b', frameTimeStart: 50 * FRAME_MS, maxDuration: 5 * FRAME_MS })
    assert.deepEqual(numbers(fromTime), upTo(50, 55))
    const fromNumber = await search({ trackId: 'b', frameNumberStart: 90, maxDuration: 2 * FRAME_MS })
    assert.deepEqual(numbers(fromNumber), [90, 91])
    assert.deepEqual(numbers(await search({ trackId: 'late' })), [])
    assert.deepEqual(numbers(await search({ trackId: 'late', frameNumberStart: 100 })), [200])
    assert.deepEqual(numbers(await search({ trackId: 'late', frameTimeStart: 200 * FRAME_MS + 1 })), [])
  })

  test('several annotations of a frame are one frame of the sixty', async () => {
    const found = await search({ trackId: 'a', frameNumberStart: 4, maxFrames: 2 })
    assert.deepEqual(numbers(found), [4, 5, 5])
    assert.deepEqual(numbers(await search({ maxFrames: 2 })), [0, 0, 1, 1])
  })

  test('by type: points are everybody’s, others those of somebody named; by the frame without a track', async () => {
    const point = AnnotationDataType.POINT
    assert.deepEqual(numbers(await search({ annotationType: point })), [5])
    const boxes = await search({ annotationType: AnnotationDataType.BOUNDING_BOX, ...made, maxFrames: 2 })
    assert.deepEqual(numbers(boxes), [0, 0, 1, 1])
    const tags = await search({ annotationType: AnnotationDataType.TAG, ...made })
    assert.deepEqual(
      tags.map(({ id }) => id),
      ['tag'],
    )
  })

  test('the stream goes on to the end of the film, or as far as asked', async () => {
    const stream = async (wish: object) =>
      numbers(
        (
          await kit.server.stream('StreamTrackAnnotationsSearches', [
            { userAppId: kit.userAppId, inputId: 'film', ...wish },
          ])
        ).map((answer) => succeeded(answer).annotation!),
      )
    assert.deepEqual(await stream({ trackId: 'b' }), upTo(0, 100))
    assert.deepEqual(await stream({ trackId: 'b', maxFrames: 70 }), upTo(0, 70))
    assert.deepEqual(await stream({ trackId: 'b', frameTimeStart: 3_600, maxDuration: 80 }), [90, 91])
    assert.deepEqual((await stream({})).length, 203)
  })

  test('of what a model says of a frame only the regions of the track are answered', async () => {
    const { db, clock } = kit.server.services
    const { pk: inputPk } = await db.read
      .selectFrom('inputs')
      .select('pk')
      .where('id', '=', 'other')
      .executeTakeFirstOrThrow()
    const message = create(AnnotationSchema, { data: frameData(7, [regionOf('x'), regionOf('y'), regionOf('x')]) })
    const worker = { kind: 'model_version', id: 'e'.repeat(32), pk: null } as const
    const draft = { appPk: kit.app.pk, inputPk, message, worker, trusted: false, conceptPk: () => undefined }
    await db.transact((tx) =>
      storeAnnotations(tx, [{ ...draft, statusCode: StatusCode.ANNOTATION_SUCCESS }], clock.now()),
    )
    const tracks = async (trackId: string) => {
      const [found] = await search({ inputId: 'other', trackId, ...byModel('e') })
      return found?.data?.frames[0]?.data?.regions.map((region) => region.trackId)
    }
    assert.deepEqual(await tracks('x'), ['x', 'x'])
    assert.deepEqual(await tracks('y'), ['y'])
    assert.deepEqual(await tracks(''), ['x', 'y', 'x'])
    assert.deepEqual(await search({ inputId: 'other', trackId: 'x', ...byModel('f') }), [])
  })

  test('an annotation that is patched or deleted is found where it is now', async () => {
    await kit.annotate({ ...frame(300, regionOf('m')), id: 'moves' })
    assert.deepEqual(numbers(await search({ trackId: 'm', frameNumberStart: 250 })), [300])
    const annotations = [{ ...frame(310, regionOf('m')), id: 'moves' }]
    succeeded(await kit.server.call('PatchAnnotations', { userAppId: kit.userAppId, annotations, action: 'overwrite' }))
    assert.deepEqual(numbers(await search({ trackId: 'm', frameNumberStart: 250 })), [310])
    const gone = { userAppId: kit.userAppId, inputId: 'film', annotationId: 'moves' }
    succeeded(await kit.server.call('DeleteAnnotation', gone))
    assert.deepEqual(await search({ trackId: 'm', frameNumberStart: 250 }), [])
  })

  test('what cannot be asked is refused', async () => {
    const no = async (wish: object, code: StatusCode, details: RegExp) =>
      refused(
        await kit.server.call('PostTrackAnnotationsSearches', { userAppId: kit.userAppId, inputId: 'film', ...wish }),
        code,
        details,
      )
    const invalid = StatusCode.ANNOTATION_INVALID_ARGUMENT
    await no({ maxFrames: 61 }, invalid, /at most 60, or the stream/)
    await no({ maxDuration: 3_001 }, invalid, /at most 3000, or the stream/)
    await no({ annotationType: AnnotationDataType.MASK }, invalid, /For MASK name whose annotations are wanted/)
    await no({ annotationType: 3 }, invalid, /no annotation_type 3/)
    await no({ inputId: 'nowhere' }, StatusCode.CONN_DOES_NOT_EXIST, /no input 'nowhere'/)
    const key = (await kit.server.makeUser('stranger')).pat
    refused(
      await kit.server.call('PostTrackAnnotationsSearches', { userAppId: kit.userAppId, inputId: 'film' }, { key }),
      StatusCode.CONN_DOES_NOT_EXIST,
    )
  })
})
