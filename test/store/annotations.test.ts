import assert from 'node:assert/strict'
import { it } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { type Annotation, AnnotationSchema } from '../../src/contract/index.ts'
import { ensureConcepts, type LabelPlace } from '../../src/domain/annotations/concepts.ts'
import { presentAnnotations } from '../../src/domain/annotations/present.ts'
import { removeAnnotations, rewriteAnnotation, storeAnnotations } from '../../src/domain/annotations/store.ts'
import { CONCEPT_PLACES, SHAPES } from '../../src/store/data-bits.ts'
import type { Database } from '../../src/store/database.ts'
import { annotations, inputs } from '../../src/store/repos/families.ts'
import { readTallies } from '../../src/store/repos/tallies.ts'
import { newApp, newUser, onEachEngine, withDatabase } from './kit.ts'

onEachEngine('annotations', (engine) => {
  it('come back as they were given, vectors at their places', () =>
    withDatabase(engine, async (db) => {
      const at = await place(db)
      const given = annotation()
      await store(db, at, given)
      const rows = await db.read.selectFrom('annotations').selectAll().execute()
      const [whole] = await presentAnnotations(db.read, at, rows, { vectors: true })
      const region = whole!.data!.regions[0]!
      assert.match(region.id, /^[0-9a-f]{32}$/)
      assert.deepEqual(region.data?.embeddings[0]?.vector, [0.5, -0.25])
      assert.deepEqual(whole!.data?.embeddings[0]?.vector, [1, 2, 3])
      assert.equal(whole!.inputId, 'one')
      const [light] = await presentAnnotations(db.read, at, rows, { vectors: false })
      assert.deepEqual(light!.data?.embeddings[0]?.vector, [])
      assert.equal(light!.data?.embeddings[0]?.numDimensions, 3)
      assert.deepEqual(given.data?.embeddings[0]?.vector, [1, 2, 3], 'what was given is left whole')
    }))

  it('have rows for what searches look at', () =>
    withDatabase(engine, async (db) => {
      const at = await place(db)
      await store(db, at, annotation())
      const dog = await db.read.selectFrom('concepts').selectAll().where('id', '=', 'dog').executeTakeFirstOrThrow()
      const concepts = await db.read.selectFrom('annotation_concepts').selectAll().orderBy('value').execute()
      assert.deepEqual(
        concepts.map((row) => [row.concept_pk, row.place, row.value, row.app_pk, row.input_pk]),
        [
          [dog.pk, CONCEPT_PLACES.whole, 0.25, at.appPk, at.inputPk],
          [dog.pk, CONCEPT_PLACES.region, 0.75, at.appPk, at.inputPk],
        ],
      )
      const geo = await db.read.selectFrom('annotation_geos').selectAll().executeTakeFirstOrThrow()
      assert.deepEqual([geo.longitude, geo.latitude], [-3.5, 40])
      const vectors = await db.read.selectFrom('embeddings').selectAll().orderBy('pk').execute()
      assert.deepEqual(
        vectors.map(({ dimension, region_id }) => [dimension, region_id !== '']),
        [
          [3, false],
          [2, true],
        ],
      )
      const row = await db.read.selectFrom('annotations').selectAll().executeTakeFirstOrThrow()
      assert.equal(row.shapes, SHAPES.tags | SHAPES.geo | SHAPES.bounding_box | SHAPES.embeddings | SHAPES.metadata)
    }))

  it('show a renamed concept by its new name', () =>
    withDatabase(engine, async (db) => {
      const at = await place(db)
      await store(db, at, annotation())
      await db.transact((tx) => tx.updateTable('concepts').set({ name: 'Hound' }).where('id', '=', 'dog').execute())
      const rows = await db.read.selectFrom('annotations').selectAll().execute()
      const [read] = await presentAnnotations(db.read, at, rows, { vectors: false })
      assert.equal(read!.data?.concepts[0]?.name, 'Hound')
      assert.equal(read!.data?.concepts[0]?.appId, 'app')
    }))

  it('lose their rows for searches when they are written anew or deleted, and each time the app has changed', () =>
    withDatabase(engine, async (db) => {
      const at = await place(db)
      const [stored] = await store(db, at, annotation())
      const changes = async (): Promise<number> => (await readTallies(db.read, at.appPk, 'changes')).get(0) ?? 0
      const first = await changes()
      await db.transact(async (tx) => {
        const row = (await annotations.getByPk(tx, stored!.pk))!
        const message = create(AnnotationSchema, { data: { text: { raw: 'only text' } } })
        await rewriteAnnotation(tx, row, { message, conceptPk: () => undefined }, 9)
      })
      assert.ok((await changes()) > first)
      for (const table of ['annotation_concepts', 'annotation_geos', 'embeddings'] as const) {
        assert.deepEqual(await db.read.selectFrom(table).selectAll().execute(), [], table)
      }
      const row = await annotations.getByPk(db.read, stored!.pk)
      assert.deepEqual([row?.shapes, row?.revision, row?.modified_at], [SHAPES.text, 2, 9])
      assert.equal(await db.transact((tx) => removeAnnotations(tx, at.appPk, [stored!.pk])), 1)
      assert.deepEqual(await db.read.selectFrom('annotations').selectAll().execute(), [])
    }))

  it('take concepts by name, add unknown ones once, and demand the right to do so', () =>
    withDatabase(engine, async (db) => {
      const at = await place(db)
      const named = create(AnnotationSchema, { data: { concepts: [{ name: 'red fox', value: 1 }] } })
      await store(db, at, named)
      const again = create(AnnotationSchema, { data: { concepts: [{ name: 'red fox', value: 1 }] } })
      await store(db, at, again)
      assert.equal(again.data?.concepts[0]?.id, named.data?.concepts[0]?.id)
      const refuse = new Error('not allowed')
      const forbidden = {
        ...at,
        mayAddConcepts: () => {
          throw refuse
        },
      }
      await store(db, forbidden, create(AnnotationSchema, { data: { concepts: [{ name: 'red fox', value: 0 }] } }))
      await assert.rejects(
        store(db, forbidden, create(AnnotationSchema, { data: { concepts: [{ id: 'new' }] } })),
        (error) => error === refuse,
      )
    }))
})

