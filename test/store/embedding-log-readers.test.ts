import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { it } from 'node:test'
import { Spaces } from '../../src/search/process/spaces.ts'
import type { Database } from '../../src/store/database.ts'
import { endOfLog, type LogMark, type VectorSpace } from '../../src/store/repos/embedding-log.ts'
import { noteLogReader, pruneLog } from '../../src/store/repos/embedding-log-readers.ts'
import { newAnnotatedInput } from './data-plane-rows.ts'
import { onEachEngine, temporaryFolder, withDatabase } from './kit.ts'

const DIMENSION = 2
type At = { readonly appPk: number; readonly inputPk: number; readonly annotationPk: number }

onEachEngine('pruning the log of embeddings', (engine) => {
  it('removes what all readers have behind them, and what those need who were not seen for long', () =>
    withDatabase(engine, async (db) => {
      const at = await newAnnotatedInput(db)
      const marks: LogMark[] = []
      for (let n = 0; n < 6; n++) {
        await embed(db, at)
        marks.push(await endOfLog(db.read))
      }
      assert.equal(await db.transact((tx) => pruneLog(tx, 0)), false)
      assert.equal(await rowsOfLog(db), 6)
      await note(db, 'slow', marks[1]!, 10)
      await note(db, 'fast', marks[4]!, 20)
      await db.transact((tx) => pruneLog(tx, 5))
      assert.equal(await rowsOfLog(db), 5)
      await note(db, 'fast', marks[5]!, 30)
      await db.transact((tx) => pruneLog(tx, 5))
      assert.equal(await rowsOfLog(db), 5)
      await db.transact((tx) => pruneLog(tx, 15))
      assert.equal(await rowsOfLog(db), 1)
    }))

  it('leaves what indexes need; one that is left behind all the same is made anew, open or kept', () =>
    withDatabase(engine, async (db) => {
      const folder = await temporaryFolder()
      const at = await newAnnotatedInput(db)
      const space: VectorSpace = { appPk: at.appPk, versionPk: 5, dimension: DIMENSION }
      const pks = [await embed(db, at), await embed(db, at)]
      let spaces = new Spaces(db.read, folder)
      const found = async (): Promise<number[]> => {
        const index = await spaces.get(space)
        return index.search({ query: new Float32Array([1, 0]), k: 20, exact: true }).hits.map(({ key }) => key)
      }
      try {
        assert.deepEqual(await found(), pks)
        await spaces.tidy(1)
        const kept = spaces.needed()
        pks.push(await embed(db, at))
        assert.deepEqual(await found(), pks)
        assert.equal(spaces.needed().sequence, kept.sequence)
        await note(db, 'this', spaces.needed(), 10)
        await db.transact((tx) => pruneLog(tx, 0))
        assert.deepEqual(await found(), pks)

        // Open, and the log has gone on without it.
        pks.push(await embed(db, at), await embed(db, at))
        await note(db, 'this', await endOfLog(db.read), 10)
        await db.transact((tx) => pruneLog(tx, 0))
        assert.equal(await rowsOfLog(db), 1)
        assert.deepEqual(await found(), pks)

        // Kept, while it was closed.
        await spaces.close()
        await db.transact((tx) => tx.deleteFrom('embeddings').where('pk', '=', pks.shift()!).execute())
        pks.push(await embed(db, at))
        await note(db, 'this', await endOfLog(db.read), 10)
        await db.transact((tx) => pruneLog(tx, 0))
        spaces = new Spaces(db.read, folder)
        assert.deepEqual(await found(), pks)

        // One that nobody opens holds the log back until it is looked after.
        await spaces.close()
        spaces = new Spaces(db.read, folder)
        await embed(db, at, 6)
        pks.push(await embed(db, at))
        await spaces.follow()
        const before = spaces.needed().sequence
        await spaces.tidy(1_000, 1)
        assert.ok(spaces.needed().sequence > before)
        assert.deepEqual(await found(), pks)

        // One with many dead rows is made anew; one without any vector goes.
        for (const pk of pks.splice(0, 4))
          await db.transact((tx) => tx.deleteFrom('embeddings').where('pk', '=', pk).execute())
        await spaces.follow()
        assert.ok((await spaces.get(space)).rows.deadShare > 0.5)
        await spaces.tidy()
        assert.equal((await spaces.get(space)).rows.deadShare, 0)
        assert.deepEqual(await found(), pks)
        await db.transact((tx) => tx.deleteFrom('embeddings').where('model_version_pk', '=', 5).execute())
        await spaces.follow()
        await spaces.tidy()
        assert.equal(spaces.sizes().indexes, 0)
        assert.deepEqual(await found(), [])
      } finally {
        await spaces.close()
        await rm(folder, { recursive: true, force: true })
      }
    }))
})

/** As where no transaction runs; those of other databases of a server count too, and may be running. */
function note(db: Database, reader: string, mark: LogMark, now: number): Promise<void> {
  return db.transact((tx) => noteLogReader(tx, reader, { ...mark, oldestRunning: Number.MAX_SAFE_INTEGER }, now))
}

async function rowsOfLog(db: Database): Promise<number> {
  return (await db.read.selectFrom('embedding_log').select('pk').execute()).length
}

let made = 0

function embed(db: Database, at: At, version = 5): Promise<number> {
  // Each a little farther from the first axis, so the order of hits is that of age.
  const vector = new Uint8Array(new Float32Array([1, ++made / 100]).buffer)
  return db.transact(async (tx) => {
    const { pk } = await tx
      .insertInto('embeddings')
      .values({
        app_pk: at.appPk,
        input_pk: at.inputPk,
        annotation_pk: at.annotationPk,
        model_version_pk: version,
        region_id: '',
        dimension: DIMENSION,
        vector,
      })
      .returning('pk')
      .executeTakeFirstOrThrow()
    return pk
  })
}
