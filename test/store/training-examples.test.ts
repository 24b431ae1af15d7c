import assert from 'node:assert/strict'
import { it } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { type Annotation, AnnotationSchema } from '../../src/contract/index.ts'
import { ensureConcepts } from '../../src/domain/annotations/concepts.ts'
import { storeAnnotations } from '../../src/domain/annotations/store.ts'
import { gatherExamples } from '../../src/domain/training/examples.ts'
import { VectorShelf } from '../../src/domain/training/shelf.ts'
import { labelsOfRows, storedVectors } from '../../src/domain/training/vectors.ts'
import type { Database } from '../../src/store/database.ts'
import { inputs } from '../../src/store/repos/families.ts'
import { newApp, newUser, onEachEngine, withDatabase } from './kit.ts'

interface Draft {
  readonly input: number
  readonly message: Parameters<typeof create<typeof AnnotationSchema>>[1]
  readonly status?: number
  readonly trusted?: boolean
  readonly vectorsBy?: number
}

async function place(db: Database): Promise<{ appPk: number; inputPks: number[] }> {
  return db.transact(async (tx) => {
    const user = await tx.insertInto('users').values(newUser('ann')).returning('pk').executeTakeFirstOrThrow()
    const app = await tx.insertInto('apps').values(newApp(user.pk, 'app')).returning('pk').executeTakeFirstOrThrow()
    const inputPks: number[] = []
    for (const [at, status_code] of [30_000, 30_000, 30_000, 30_001].entries()) {
      const row = { app_pk: app.pk, id: `in-${at}`, kinds: 1, status_code, status_details: '', add_job_pk: null }
      inputPks.push((await inputs.insert(tx, { ...row, doc: '{}', created_at: 1, modified_at: 1 })).pk)
    }
    return { appPk: app.pk, inputPks }
  })
}

async function store(db: Database, at: { appPk: number; inputPks: number[] }, drafts: readonly Draft[]): Promise<void> {
  await db.transact(async (tx) => {
    const messages = drafts.map(({ message }) => create(AnnotationSchema, message) as Annotation)
    const labelled = { appPk: at.appPk, appId: 'app', userId: 'ann', mayAddConcepts: () => {} }
    const datas = messages.map(({ data }) => data!)
    const conceptPk = await ensureConcepts(tx, labelled, datas, 1)
    const rows = drafts.map(({ input, status = 24_150, trusted = true, vectorsBy }, which) => ({
      appPk: at.appPk,
      inputPk: at.inputPks[input]!,
      message: messages[which]!,
      worker: { kind: 'user' as const, id: 'ann', pk: null },
      statusCode: status,
      trusted,
      conceptPk,
      ...(vectorsBy !== undefined && { vectorsBy }),
    }))
    await storeAnnotations(tx, rows, 1)
  })
}

const label = (id: string, value = 1) => ({ concepts: [{ id, value }] })
const box = { topRow: 0.1, leftCol: 0.2, bottomRow: 0.5, rightCol: 0.6 }
const services = (db: Database) => ({ db, blobs: undefined as never })

