import assert from 'node:assert/strict'
import { readdirSync, truncateSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { it } from 'node:test'
import { LIST_FROM_SEARCH, LISTED_INPUTS_MAX, VECTORS_PER_READ } from '../../src/search/limits.ts'
import type { SearchPlan } from '../../src/search/plan.ts'
import { execute } from '../../src/search/process/execute.ts'
import { SearchServer } from '../../src/search/process/server.ts'
import { Spaces } from '../../src/search/process/spaces.ts'
import type { FromSearch } from '../../src/search/protocol.ts'
import type { Reader } from '../../src/store/database.ts'
import { insertRows } from '../../src/store/repos/insert-rows.ts'
import type { VectorIndex } from '../../src/vectors/vector-index.ts'
import { newAnnotatedInput } from './data-plane-rows.ts'
import { onEachEngine, temporaryFolder, withDatabase } from './kit.ts'

const DIMENSION = 4
const PAGES = 5

onEachEngine('the search process', (engine) => {
  it('makes an index anew whose file was cut off, whatever asks for it', () =>
    withDatabase(engine, async (db) => {
      const folder = await temporaryFolder()
      const { appPk, inputPk, annotationPk } = await newAnnotatedInput(db)
      const space = { appPk, versionPk: 5, dimension: DIMENSION }
      await db.transact((tx) => insertRows(tx, 'embeddings', newVectors({ appPk, inputPk, annotationPk }, 3), []))
      const head = { rows: [Float32Array.of(1, 0, 0, 0)], bias: [0], exclusive: false }
      const ranks: SearchPlan['ranks'] = [
        { by: 'vector', negate: false, space, query: Float32Array.of(1, 0, 0, 0) },
        { by: 'doubt', negate: false, space, conceptPks: [], head, other: null, diverse: false },
      ]
      try {
        for (const rank of ranks) {
          const spaces = new Spaces(db.read, folder, 0)
          await spaces.get(space)
          await spaces.close()
          for (const name of readdirSync(folder)) truncateSync(join(folder, name, 'rows.f32'), 10)
          const answers: FromSearch[] = []
          const server = new SearchServer(db.read, new Spaces(db.read, folder, 0), (message) => answers.push(message))
          try {
            await server.handle({ type: 'search', id: 1, plan: { ...planOf(appPk, []), ranks: [rank] } })
          } finally {
            await server.close()
          }
          const told = answers.filter(({ type }) => type !== 'needed')
          assert.deepEqual(
            told.map(({ type }) => type),
            ['answer'],
            rank.by,
          )
        }
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    }))

  it('says so where an index takes longer to make than a search may, and answers once it is made', () =>
    withDatabase(engine, async (db) => {
      const folder = await temporaryFolder()
      const at = await newAnnotatedInput(db)
      const space = { appPk: at.appPk, versionPk: 5, dimension: DIMENSION }
      await db.transact((tx) => insertRows(tx, 'embeddings', newVectors(at, PAGES * VECTORS_PER_READ), []))
      // A millisecond passes before the first of many pages is read.
      const spaces = new Spaces(db.read, folder, 0, 1)
      try {
        await assert.rejects(spaces.get(space), {
          details: /^The index of these vectors is being made and has \d+ so far/,
        })
        let index: VectorIndex | undefined
        while (!index) index = await spaces.get(space).catch(() => undefined)
        assert.equal(index.rows.live, PAGES * VECTORS_PER_READ)
      } finally {
        await spaces.close()
        await rm(folder, { recursive: true, force: true })
      }
    }))

  it('lists what fits a filter once where nothing is committed, and does not list too much again', () =>
    withDatabase(engine, async (db) => {
      if (db.read.version() === undefined) return
      const { appPk } = await newAnnotatedInput(db)
      for (const [images, expected] of [
        [100, 'listed'],
        [LISTED_INPUTS_MAX, 'too many'],
      ] as const) {
        await db.transact((tx) => insertRows(tx, 'inputs', newImages(appPk, images), []))
        const { reader, asked } = counting(db.read)
        const plan: SearchPlan = {
          ...planOf(appPk, [{ any: [{ is: 'task', id: 'none' }], negate: true }]),
          ranks: [{ by: 'concept', negate: false, conceptPks: [1], inverse: false }],
        }
        const folder = await temporaryFolder()
        const spaces = new Spaces(db.read, folder)
        const search = async (): Promise<number> => {
          const before = asked()
          await execute(reader, spaces, plan)
          return asked() - before
        }
        try {
          for (let n = 0; n < LIST_FROM_SEARCH; n++) await search()
          // The values of the concept alone.
          assert.equal(await search(), 1, expected)
        } finally {
          await spaces.close()
          await rm(folder, { recursive: true, force: true })
        }
      }
    }))
})

function planOf(appPk: number, clauses: SearchPlan['scope']['clauses']): Omit<SearchPlan, 'ranks'> {
  return {
    scope: { appPk, clauses, annotationStatuses: null, trustedOnly: false, inputStatuses: null, asOf: null },
    hits: 'inputs',
    combine: 'mean',
    exact: false,
    minScore: 0,
    offset: 0,
    limit: 10,
    onlyCount: false,
  }
}

interface At {
  readonly appPk: number
  readonly inputPk: number
  readonly annotationPk: number
}

const newVectors = ({ appPk, inputPk, annotationPk }: At, count: number) =>
  Array.from({ length: count }, (_, n) => ({
    app_pk: appPk,
    input_pk: inputPk,
    annotation_pk: annotationPk,
    model_version_pk: 5,
    region_id: `${n}`,
    dimension: DIMENSION,
    vector: new Uint8Array(Float32Array.of(1, n, 0, 0).buffer),
  }))

let made = 0
const newImages = (appPk: number, count: number) =>
  Array.from({ length: count }, () => ({
    app_pk: appPk,
    id: `image-${++made}`,
    kinds: 1,
    status_code: 30_000,
    status_details: '',
    add_job_pk: null,
    doc: '{}',
    created_at: 1,
    modified_at: 1,
    revision: made,
  }))

/** A reader, and how many statements were begun on it. */
function counting(read: Reader): { reader: Reader; asked: () => number } {
  let count = 0
  const reader = new Proxy(read, {
    get(target, name) {
      if (name === 'selectFrom') count++
      const value = Reflect.get(target, name, target) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { reader, asked: () => count }
}
