import assert from 'node:assert/strict'
import { readdirSync, truncateSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { it } from 'node:test'
import type { SearchAnswer, SearchPlan } from '../../src/search/plan.ts'
import { SearchServer } from '../../src/search/process/server.ts'
import { Spaces } from '../../src/search/process/spaces.ts'
import type { FromSearch } from '../../src/search/protocol.ts'
import type { Database } from '../../src/store/database.ts'
import { insertRows } from '../../src/store/repos/insert-rows.ts'
import type { Writer } from '../../src/store/session.ts'
import { dot, scoreOf, toUnit } from '../../src/vectors/distance.ts'
import { GRAPH_ROWS_MIN } from '../../src/vectors/limits.ts'
import { clustered, random } from '../../src/vectors/test-vectors.ts'
import { newAnnotatedInput, newAnnotation } from './data-plane-rows.ts'
import { onEachEngine, temporaryFolder, withDatabase } from './kit.ts'

const DIMENSION = 16
/** Enough that there is a graph, and some are waiting for it. */
const ROWS_AT_FIRST = GRAPH_ROWS_MIN + 200
const WRITERS = 3
const SEARCHERS = 4
const ROUNDS = 6
const SEARCHES_PER_ROUND = 24
const QUIET_SEARCHES = 8
const LIMITS = [1, 10, 200]
/** So little that vectors are read from disk, where damage is noticed. */
const RESIDENT_BYTES = 1_000_000

interface State {
  readonly inputPk: number
  readonly vector: Float32Array
  readonly labelled: boolean
}

/** What the database should say, and of which inputs that is certain while others write. */
class Model {
  readonly states = new Map<number, State | undefined>()
  readonly #moving = new Set<number>()
  readonly #ended = new Map<number, number>()
  now = 0

  /** Does a write that brings an input into a state; none: deletes it. */
  async write(inputPk: number, work: () => Promise<unknown>, state: State | undefined): Promise<void> {
    this.#moving.add(inputPk)
    await work()
    this.states.set(inputPk, state)
    this.#ended.set(inputPk, ++this.now)
    this.#moving.delete(inputPk)
  }

  isFree = (inputPk: number): boolean => !this.#moving.has(inputPk)

  /** The inputs that nobody has written since a moment, as they are. */
  settledSince(moment: number): [number, State | undefined][] {
    return [...this.states].filter(([pk]) => this.isFree(pk) && (this.#ended.get(pk) ?? 0) <= moment)
  }
}

/** The search process without a pipe. */
class Asked {
  readonly #server: SearchServer
  readonly #waiting = new Map<number, (message: FromSearch) => void>()
  #last = 0

  constructor(db: Database, folder: string) {
    this.#server = new SearchServer(db.read, new Spaces(db.read, folder, RESIDENT_BYTES), (message) => {
      if ('id' in message) this.#waiting.get(message.id)?.(message)
    })
  }

  async search(plan: SearchPlan): Promise<SearchAnswer> {
    const id = ++this.#last
    const answered = new Promise<FromSearch>((resolve) => this.#waiting.set(id, resolve))
    await this.#server.handle({ type: 'search', id, plan })
    const message = await answered
    this.#waiting.delete(id)
    assert.equal(message.type, 'answer', JSON.stringify(message))
    return (message as Extract<FromSearch, { type: 'answer' }>).answer
  }

  close(): Promise<void> {
    return this.#server.close()
  }
}

onEachEngine('searches beside writers', (engine) => {
  it('find what a plain model says while inputs come, change and go and indexes are damaged and made anew', () =>
    withDatabase(engine, async (db) => {
      const folder = await temporaryFolder()
      const { appPk } = await newAnnotatedInput(db)
      const conceptPk = await newConcept(db, appPk)
      const next = random(11)
      const make = clustered(DIMENSION, 40, 12)
      const model = new Model()
      for (let at = 0; at < ROWS_AT_FIRST; at += 1_000) {
        const wanted = Array.from({ length: Math.min(1_000, ROWS_AT_FIRST - at) }, () => make())
        const states = await db.transact((tx) =>
          add(
            tx,
            appPk,
            conceptPk,
            wanted.map((vector) => ({ vector, labelled: next() < 0.3 })),
          ),
        )
        for (const state of states) model.states.set(state.inputPk, state)
      }
      const scopes = [false, true].map((labelled) => scopeOf(appPk, labelled))
      let recall = { found: 0, wanted: 0 }
      let asked = new Asked(db, folder)
      const search = async (): Promise<void> => {
        const labelled = next() < 0.6
        const exact = next() < 0.4
        const limit = LIMITS[Math.floor(next() * LIMITS.length)]!
        const query = make()
        const start = model.now
        const { hits } = await asked.search(planOf(appPk, scopes[labelled ? 1 : 0]!, query, exact, limit))
        recall = compare(model.settledSince(start), hits, { labelled, exact, limit, query }, recall)
      }
      const write = async (): Promise<void> => {
        const known = [...model.states].filter(([pk, state]) => state && model.isFree(pk))
        const [inputPk, state] = known[Math.floor(next() * known.length)]!
        const draw = next()
        if (draw < 0.4) {
          const fresh = { vector: make(), labelled: next() < 0.3 }
          // Nobody knows its number before it is there, so no search can be expected to have it or not.
          const [made] = await db.transact((tx) => add(tx, appPk, conceptPk, [fresh]))
          await model.write(made!.inputPk, async () => {}, made)
        } else if (draw < 0.7) {
          await model.write(inputPk, () => remove(db, inputPk), undefined)
        } else {
          const changed = { ...state!, labelled: !state!.labelled }
          await model.write(inputPk, () => label(db, appPk, conceptPk, changed), changed)
        }
      }
      let writing = true
      const writers = Array.from({ length: WRITERS }, async () => {
        while (writing) await write()
      })
      try {
        for (let round = 0; round < ROUNDS; round++) {
          let left = SEARCHES_PER_ROUND
          await Promise.all(
            Array.from({ length: SEARCHERS }, async () => {
              while (left-- > 0) await search()
            }),
          )
          if (round % 3 === 2) damage(folder, (name) => name === 'rows.f32', next())
          else {
            await asked.close()
            if (round % 3 === 1) damage(folder, () => true, next())
            asked = new Asked(db, folder)
          }
        }
        writing = false
        await Promise.all(writers)
        // Nobody writes: what fits is listed once and the list is used again, until the next commit.
        for (let change = 0; change < 3; change++) {
          for (let n = 0; n < QUIET_SEARCHES; n++) await search()
          await write()
        }
        for (let n = 0; n < QUIET_SEARCHES; n++) await search()
        assert.ok(model.now > 20, `${model.now} writes`)
        assert.ok(recall.found / recall.wanted >= 0.99, `recall ${recall.found / recall.wanted}`)
      } finally {
        writing = false
        await Promise.allSettled(writers)
        await asked.close()
        await rm(folder, { recursive: true, force: true })
      }
    }))
})

interface Wish {
  readonly labelled: boolean
  readonly exact: boolean
  readonly limit: number
  readonly query: Float32Array
}

/** Compares hits with what is certain; nothing may be missing of exact searches, and little of others. */
function compare(
  settled: readonly [number, State | undefined][],
  hits: readonly { readonly inputPk: number; readonly score: number }[],
  { labelled, exact, limit, query }: Wish,
  recall: { found: number; wanted: number },
): { found: number; wanted: number } {
  assert.ok(hits.length <= limit)
  assert.equal(new Set(hits.map(({ inputPk }) => inputPk)).size, hits.length)
  for (let at = 1; at < hits.length; at++) assert.ok(hits[at - 1]!.score >= hits[at]!.score)
  const scoreOfHit = new Map(hits.map(({ inputPk, score }) => [inputPk, score]))
  const last = hits.length === limit ? hits.at(-1)!.score : -1
  let { found, wanted } = recall
  for (const [inputPk, state] of settled) {
    const fits = state !== undefined && (state.labelled || !labelled)
    const score = scoreOfHit.get(inputPk)
    if (!fits) {
      assert.equal(score, undefined, `input ${inputPk} does not fit`)
      continue
    }
    const expected = scoreOf(dot(query, state.vector))
    if (score !== undefined) assert.equal(score, expected)
    if (expected <= last) continue
    if (exact) assert.equal(score, expected, `input ${inputPk} is missing`)
    wanted++
    if (score !== undefined) found++
  }
  return { found, wanted }
}

function scopeOf(appPk: number, labelled: boolean): SearchPlan['scope'] {
  const test = { is: 'concept', id: 'label', name: '', value: 1 } as const
  return {
    appPk,
    clauses: labelled ? [{ any: [test], negate: false }] : [],
    annotationStatuses: [24_150],
    trustedOnly: labelled,
    inputStatuses: [30_000],
    asOf: null,
  }
}

function planOf(
  appPk: number,
  scope: SearchPlan['scope'],
  query: Float32Array,
  exact: boolean,
  limit: number,
): SearchPlan {
  const space = { appPk, versionPk: 0, dimension: DIMENSION }
  return {
    scope,
    hits: 'inputs',
    ranks: [{ by: 'vector', negate: false, space, query }],
    combine: 'mean',
    exact,
    minScore: 0,
    offset: 0,
    limit,
    onlyCount: false,
  }
}

let made = 0

async function add(
  tx: Writer,
  appPk: number,
  conceptPk: number,
  wanted: readonly Omit<State, 'inputPk'>[],
): Promise<State[]> {
  const from = made
  made += wanted.length
  const inputs = await insertRows(
    tx,
    'inputs',
    wanted.map((_, n) => ({
      app_pk: appPk,
      id: `i${from + n}`,
      kinds: 1,
      status_code: 30_000,
      status_details: '',
      add_job_pk: null,
      doc: '{}',
      created_at: 1,
      modified_at: 1,
    })),
    ['pk', 'id'],
  )
  const pkOf = new Map(inputs.map(({ pk, id }) => [id, pk]))
  const states = wanted.map((state, n): State => ({ ...state, inputPk: pkOf.get(`i${from + n}`)! }))
  const annotations = await insertRows(
    tx,
    'annotations',
    states.map(({ inputPk }) => newAnnotation(appPk, inputPk, `a${inputPk}`, 1)),
    ['pk', 'input_pk'],
  )
  const annotationOf = new Map(annotations.map(({ pk, input_pk }) => [input_pk, pk]))
  await insertRows(
    tx,
    'embeddings',
    states.map(({ inputPk, vector }) => ({
      app_pk: appPk,
      input_pk: inputPk,
      annotation_pk: annotationOf.get(inputPk)!,
      model_version_pk: 0,
      region_id: '',
      dimension: DIMENSION,
      vector: new Uint8Array(vector.slice().buffer),
    })),
    [],
  )
  const labels = states
    .filter(({ labelled }) => labelled)
    .map(({ inputPk }) => labelRow(appPk, conceptPk, inputPk, annotationOf.get(inputPk)!))
  await insertRows(tx, 'annotation_concepts', labels, [])
  // As the index brings them to length 1 once more.
  return states.map((state) => ({ ...state, vector: toUnit(state.vector.slice()) }))
}

const labelRow = (app_pk: number, concept_pk: number, input_pk: number, annotation_pk: number) => ({
  app_pk,
  concept_pk,
  input_pk,
  annotation_pk,
  place: 0,
  value: 1,
})

const remove = (db: Database, inputPk: number): Promise<unknown> =>
  db.transact((tx) => tx.deleteFrom('inputs').where('pk', '=', inputPk).execute())

const label = (db: Database, appPk: number, conceptPk: number, { inputPk, labelled }: State): Promise<unknown> =>
  db.transact(async (tx) => {
    if (!labelled) return tx.deleteFrom('annotation_concepts').where('input_pk', '=', inputPk).execute()
    const { pk } = await tx
      .selectFrom('annotations')
      .select('pk')
      .where('input_pk', '=', inputPk)
      .executeTakeFirstOrThrow()
    return insertRows(tx, 'annotation_concepts', [labelRow(appPk, conceptPk, inputPk, pk)], [])
  })

async function newConcept(db: Database, app_pk: number): Promise<number> {
  const row = { app_pk, id: 'label', name: 'label', language: 'en', doc: '{}', created_at: 1, modified_at: 1 }
  const [made] = await db.transact((tx) => insertRows(tx, 'concepts', [row], ['pk']))
  return made!.pk
}

/** Cuts off one of the files of an index. */
function damage(folder: string, isMeant: (name: string) => boolean, draw: number): void {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && isMeant(entry.name),
  )
  const file = files[Math.floor(draw * files.length)]
  if (file) truncateSync(join(file.parentPath, file.name), 100)
}