interface Place extends LabelPlace {
  readonly inputPk: number
}

function annotation(): Annotation {
  return create(AnnotationSchema, {
    data: {
      concepts: [{ id: 'dog', name: 'Dog', value: 0.25 }],
      metadata: { a: [1, { b: null }] },
      geo: { geoPoint: { longitude: -3.5, latitude: 40 } },
      embeddings: [{ vector: [1, 2, 3] }],
      regions: [
        {
          regionInfo: { boundingBox: { topRow: 0.1, leftCol: 0.1, bottomRow: 0.9, rightCol: 0.9 } },
          data: {
            concepts: [
              { id: 'dog', value: 0.75 },
              { id: 'dog', value: 0.5 },
            ],
            embeddings: [{ vector: [0.5, -0.25] }],
          },
        },
      ],
    },
  })
}

async function place(db: Database): Promise<Place> {
  return db.transact(async (tx) => {
    const user = await tx.insertInto('users').values(newUser('ann')).returning('pk').executeTakeFirstOrThrow()
    const app = await tx.insertInto('apps').values(newApp(user.pk, 'app')).returning('pk').executeTakeFirstOrThrow()
    const times = { doc: '{}', created_at: 1, modified_at: 1 }
    const input = await inputs.insert(tx, {
      ...times,
      app_pk: app.pk,
      id: 'one',
      kinds: 1,
      status_code: 30_000,
      status_details: '',
      add_job_pk: null,
    })
    return { appPk: app.pk, appId: 'app', userId: 'ann', inputPk: input.pk, mayAddConcepts: () => undefined }
  })
}

function store(db: Database, at: Place, message: Annotation) {
  return db.transact(async (tx) => {
    const conceptPk = await ensureConcepts(tx, at, [message.data!], 5)
    const draft = { appPk: at.appPk, inputPk: at.inputPk, message, conceptPk, statusCode: 24_150, trusted: true }
    return storeAnnotations(tx, [{ ...draft, worker: { kind: 'user', id: 'ann', pk: null } }], 5)
  })
}
