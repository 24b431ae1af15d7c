import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { it } from 'node:test'
import { Spaces } from '../../src/search/process/spaces.ts'
import type { VectorSpace } from '../../src/store/repos/embedding-log.ts'
import { noteLogReader, pruneLog } from '../../src/store/repos/embedding-log-readers.ts'
import { insertRows } from '../../src/store/repos/insert-rows.ts'
import type { Writer } from '../../src/store/session.ts'
import { dot, scoreOf, toUnit } from '../../src/vectors/distance.ts'
import { byScore, type Hit } from '../../src/vectors/hits.ts'
import { GRAPH_ROWS_MIN } from '../../src/vectors/limits.ts'
import { clustered, random } from '../../src/vectors/test-vectors.ts'
import { newAnnotatedInput } from './data-plane-rows.ts'
import { onEachEngine, temporaryFolder, withDatabase } from './kit.ts'

const DIMENSION = 16
const K = 8
/** Enough that there is a graph. */
const ROWS_AT_FIRST = GRAPH_ROWS_MIN + 300
/** Rows written or deleted and searches: `LIMPID_TEST_OPERATIONS=100000` for the long run; `LIMPID_TEST_SEED` for others than the usual ones. */
const OPERATIONS = Number(process.env.LIMPID_TEST_OPERATIONS ?? 3_000)
const SEED = Number(process.env.LIMPID_TEST_SEED ?? 1)
/** How often all hits are compared with those of the model. */
const COMPARED_EVERY = 20

type At = { readonly appPk: number; readonly inputPk: number; readonly annotationPk: number }

onEachEngine('vector indexes under random operations', (engine) => {
  it('find what was written at once and never again what was deleted, as a plain model does', () =>
    withDatabase(engine, async (db) => {
      const folder = await temporaryFolder()
      const at = await newAnnotatedInput(db)
      const space: VectorSpace = { appPk: at.appPk, versionPk: 5, dimension: DIMENSION }
      const next = random(SEED)
      const make = clustered(DIMENSION, 60, SEED + 1, 0.5)
      const model = new Model()
      const gone: { key: number; vector: Float32Array }[] = []
      let spaces = new Spaces(db.read, folder)
      let operations = 0
      const search = async (query: Float32Array, k: number, exact: boolean): Promise<Hit[]> => {
        operations++
        const { hits } = await spaces.whole([space], async () => (await spaces.get(space)).search({ query, k, exact }))
        return hits
      }
      const add = async (count: number): Promise<void> => {
        operations += count
        const vectors = Array.from({ length: count }, make)
        const pks = await db.transact((tx) => insert(tx, at, vectors))
        pks.forEach((pk, n) => {
          model.set(pk, vectors[n]!)
        })
      }
      const drop = async (keys: readonly number[]): Promise<void> => {
        await db.transact((tx) =>
          tx
            .deleteFrom('embeddings')
            .where('pk', 'in', [...keys])
            .execute(),
        )
        operations += keys.length
        for (const key of keys) gone.push({ key, vector: model.take(key) })
      }
      try {
        while (model.size < ROWS_AT_FIRST) await add(500)
        await search(make(), 1, false)
        while (spaces.advance()) {}
        operations = 0
        let [found, wanted] = [0, 0]
        let tidying = Promise.resolve()
        const limit = engine.name === 'sqlite' ? OPERATIONS : OPERATIONS / 3
        for (let step = 0; operations < limit; step++) {
          const draw = next()
          if (draw < 0.45) await add(1 + Math.floor(next() * 4))
          else if (draw < 0.8)
            await drop(
              Array.from({ length: 1 + Math.floor(next() * 4) }, () => model.some(next())).filter(
                (key, n, all) => all.indexOf(key) === n,
              ),
            )
          else if (draw < 0.9) {
            operations += 2
            // Embedded again: the old vector goes and another comes in one transaction.
            const [key, vector] = [model.some(next()), make()]
            const [pk] = await db.transact(async (tx) => {
              await tx.deleteFrom('embeddings').where('pk', '=', key).execute()
              return insert(tx, at, [vector])
            })
            gone.push({ key, vector: model.take(key) })
            model.set(pk!, vector)
          } else if (draw < 0.96) for (let n = 0; n < 20; n++) spaces.advance()
          else if (draw < 0.98) {
            // Now and then all else goes on while an index is kept or made anew.
            tidying = spaces.tidy(1)
            if (next() < 0.5) await tidying
            await db.transact((tx) => noteLogReader(tx, 'this', spaces.needed(), 1))
            await db.transact((tx) => pruneLog(tx, 0))
          } else if (draw < 0.985) {
            await tidying
            await spaces.close()
            spaces = new Spaces(db.read, folder)
          }
          const written = model.newest()
          const hits = await search(written.vector, K, false)
          assert.ok(
            hits.some(({ key }) => key === written.key) || hits[K - 1]!.score === 1,
            `seed ${SEED}, step ${step}: what was written last is not found`,
          )
          const last = gone.at(-1 - Math.floor(next() * Math.min(gone.length, 30)))
          for (const { key } of [...hits, ...(last ? await search(last.vector, K, next() < 0.3) : [])]) {
            assert.ok(model.has(key), `seed ${SEED}, step ${step}: ${key} was deleted and is found`)
          }
          if (step % COMPARED_EVERY === 0) {
            const query = make()
            const expected = model.nearest(query, K)
            const exact = await search(query, K, true)
            assert.deepEqual(
              exact.map(({ key, score }) => [key, score]),
              expected,
              `seed ${SEED}, step ${step}`,
            )
            const near = new Set((await search(query, K, false)).map(({ key }) => key))
            wanted += K
            found += expected.filter(([key]) => near.has(key)).length
          }
        }
        assert.ok(found / wanted >= 0.99, `seed ${SEED}: recall ${found / wanted}`)
      } finally {
        await spaces.close()
        await rm(folder, { recursive: true, force: true })
      }
    }))
})

