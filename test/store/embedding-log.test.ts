import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Database } from '../../src/store/database.ts'
import {
  embeddingChanges,
  endOfLog,
  logToken,
  START_OF_LOG,
  vectorsOf,
  vectorsOfSpace,
} from '../../src/store/repos/embedding-log.ts'
import { inputs } from '../../src/store/repos/families.ts'
import { newAnnotatedInput } from './data-plane-rows.ts'
import { onEachEngine, withDatabase } from './kit.ts'

onEachEngine('the log of embeddings', (engine) => {
  it('has every embedding that was added and every one that went, cascades included, in order', () =>
    withDatabase(engine, async (db) => {
      const { appPk, inputPk, annotationPk } = await newAnnotatedInput(db)
      assert.deepEqual(await endOfLog(db.read), START_OF_LOG)
      const pks = [await embed(db, appPk, inputPk, annotationPk, 5), await embed(db, appPk, inputPk, annotationPk, 6)]
      await db.transact((tx) => inputs.deleteMany(tx, appPk, ['one']))
      const { changes } = await embeddingChanges(db.read, START_OF_LOG, 0, 10)
      assert.deepEqual(
        changes
          .map(({ embeddingPk, added, versionPk, dimension }) => [embeddingPk, added, versionPk, dimension])
          .sort(),
        [
          [pks[0], false, 5, 2],
          [pks[0], true, 5, 2],
          [pks[1], false, 6, 2],
          [pks[1], true, 6, 2],
        ],
      )
      assert.deepEqual(
        changes.map(({ added }) => added),
        [true, true, false, false],
      )
      const { sequence, token } = await endOfLog(db.read)
      assert.deepEqual([sequence, token], [changes[3]!.sequence, changes[3]!.token])
      assert.equal(await logToken(db.read, changes[1]!.sequence), changes[1]!.token)
      assert.equal(new Set(changes.map(({ token }) => token)).size, 4)
      const rest = await embeddingChanges(db.read, START_OF_LOG, changes[1]!.sequence, 1)
      assert.deepEqual(
        rest.changes.map((change) => change.sequence),
        [changes[2]!.sequence],
      )
    }))

  it('reads vectors by pk and by space', () =>
    withDatabase(engine, async (db) => {
      const { appPk, inputPk, annotationPk } = await newAnnotatedInput(db)
      const pks = [await embed(db, appPk, inputPk, annotationPk, 5), await embed(db, appPk, inputPk, annotationPk, 5)]
      const other = await embed(db, appPk, inputPk, annotationPk, 6)
      const found = await vectorsOf(db.read, [pks[0]!, other, 999])
      assert.deepEqual([...found.keys()].sort(), [pks[0], other].sort())
      const page = await vectorsOfSpace(db.read, { appPk, versionPk: 5, dimension: 2 }, pks[0]!, 10)
      assert.deepEqual(
        page.map(({ pk }) => pk),
        [pks[1]],
      )
      assert.deepEqual(new Float32Array(Uint8Array.from(page[0]!.vector).buffer), new Float32Array([0.5, 5]))
    }))
})

function embed(db: Database, appPk: number, inputPk: number, annotationPk: number, version: number): Promise<number> {
  const vector = new Uint8Array(new Float32Array([0.5, version]).buffer)
  return db.transact(async (tx) => {
    const { pk } = await tx
      .insertInto('embeddings')
      .values({
        app_pk: appPk,
        input_pk: inputPk,
        annotation_pk: annotationPk,
        model_version_pk: version,
        region_id: '',
        dimension: 2,
        vector,
      })
      .returning('pk')
      .executeTakeFirstOrThrow()
    return pk
  })
}
