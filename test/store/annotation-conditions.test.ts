import assert from 'node:assert/strict'
import { it } from 'node:test'
import { create, type MessageInitShape } from '@bufbuild/protobuf'
import { systemClock } from '../../src/base/clock.ts'
import { toTimestamp } from '../../src/base/timestamps.ts'
import { AnnotationSchema, type DataSchema, FilterSchema } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { ensureConcepts } from '../../src/domain/annotations/concepts.ts'
import { type AnnotationDraft, storeAnnotations } from '../../src/domain/annotations/store.ts'
import { planFilters } from '../../src/domain/search/filters/plan.ts'
import type { Database } from '../../src/store/database.ts'
import { meetsClauses } from '../../src/store/repos/annotation-conditions.ts'
import { apps, datasets, users } from '../../src/store/repos/families.ts'
import { putInputs } from '../kit/stored-inputs.ts'
import { newApp, newUser, onEachEngine, withDatabase } from './kit.ts'

type Filter = MessageInitShape<typeof FilterSchema>
type Data = MessageInitShape<typeof DataSchema>

const NOW = 5_000_000
const VERSION = 'a'.repeat(32)
const box = { boundingBox: { topRow: 0, leftCol: 0, bottomRow: 1, rightCol: 1 } }

const ANNOTATIONS: Record<string, { input: string; data: Data; message?: object; draft?: Partial<AnnotationDraft> }> = {
  cat: { input: 'photo', data: { concepts: [{ id: 'cat', name: 'Katze', value: 1 }] } },
  'no-cat': { input: 'film', data: { concepts: [{ id: 'cat', value: 0 }] } },
  maybe: {
    input: 'film',
    data: { concepts: [{ id: 'cat', value: 0.4 }] },
    draft: { trusted: false, worker: { kind: 'model_version', id: VERSION, pk: null } },
  },
  box: {
    input: 'photo',
    data: { regions: [{ regionInfo: box, trackId: 'track-1', data: { concepts: [{ id: 'dog', value: 1 }] } }] },
  },
  frame: {
    input: 'film',
    data: { frames: [{ frameInfo: { time: 1 }, data: { concepts: [{ id: 'dog', value: 1 }] } }] },
  },
  caption: { input: 'photo', data: { text: { raw: 'a cat' } } },
  facts: {
    input: 'photo',
    data: { metadata: { colour: 'red', sizes: [1, 2, 3], deep: { a: { b: true, c: null } }, 'odd "key"': 1 } },
  },
  berlin: { input: 'photo', data: { geo: { geoPoint: { latitude: 52.52, longitude: 13.4 } } } },
  cluster: { input: 'photo', data: { clusters: [{ id: 'k-7', score: 0.5 }] } },
  task: {
    input: 'film',
    data: { concepts: [{ id: 'emu', value: 1 }] },
    message: { taskId: 'job-1', annotationInfo: { by: 'hand' } },
  },
  waiting: {
    input: 'film',
    data: { concepts: [{ id: 'emu', value: 1 }] },
    draft: { statusCode: StatusCode.ANNOTATION_PENDING },
  },
}

async function fill(db: Database): Promise<number> {
  const clock = { now: () => NOW }
  const { app, owner } = await db.transact(async (tx) => {
    const owner = await users.insert(tx, newUser('ann'))
    return { owner, app: await apps.insert(tx, newApp(owner.pk, 'zoo')) }
  })
  const pks = await putInputs({ db, clock: { ...systemClock, ...clock } }, { pk: app.pk, owner }, [
    { id: 'photo' },
    { id: 'film', kind: 'video', statusCode: StatusCode.INPUT_PENDING },
  ])
  await db.transact(async (tx) => {
    const place = { appPk: app.pk, appId: '', userId: '', mayAddConcepts: () => {} }
    for (const [id, { input, data, message: more, draft }] of Object.entries(ANNOTATIONS)) {
      const message = create(AnnotationSchema, { id, data, ...more })
      const conceptPk = await ensureConcepts(tx, place, [message.data!], NOW)
      const worker = { kind: 'user', id: 'ann', pk: owner.pk } as const
      const common = { appPk: app.pk, inputPk: pks.get(input)!, message, worker, conceptPk, trusted: true }
      await storeAnnotations(tx, [{ ...common, statusCode: StatusCode.ANNOTATION_SUCCESS, ...draft }], NOW)
    }
    const dataset = {
      app_pk: app.pk,
      id: 'set',
      description: '',
      visibility: 10,
      doc: '{}',
      created_at: NOW,
      modified_at: NOW,
    }
    const { pk } = await datasets.insert(tx, dataset)
    await tx
      .insertInto('dataset_inputs')
      .values({ dataset_pk: pk, input_pk: pks.get('photo')!, created_at: NOW })
      .execute()
  })
  return app.pk
}