onEachEngine('examples of a training', (engine) => {
  it('are done labels of people on processed inputs, in the order of inputs', () =>
    withDatabase(engine, async (db) => {
      const at = await place(db)
      await store(db, at, [
        { input: 1, message: { data: label('cat') } },
        { input: 0, message: { data: label('cat', 0) } },
        { input: 0, message: { data: label('dog') } },
        { input: 2, message: { data: label('bird') } },
        { input: 2, message: { data: label('cat') }, status: 24_151 },
        { input: 2, message: { data: label('dog') }, trusted: false },
        { input: 3, message: { data: label('cat') } },
        {
          input: 1,
          message: { data: { regions: [{ id: 'r1', regionInfo: { boundingBox: box }, data: label('dog') }] } },
        },
      ])
      const wish = { appPk: at.appPk, conceptIds: ['dog', 'cat'] }
      const { examples, labels, gone } = await gatherExamples(services(db), { ...wish, places: 'whole' })
      assert.deepEqual(examples, [
        { inputPk: at.inputPks[0], regionId: '' },
        { inputPk: at.inputPks[1], regionId: '' },
      ])
      assert.deepEqual(
        [[...labels.rows], [...labels.concepts], [...labels.values]],
        [
          [0, 0, 1],
          [1, 0, 1],
          [0, 1, 1],
        ],
      )
      assert.equal(gone, 0)
      const regions = await gatherExamples(services(db), { ...wish, places: 'regions' })
      assert.deepEqual(
        regions.examples,
        [
          {
            inputPk: at.inputPks[1],
            regionId: 'r1',
            box: { top: box.topRow, left: box.leftCol, bottom: box.bottomRow, right: box.rightCol },
          },
        ].map((example) => ({ ...example, box: mapValues(example.box, Math.fround) })),
      )
      const both = await gatherExamples(services(db), { ...wish, places: 'both' })
      assert.equal(both.examples.length, 3)
      assert.deepEqual(
        (await gatherExamples(services(db), { ...wish, conceptIds: ['none'], places: 'both' })).examples,
        [],
      )
    }))

  it('have the vectors that a model version has stored, frames by their mean', () =>
    withDatabase(engine, async (db) => {
      const at = await place(db)
      const embeddings = (...vector: number[]) => ({ embeddings: [{ vector }] })
      await store(db, at, [
        { input: 0, message: { data: label('cat') } },
        { input: 1, message: { data: label('cat') } },
        { input: 2, message: { data: label('dog') } },
        { input: 0, message: { data: embeddings(1, 2) }, vectorsBy: 7 },
        { input: 0, message: { data: embeddings(9, 9) }, vectorsBy: 8 },
        { input: 2, message: { data: { frames: [{ data: embeddings(2, 0) }] } }, vectorsBy: 7 },
        { input: 2, message: { data: { frames: [{ data: embeddings(4, 1) }] } }, vectorsBy: 7 },
      ])
      const wish = { appPk: at.appPk, conceptIds: ['cat', 'dog'], places: 'whole' as const }
      const { examples, labels } = await gatherExamples(services(db), wish)
      const shelf = new VectorShelf()
      const found = await storedVectors(db.read, shelf, { appPk: 1, modelVersionPk: 7, examples })
      assert.deepEqual([found.dims, [...found.rows], [...found.matrix]], [2, [0, 2], [1, 2, 3, 0.5]])
      const own = labelsOfRows(labels, found.rows)
      assert.deepEqual(
        [[...own.rows], [...own.concepts]],
        [
          [0, 1],
          [0, 1],
        ],
      )
      const none = await storedVectors(db.read, shelf, { appPk: 1, modelVersionPk: 99, examples })
      assert.deepEqual([none.dims, none.rows.length, none.matrix.length], [0, 0, 0])
    }))

  it('have vectors that lie on the shelf only as long as they are stored', () =>
    withDatabase(engine, async (db) => {
      const at = await place(db)
      const vector = (input: number, ...numbers: number[]) => ({
        input,
        message: { data: { embeddings: [{ vector: numbers }] } },
        vectorsBy: 7,
      })
      await store(db, at, [
        { input: 0, message: { data: label('cat') } },
        { input: 1, message: { data: label('cat') } },
        vector(0, 1, 2),
        vector(1, 3, 4),
      ])
      const wish = { appPk: at.appPk, conceptIds: ['cat'], places: 'whole' as const }
      const { examples } = await gatherExamples(services(db), wish)
      const shelf = new VectorShelf()
      const look = async (): Promise<[number[], number[]]> => {
        const found = await storedVectors(db.read, shelf, { appPk: at.appPk, modelVersionPk: 7, examples })
        return [[...found.rows], [...found.matrix]]
      }
      assert.deepEqual(await look(), [
        [0, 1],
        [1, 2, 3, 4],
      ])
      assert.equal(shelf.of(at.appPk, 7)?.size, 2)
      await db.transact(async (tx) => {
        await tx.deleteFrom('embeddings').where('input_pk', '=', at.inputPks[0]!).execute()
      })
      assert.deepEqual(await look(), [[1], [3, 4]])
      assert.equal(shelf.of(at.appPk, 7)?.size, 1)
      await store(db, at, [vector(0, 5, 6)])
      assert.deepEqual(await look(), [
        [0, 1],
        [5, 6, 3, 4],
      ])
    }))
})

function mapValues<K extends string>(record: Record<K, number>, change: (value: number) => number): Record<K, number> {
  return Object.fromEntries(Object.entries<number>(record).map(([key, value]) => [key, change(value)])) as Record<
    K,
    number
  >
}
