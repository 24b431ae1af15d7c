import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Database } from '../../src/store/database.ts'
import { annotations, inputs } from '../../src/store/repos/families.ts'
import { newApp, newUser, onEachEngine, withDatabase } from './kit.ts'

onEachEngine('the data plane', (engine) => {
  it('keeps numbers with fractions and bytes as they are', () =>
    withDatabase(engine, async (db) => {
      const { appPk, inputPk, annotationPk } = await oneAnnotation(db)
      const vector = new Uint8Array(new Float32Array([0.25, -1, 1e-7]).buffer)
      await db.transact(async (tx) => {
        const at = { app_pk: appPk, input_pk: inputPk, annotation_pk: annotationPk }
        await tx
          .insertInto('annotation_geos')
          .values({ ...at, longitude: -179.125, latitude: 3 })
          .execute()
        await tx
          .insertInto('embeddings')
          .values({ ...at, model_version_pk: 0, region_id: '', dimension: 3, vector })
          .execute()
      })
      const geo = await db.read.selectFrom('annotation_geos').selectAll().executeTakeFirstOrThrow()
      assert.deepEqual([geo.longitude, geo.latitude], [-179.125, 3])
      const stored = await db.read.selectFrom('embeddings').selectAll().executeTakeFirstOrThrow()
      assert.deepEqual(Uint8Array.from(stored.vector), vector)
    }))

  it('deletes with an input all that is said about it', () =>
    withDatabase(engine, async (db) => {
      const { appPk, inputPk, annotationPk } = await oneAnnotation(db)
      await db.transact(async (tx) => {
        const concept = { app_pk: appPk, input_pk: inputPk, annotation_pk: annotationPk, concept_pk: 7, place: 0 }
        await tx
          .insertInto('annotation_concepts')
          .values({ ...concept, value: 0.5 })
          .execute()
        await tx.insertInto('input_urls').values({ app_pk: appPk, url_hash: 'h', input_pk: inputPk }).execute()
      })
      await db.transact((tx) => inputs.deleteMany(tx, appPk, ['one']))
      for (const table of ['annotations', 'annotation_concepts', 'input_urls'] as const) {
        assert.deepEqual(await db.read.selectFrom(table).selectAll().execute(), [], table)
      }
    }))

  it('gives an input one input-level annotation only', () =>
    withDatabase(engine, async (db) => {
      const { appPk, inputPk } = await oneAnnotation(db)
      await assert.rejects(db.transact((tx) => annotations.insert(tx, newAnnotation(appPk, inputPk, 'second', 1))))
      await db.transact((tx) => annotations.insert(tx, newAnnotation(appPk, inputPk, 'second', 0)))
    }))
})

async function oneAnnotation(db: Database): Promise<{ appPk: number; inputPk: number; annotationPk: number }> {
  return db.transact(async (tx) => {
    const user = await tx.insertInto('users').values(newUser('ann')).returning('pk').executeTakeFirstOrThrow()
    const app = await tx.insertInto('apps').values(newApp(user.pk, 'app')).returning('pk').executeTakeFirstOrThrow()
    const input = await inputs.insert(tx, {
      app_pk: app.pk,
      id: 'one',
      kinds: 1,
      status_code: 30_000,
      status_details: '',
      add_job_pk: null,
      doc: '{}',
      created_at: 1,
      modified_at: 1,
    })
    const annotation = await annotations.insert(tx, newAnnotation(app.pk, input.pk, 'first', 1))
    return { appPk: app.pk, inputPk: input.pk, annotationPk: annotation.pk }
  })
}

function newAnnotation(appPk: number, inputPk: number, id: string, inputLevel: 0 | 1) {
  return {
    app_pk: appPk,
    input_pk: inputPk,
    id,
    worker_kind: 'user' as const,
    worker_id: 'ann',
    worker_pk: null,
    status_code: 24_150,
    trusted: 1 as const,
    input_level: inputLevel,
    task_id: '',
    track_id: '',
    shapes: 0,
    doc: '{}',
    created_at: 1,
    modified_at: 1,
  }
}
