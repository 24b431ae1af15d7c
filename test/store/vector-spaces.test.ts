import assert from 'node:assert/strict'
import { readdirSync, truncateSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { it } from 'node:test'
import { silentLog } from '../../src/base/log.ts'
import { Spaces } from '../../src/search/process/spaces.ts'
import { type Database, openDatabase } from '../../src/store/database.ts'
import type { VectorSpace } from '../../src/store/repos/embedding-log.ts'
import type { Writer } from '../../src/store/session.ts'
import { dot, scoreOf, toUnit } from '../../src/vectors/distance.ts'
import { byScore } from '../../src/vectors/hits.ts'
import { random } from '../../src/vectors/test-vectors.ts'
import { newAnnotatedInput } from './data-plane-rows.ts'
import { onEachEngine, postgres, temporaryFolder, withDatabase } from './kit.ts'

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

  it('answer when a file was cut off while the server was away and vectors came meanwhile, or while it is open', () =>
    withDatabase(engine, async (db) => {
      const folder = await temporaryFolder()
      const next = random(7)
      const at = await newAnnotatedInput(db)
      const space: VectorSpace = { appPk: at.appPk, versionPk: 5, dimension: DIMENSION }
      const other: VectorSpace = { ...space, versionPk: 6 }
      const make = (): Float32Array => Float32Array.from({ length: DIMENSION }, () => next() - 0.5)
      const keys: number[] = []
      const add = async (versionPk: number): Promise<void> => {
        const key = await insert(db, at, make(), versionPk)
        if (versionPk === space.versionPk) keys.push(key)
      }
      // Nothing may stay in memory, so that vectors have to be read.
      let spaces = new Spaces(db.read, folder, 0)
      const search = () =>
        spaces.whole([space], async () =>
          (await spaces.get(space)).search({ query: toUnit(make()), k: 50, exact: true }),
        )
      const found = async () => (await search()).hits.map(({ key }) => key).sort((a, b) => a - b)
      try {
        for (const one of [space, other]) for (let n = 0; n < 12; n++) await add(one.versionPk)
        assert.deepEqual(await found(), keys)
        await spaces.get(other)
        await spaces.close()
        for (const file of rowFiles(folder)) truncateSync(file, 10)
        for (const one of [space, other]) await add(one.versionPk)
        spaces = new Spaces(db.read, folder, 0)
        assert.deepEqual(await found(), keys)
        await spaces.get(other)
        await spaces.close()
        // The other index is open and broken when the log brings something for it.
        spaces = new Spaces(db.read, folder, 0)
        await spaces.get(other)
        assert.deepEqual(await found(), keys)
        for (const file of rowFiles(folder)) truncateSync(file, 10)
        for (const one of [other, space]) await add(one.versionPk)
        assert.deepEqual(await found(), keys)
      } finally {
        await spaces.close()
        await rm(folder, { recursive: true, force: true })
      }
    }))
})

it('finds what is committed beside a transaction that goes on, and what that one has written before', async (t) => {
  const url = process.env.LIMPID_TEST_DATABASE_URL
  if (!url) return t.skip('set LIMPID_TEST_DATABASE_URL (see tools/ci/postgres.sh)')
  const place = await postgres(url).place()
  const folder = await temporaryFolder()
  try {
    await using db = await openDatabase(place.location, silentLog)
    await using other = await openDatabase(place.location, silentLog)
    const at = await newAnnotatedInput(db)
    const space: VectorSpace = { appPk: at.appPk, versionPk: 5, dimension: DIMENSION }
    const next = random(3)
    const make = (): Float32Array => Float32Array.from({ length: DIMENSION }, () => next() - 0.5)
    const spaces = new Spaces(db.read, folder)
    const found = async (): Promise<number[]> => {
      const { hits } = (await spaces.get(space)).search({ query: toUnit(make()), k: 10, exact: true })
      return hits.map(({ key }) => key).sort((a, b) => a - b)
    }
    try {
      const first = await insert(db, at, make())
      assert.deepEqual(await found(), [first])
      // The transaction of the other server has its place in the log before the one that is committed first.
      const written = Promise.withResolvers<number>()
      const goOn = Promise.withResolvers<void>()
      const slow = other.transact(async (tx) => {
        written.resolve(await insertIn(tx, at, make()))
        await goOn.promise
      })
      const second = await written.promise
      const third = await insert(db, at, make())
      assert.ok(second < third)
      assert.deepEqual(await found(), [first, third])
      await db.transact((tx) => tx.deleteFrom('embeddings').where('pk', '=', first).execute())
      assert.deepEqual(await found(), [third])
      await spaces.follow()
      goOn.resolve()
      await slow
      assert.deepEqual(await found(), [second, third])
      const fourth = await insert(other, at, make())
      assert.deepEqual(await found(), [second, third, fourth])
    } finally {
      await spaces.close()
    }
  } finally {
    await place.remove()
    await rm(folder, { recursive: true, force: true })
  }
})

function truth(held: ReadonlyMap<number, Float32Array>, query: Float32Array): [number, number][] {
  return [...held]
    .map(([key, vector]) => ({ row: 0, key, score: scoreOf(dot(query, vector)) }))
    .sort(byScore)
    .slice(0, K)
    .map(({ key, score }) => [key, score])
}

/** The files of vectors of all indexes. */
const rowFiles = (folder: string): string[] => readdirSync(folder).map((name) => join(folder, name, 'rows.f32'))

/** Cuts off one of the kept files. */
function damage(folder: string, draw: number): void {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const file = files[Math.floor(draw * files.length)]
  if (file) truncateSync(join(file.parentPath, file.name), 10)
}

type At = { readonly appPk: number; readonly inputPk: number; readonly annotationPk: number }

function insert(db: Database, at: At, vector: Float32Array, versionPk = 5): Promise<number> {
  return db.transact((tx) => insertIn(tx, at, vector, versionPk))
}

async function insertIn(tx: Writer, at: At, vector: Float32Array, versionPk = 5): Promise<number> {
  const { pk } = await tx
    .insertInto('embeddings')
    .values({
      app_pk: at.appPk,
      input_pk: at.inputPk,
      annotation_pk: at.annotationPk,
      model_version_pk: versionPk,
      region_id: '',
      dimension: DIMENSION,
      vector: new Uint8Array(vector.buffer),
    })
    .returning('pk')
    .executeTakeFirstOrThrow()
  return pk
}
