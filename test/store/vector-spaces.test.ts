import assert from 'node:assert/strict'
import { readdirSync, truncateSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { it } from 'node:test'
import { Spaces } from '../../src/search/process/spaces.ts'
import type { Database } from '../../src/store/database.ts'
import type { VectorSpace } from '../../src/store/repos/embedding-log.ts'
import { dot, scoreOf, toUnit } from '../../src/vectors/distance.ts'
import { byScore } from '../../src/vectors/hits.ts'
import { random } from '../../src/vectors/test-vectors.ts'
import { newAnnotatedInput } from './data-plane-rows.ts'
import { onEachEngine, temporaryFolder, withDatabase } from './kit.ts'

const DIMENSION = 8
const STEPS = 600
const K = 7

onEachEngine('vector indexes', (engine) => {
  it('answer what the table holds after every change, across restarts, damage and a database that was put back', () =>
    withDatabase(engine, async (db) => {
      const folder = await temporaryFolder()
      const next = random(20_26)
      const at = await newAnnotatedInput(db)
      const space: VectorSpace = { appPk: at.appPk, versionPk: 5, dimension: DIMENSION }
      const held = new Map<number, Float32Array>()
      let spaces = new Spaces(db.read, folder)
      try {
        for (let step = 0; step < STEPS; step++) {
          const draw = next()
          if (draw < 0.6 || held.size === 0) {
            const vector = Float32Array.from({ length: DIMENSION }, () => next() - 0.5)
            held.set(await insert(db, at, vector), toUnit(vector.slice()))
          } else if (draw < 0.9) {
            const pk = [...held.keys()][Math.floor(next() * held.size)]!
            held.delete(pk)
            await db.transact((tx) => tx.deleteFrom('embeddings').where('pk', '=', pk).execute())
          } else if (draw < 0.94) {
            await spaces.close()
            if (next() < 0.5) damage(folder, next())
            spaces = new Spaces(db.read, folder)
          } else if (draw < 0.96) {
            // As after a crash that took the newest commits back: the kept index is ahead of the log.
            await spaces.close()
            await db.transact((tx) =>
              tx
                .updateTable('embedding_log')
                .set({ token: `again-${step}` })
                .execute(),
            )
            spaces = new Spaces(db.read, folder)
          }
          const query = toUnit(Float32Array.from({ length: DIMENSION }, () => next() - 0.5))
          const exact = step % 2 === 0
          const { hits } = await spaces.whole([space], async () =>
            (await spaces.get(space)).search({ query, k: K, exact }),
          )
          assert.deepEqual(
            hits.map(({ key, score }) => [key, score]),
            truth(held, query),
            `step ${step}`,
          )
        }
        assert.ok(held.size > 100)
      } finally {
        await spaces.close()
        await rm(folder, { recursive: true, force: true })
      }
    }))
})

function truth(held: ReadonlyMap<number, Float32Array>, query: Float32Array): [number, number][] {
  return [...held]
    .map(([key, vector]) => ({ row: 0, key, score: scoreOf(dot(query, vector)) }))
    .sort(byScore)
    .slice(0, K)
    .map(({ key, score }) => [key, score])
}

/** Cuts off one of the kept files. */
function damage(folder: string, draw: number): void {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const file = files[Math.floor(draw * files.length)]
  if (file) truncateSync(join(file.parentPath, file.name), 10)
}

function insert(
  db: Database,
  at: { appPk: number; inputPk: number; annotationPk: number },
  vector: Float32Array,
): Promise<number> {
  return db.transact(async (tx) => {
    const { pk } = await tx
      .insertInto('embeddings')
      .values({
        app_pk: at.appPk,
        input_pk: at.inputPk,
        annotation_pk: at.annotationPk,
        model_version_pk: 5,
        region_id: '',
        dimension: DIMENSION,
        vector: new Uint8Array(vector.buffer),
      })
      .returning('pk')
      .executeTakeFirstOrThrow()
    return pk
  })
}
