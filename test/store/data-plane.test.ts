import assert from 'node:assert/strict'
import { it } from 'node:test'
import { annotations, inputs } from '../../src/store/repos/families.ts'
import { newAnnotatedInput, newAnnotation } from './data-plane-rows.ts'
import { onEachEngine, withDatabase } from './kit.ts'

onEachEngine('the data plane', (engine) => {
  it('keeps numbers with fractions and bytes as they are', () =>
    withDatabase(engine, async (db) => {
      const { appPk, inputPk, annotationPk } = await newAnnotatedInput(db)
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
      const { appPk, inputPk, annotationPk } = await newAnnotatedInput(db)
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
      const { appPk, inputPk } = await newAnnotatedInput(db)
      await assert.rejects(db.transact((tx) => annotations.insert(tx, newAnnotation(appPk, inputPk, 'second', 1))))
      await db.transact((tx) => annotations.insert(tx, newAnnotation(appPk, inputPk, 'second', 0)))
    }))
})