/** What there is, in a plain list. */
class Model {
  readonly #keys: number[] = []
  readonly #placeOf = new Map<number, number>()
  readonly #vectors = new Map<number, Float32Array>()
  #newest = 0

  get size(): number {
    return this.#keys.length
  }

  has(key: number): boolean {
    return this.#vectors.has(key)
  }

  set(key: number, vector: Float32Array): void {
    this.#placeOf.set(key, this.#keys.push(key) - 1)
    // As indexes take them in: brought to length 1, which changes the last bits even of a vector that has it.
    this.#vectors.set(key, toUnit(vector.slice()))
    this.#newest = key
  }

  /** Any key, by a number below 1. */
  some(draw: number): number {
    return this.#keys[Math.floor(draw * this.#keys.length)]!
  }

  /** What was written last and is still there. */
  newest(): { key: number; vector: Float32Array } {
    if (!this.has(this.#newest)) this.#newest = this.#keys.at(-1)!
    return { key: this.#newest, vector: this.#vectors.get(this.#newest)! }
  }

  take(key: number): Float32Array {
    const vector = this.#vectors.get(key)!
    const place = this.#placeOf.get(key)!
    const last = this.#keys.pop()!
    if (last !== key) {
      this.#keys[place] = last
      this.#placeOf.set(last, place)
    }
    this.#placeOf.delete(key)
    this.#vectors.delete(key)
    return vector
  }

  nearest(query: Float32Array, k: number): [number, number][] {
    return [...this.#vectors]
      .map(([key, vector]) => ({ row: 0, key, score: scoreOf(dot(query, vector)) }))
      .sort(byScore)
      .slice(0, k)
      .map(({ key, score }) => [key, score])
  }
}

/** Pks of the new embeddings, in the order of their vectors. */
async function insert(tx: Writer, at: At, vectors: readonly Float32Array[]): Promise<number[]> {
  const rows = vectors.map((vector) => ({
    app_pk: at.appPk,
    input_pk: at.inputPk,
    annotation_pk: at.annotationPk,
    model_version_pk: 5,
    region_id: '',
    dimension: DIMENSION,
    vector: new Uint8Array(vector.buffer),
  }))
  const pks: number[] = []
  for (let from = 0; from < rows.length; from += 64) {
    const part = await insertRows(tx, 'embeddings', rows.slice(from, from + 64), ['pk'])
    pks.push(...part.map(({ pk }) => pk).sort((a, b) => a - b))
  }
  return pks
}
