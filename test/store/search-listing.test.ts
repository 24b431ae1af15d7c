import assert from 'node:assert/strict'
import { it } from 'node:test'
import { wordsOf } from '../../src/base/words.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { urlHash } from '../../src/domain/inputs/posted.ts'
import { outlookOf } from '../../src/search/process/candidates.ts'
import { countFitting, listInputs } from '../../src/search/process/listing.ts'
import type { Database } from '../../src/store/database.ts'
import type { AnnotationClause, AnnotationTest } from '../../src/store/repos/annotation-conditions.ts'
import { apps, datasets, users } from '../../src/store/repos/families.ts'
import { fittingInputs, type SearchScope } from '../../src/store/repos/search-matches.ts'
import { setInputTexts, textWords } from '../../src/store/repos/texts.ts'
import { putInputs } from '../kit/stored-inputs.ts'
import { newApp, newUser, onEachEngine, withDatabase } from './kit.ts'

const INPUTS = 60
const SEED = 7_919

/** Numbers that look random and are the same each time. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor((state / 2_147_483_648) * below)
  }
}

/** Inputs of which the n-th has what divides n: concepts, places, metadata, a dataset, an address, words. */
async function fill(db: Database): Promise<{ appPk: number; pks: number[] }> {
  const at = 1_000
  return db
    .transact(async (tx) => {
      const { pk: userPk } = await users.insert(tx, newUser('ann'))
      const { pk: appPk } = await apps.insert(tx, newApp(userPk, 'shop'))
      return { userPk, appPk }
    })
    .then(async ({ userPk, appPk }) => {
      const wanted = Array.from({ length: INPUTS }, (_, n) => ({
        id: `i${n}`,
        data: {
          concepts: [2, 3, 5, 30].filter((part) => n % part === 0).map((part) => ({ id: `by${part}`, value: 1 })),
          metadata: { third: n % 3 },
          ...(n % 4 === 0 && { geo: { geoPoint: { latitude: n, longitude: 0 } } }),
        },
      }))
      const place = { pk: appPk, owner: { id: 'ann', pk: userPk } }
      const stored = await putInputs({ db, clock: { now: () => at } }, place, wanted)
      const pks = [...stored.values()]
      await db.transact(async (tx) => {
        const { pk: dataset_pk } = await datasets.insert(tx, {
          app_pk: appPk,
          id: 'sevens',
          description: '',
          visibility: 10,
          is_bookmark: 0,
          is_featured: 0,
          doc: '{}',
          created_at: at,
          modified_at: at,
        })
        for (const [n, input_pk] of pks.entries()) {
          if (n % 7 === 0)
            await tx.insertInto('dataset_inputs').values({ dataset_pk, input_pk, created_at: n }).execute()
          await tx
            .insertInto('input_urls')
            .values({ app_pk: appPk, input_pk, url_hash: urlHash(`u${n}`) })
            .execute()
        }
        const texts = pks.map((inputPk, n) => ({ inputPk, text: textWords(wordsOf(n % 2 ? 'odd' : 'even number')) }))
        await setInputTexts(tx, appPk, texts)
        // What some say does not count, and some inputs are not ready.
        const some = (part: number) => pks.filter((_, n) => n % part === 0)
        await tx.updateTable('annotations').set({ trusted: 0 }).where('input_pk', 'in', some(11)).execute()
        const status_code = StatusCode.ANNOTATION_PENDING
        await tx.updateTable('annotations').set({ status_code }).where('input_pk', 'in', some(13)).execute()
        await tx
          .updateTable('inputs')
          .set({ status_code: StatusCode.INPUT_DOWNLOAD_PENDING })
          .where('pk', 'in', some(17))
          .execute()
        await tx
          .updateTable('inputs')
          .set({ status_code: StatusCode.INPUT_DOWNLOAD_SUCCESS })
          .where('pk', 'not in', some(17))
          .execute()
      })
      return { appPk, pks }
    })
}

const concept = (id: string): AnnotationTest => ({ is: 'concept', id, name: '', value: 1 })
const TESTS: readonly AnnotationTest[] = [
  ...['by2', 'by3', 'by5', 'by30', 'unknown'].map(concept),
  { is: 'dataset', id: 'sevens' },
  { is: 'input', id: 'i12' },
  { is: 'url', hash: urlHash('u30') },
  { is: 'worker', kind: 'user', id: 'ann' },
  { is: 'within', box: { south: 10, north: 40, west: -1, east: 1 } },
  { is: 'near', latitude: 8, longitude: 0, radians: 0.2 },
  { is: 'words', of: 'input', query: { any: [{ all: [{ words: ['odd'], prefix: false }], none: [] }] } },
  { is: 'words', of: 'annotation', query: { any: [{ all: [{ words: ['num'], prefix: true }], none: [] }] } },
  { is: 'contains', field: 'metadata', value: { third: 1 } },
  { is: 'trusted' },
]

/** Asked before what is random, so that each road is taken. */
const FIRST: readonly (readonly AnnotationClause[])[] = [
  [{ any: [{ is: 'dataset', id: 'sevens' }], negate: false }],
  ['by2', 'by3'].map((id) => ({ any: [concept(id)], negate: false })),
]

onEachEngine('listing what fits filters', (engine) => {
  it('finds the same whichever road it takes', () =>
    withDatabase(engine, async (db) => {
      const { appPk, pks } = await fill(db)
      const random = numbers(SEED)
      const clause = (): AnnotationClause => ({
        any: Array.from({ length: 1 + random(2) }, () => TESTS[random(TESTS.length)]!),
        negate: random(4) === 0,
      })
      const roads = new Set<string>()
      for (let round = 0; round < 40; round++) {
        const scope: SearchScope = {
          appPk,
          clauses: FIRST[round] ?? Array.from({ length: random(4) }, clause),
          perAnnotation: random(2) === 0,
          annotationStatuses: random(2) === 0 ? [StatusCode.ANNOTATION_SUCCESS] : null,
          trustedOnly: random(2) === 0,
          inputStatuses: random(2) === 0 ? [StatusCode.INPUT_DOWNLOAD_SUCCESS] : null,
          asOf: null,
        }
        const fitting = await fittingInputs(db.read, scope, pks)
        const expected = pks.filter((pk) => fitting.has(pk)).reverse()
        const say = JSON.stringify(scope.clauses)
        for (const fewMax of [FIRST[round] ? 0 : [0, 4, 15][random(3)]!, 20_000]) {
          const limits = { fewMax, lookedAtFirst: random(10), perRead: 3 + random(5) }
          const { found, road } = await listInputs(db.read, scope, INPUTS, limits)
          assert.deepEqual(found, expected, `${say} ${JSON.stringify(limits)}`)
          const some = await listInputs(db.read, scope, 3, limits)
          assert.deepEqual(some.found, expected.slice(0, 3), say)
          roads.add(road.split(':')[0]!)
          const outlook = await outlookOf(db.read, scope, fewMax)
          if (!outlook.few && outlook.common) roads.add('common')
        }
        assert.equal((await countFitting(db.read, scope)).count, expected.length, say)
      }
      const sets = db.read.ops.mergesSets ? ['by sets'] : []
      assert.deepEqual([...roads].sort(), ['by age', 'by concept', 'by dataset', ...sets, 'common', 'few'])
    }))
})