onEachEngine('annotation filters', (engine) => {
  it('find what they ask for', () =>
    withDatabase(engine, async (db) => {
      const appPk = await fill(db)
      const found = async (...filters: Filter[]): Promise<string[]> => {
        const { clauses } = planFilters(filters.map((filter) => create(FilterSchema, filter)))
        const rows = await db.read
          .selectFrom('annotations')
          .select('id')
          .where('app_pk', '=', appPk)
          .where('input_level', '=', 0)
          .where((eb) => meetsClauses(db.read, eb, { appPk: appPk }, clauses))
          .orderBy('pk')
          .execute()
        return rows.map(({ id }) => id)
      }
      const data = (init: Data): Filter => ({ annotation: { data: init } })
      const everything = Object.keys(ANNOTATIONS)
      const without = (...ids: string[]) => everything.filter((id) => !ids.includes(id))

      assert.deepEqual(await found(), everything)
      assert.deepEqual(await found({}, { annotation: {}, input: {} }), everything)
      assert.deepEqual(await found({ annotation: { id: 'box' } }), ['box'])
      assert.deepEqual(await found({ annotation: { inputId: 'photo' } }, { annotation: { id: 'cat' } }), ['cat'])
      assert.deepEqual(await found({ annotation: { taskId: 'job-1' } }), ['task'])
      assert.deepEqual(await found({ annotation: { annotationInfo: { by: 'hand' } } }), ['task'])
      assert.deepEqual(await found({ annotation: { modelVersionId: VERSION } }), ['maybe'])
      assert.deepEqual(await found({ annotation: { userId: 'ann' }, negate: true }), ['maybe'])
      assert.deepEqual(await found({ annotation: { trusted: true }, negate: true }), ['maybe'])
      assert.deepEqual(await found({ annotation: { status: { code: StatusCode.ANNOTATION_PENDING } } }), ['waiting'])

      // Concepts by id or name, positive or negative; alternatives within a filter, all of several filters.
      assert.deepEqual(await found(data({ concepts: [{ id: 'cat', value: 1 }] })), ['cat'])
      assert.deepEqual(await found(data({ concepts: [{ name: 'Katze', value: 0 }] })), ['no-cat'])
      assert.deepEqual(await found(data({ concepts: [{ id: 'cat', value: 0.3 }] })), ['cat', 'maybe'])
      assert.deepEqual(
        await found(
          data({
            concepts: [
              { id: 'cat', value: 1 },
              { id: 'dog', value: 1 },
            ],
          }),
        ),
        ['cat', 'box', 'frame'],
      )
      assert.deepEqual(
        await found(data({ concepts: [{ id: 'cat', value: 1 }] }), data({ concepts: [{ id: 'dog', value: 1 }] })),
        [],
      )
      assert.deepEqual(await found(data({ concepts: [{ id: 'unknown', value: 1 }] })), [])

      // Shapes by empty messages.
      assert.deepEqual(await found(data({ regions: [{ regionInfo: { boundingBox: {} } }] })), ['box'])
      assert.deepEqual(await found(data({ regions: [{ regionInfo: { mask: {} } }] })), [])
      assert.deepEqual(await found(data({ regions: [{ trackId: 'track-1' }] })), ['box'])
      assert.deepEqual(await found(data({ frames: [{ frameInfo: {} }] })), ['frame'])
      assert.deepEqual(await found(data({ text: {} })), ['caption'])
      assert.deepEqual(await found(data({})), without('box', 'frame'))
      assert.deepEqual(await found(data({ clusters: [{ id: 'k-7' }] })), ['cluster'])

      // Metadata hold what is asked for, keys as alternatives.
      const metadata = (value: Data['metadata']) => found(data({ metadata: value! }))
      assert.deepEqual(await metadata({ colour: 'red' }), ['facts'])
      assert.deepEqual(await metadata({ colour: 'RED' }), [])
      assert.deepEqual(await metadata({ colour: 'blue', sizes: [3, 1] }), ['facts'])
      assert.deepEqual(await metadata({ sizes: [4] }), [])
      assert.deepEqual(await metadata({ deep: { a: { b: true } } }), ['facts'])
      assert.deepEqual(await metadata({ deep: { a: { c: null } } }), ['facts'])
      assert.deepEqual(await metadata({ deep: { b: true } }), [])
      assert.deepEqual(await metadata({ 'odd "key"': 1 }), ['facts'])
      assert.deepEqual(await metadata({ colour: { red: 1 } }), [])

      // Places on earth, bounds included.
      const near = (value: number, type = 'withinKilometers') =>
        found(data({ geo: { geoPoint: { latitude: 52.39, longitude: 13.06 }, geoLimit: { type, value } } }))
      assert.deepEqual([await near(30), await near(20)], [['berlin'], []])
      assert.deepEqual([await near(19, 'withinMiles'), await near(0.3, 'withinDegrees')], [['berlin'], ['berlin']])
      const corner = (latitude: number, longitude: number) => ({ geoPoint: { latitude, longitude } })
      assert.deepEqual(await found(data({ geo: { geoBox: [corner(53, 13), corner(52, 14)] } })), ['berlin'])
      assert.deepEqual(await found(data({ geo: { geoBox: [corner(53, 13), corner(52.6, 14)] } })), [])

      // The input that it is about, and when it changed.
      assert.deepEqual(await found({ input: { data: { video: {} } } }), ['no-cat', 'maybe', 'frame', 'task', 'waiting'])
      assert.deepEqual(await found({ input: { datasetIds: ['set'] } }), [
        'cat',
        'box',
        'caption',
        'facts',
        'berlin',
        'cluster',
      ])
      assert.deepEqual(
        await found({ input: { status: { code: StatusCode.INPUT_PENDING } }, annotation: { id: 'cat' } }),
        ['cat', 'no-cat', 'maybe', 'frame', 'task', 'waiting'],
      )
      assert.deepEqual(
        await found({ lastUpdatedTimeRange: { startTime: toTimestamp(NOW), endTime: toTimestamp(NOW) } }),
        everything,
      )
      assert.deepEqual(await found({ lastUpdatedTimeRange: { startTime: toTimestamp(NOW + 1) } }), [])
    }))
})
