import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Database } from '../../src/store/database.ts'
import { DuplicateKey } from '../../src/store/errors.ts'
import {
  areSynonyms,
  conceptsByPlainName,
  type Predicate,
  parentsOf,
  type RelationFilter,
  relatedPairs,
  relationFits,
  reversedSynonym,
  synonymNames,
} from '../../src/store/repos/concept-relations.ts'
import { concepts, conceptRelations as rows } from '../../src/store/repos/families.ts'
import type { Writer } from '../../src/store/session.ts'
import { newApp, newUser, onEachEngine, withDatabase } from './kit.ts'

const times = { created_at: 1, modified_at: 1 }

async function addApp(tx: Writer, id: string, names: readonly string[]) {
  const user = await tx
    .insertInto('users')
    .values(newUser(`of-${id}`))
    .returning('pk')
    .executeTakeFirstOrThrow()
  const app = await tx.insertInto('apps').values(newApp(user.pk, id)).returning('pk').executeTakeFirstOrThrow()
  const pks = new Map<string, number>()
  for (const name of names) {
    const concept = { app_pk: app.pk, id: name, name, language: '', doc: '{}', ...times }
    pks.set(name, (await concepts.insert(tx, concept)).pk)
  }
  return { pk: app.pk, of: (name: string) => pks.get(name)! }
}

const relation = (
  app_pk: number,
  predicate: 'hyponym' | 'synonym',
  subject_pk: number,
  object_pk: number,
  graph = '',
) => ({
  app_pk,
  id: `${graph}:${subject_pk}-${predicate}-${object_pk}`,
  knowledge_graph_id: graph,
  predicate,
  subject_pk,
  object_pk,
  visibility: 10,
  doc: '{}',
  ...times,
})

onEachEngine('concept relations', (engine) => {
  const inZoo = (run: (db: Database, zoo: Awaited<ReturnType<typeof addApp>>) => Promise<void>) =>
    withDatabase(engine, async (db) => {
      const zoo = await db.transact(async (tx) => {
        const made = await addApp(tx, 'zoo', ['dog', 'hound', 'pet', 'animal'])
        await rows.insert(tx, relation(made.pk, 'hyponym', made.of('dog'), made.of('pet')))
        await rows.insert(tx, relation(made.pk, 'hyponym', made.of('dog'), made.of('animal')))
        await rows.insert(tx, relation(made.pk, 'hyponym', made.of('pet'), made.of('animal')))
        await rows.insert(tx, relation(made.pk, 'synonym', made.of('hound'), made.of('dog')))
        await rows.insert(tx, relation(made.pk, 'hyponym', made.of('hound'), made.of('pet'), 'breeds'))
        return made
      })
      await run(db, zoo)
    })

  it('are found from either end, by predicate and by graph', () =>
    inZoo(async (db, zoo) => {
      const count = (filter: RelationFilter) => rows.count(db.read, { parent: zoo.pk, where: relationFits(filter) })
      const dog = zoo.of('dog')
      assert.equal(await count({}), 5)
      assert.equal(await count({ conceptPk: dog }), 3)
      assert.equal(await count({ conceptPk: dog, predicate: 'hyponym' }), 2)
      assert.equal(await count({ conceptPk: dog, predicate: 'hypernym' }), 0)
      assert.equal(await count({ conceptPk: dog, predicate: 'synonym' }), 1)
      assert.equal(await count({ conceptPk: zoo.of('animal'), predicate: 'hypernym' }), 2)
      assert.equal(await count({ graphId: '' }), 4)
      assert.equal(await count({ graphId: 'breeds', predicate: 'hypernym' }), 1)
    }))

  it('lead to parents within one graph of one app', () =>
    inZoo(async (db, zoo) => {
      const parents = (graph: string, ...names: string[]) => parentsOf(db.read, zoo.pk, graph, names.map(zoo.of))
      assert.deepEqual(await parents('', 'dog', 'pet', 'hound'), new Set([zoo.of('pet'), zoo.of('animal')]))
      assert.deepEqual(await parents('breeds', 'dog', 'hound'), new Set([zoo.of('pet')]))
      assert.deepEqual(await parents('', 'animal'), new Set())
      assert.deepEqual(await parentsOf(db.read, zoo.pk + 1, '', [zoo.of('dog')]), new Set())
    }))

  it('come as pairs, synonyms from both sides', () =>
    inZoo(async (db, zoo) => {
      const pairs = async (predicate: Predicate, graphId = '', limit = 9) =>
        (await relatedPairs(db.read, { appPk: zoo.pk, graphId, predicate }, limit)).map(
          ({ from, to }) => `${from.id}>${to.name}`,
        )
      assert.deepEqual(await pairs('synonym'), ['hound>dog', 'dog>hound'])
      assert.deepEqual(await pairs('hyponym'), ['dog>pet', 'dog>animal', 'pet>animal'])
      assert.deepEqual(await pairs('hypernym'), ['pet>dog', 'animal>dog', 'animal>pet'])
      assert.deepEqual(await pairs('hyponym', '', 1), ['dog>pet'])
      assert.deepEqual(await pairs('hyponym', 'breeds'), ['hound>pet'])
    }))

  it('know a synonym that is there the other way round', () =>
    inZoo(async (db, zoo) => {
      const [dog, hound] = [zoo.of('dog'), zoo.of('hound')]
      assert.ok(await reversedSynonym(db.read, relation(zoo.pk, 'synonym', dog, hound)))
      assert.equal(await reversedSynonym(db.read, relation(zoo.pk, 'synonym', hound, dog)), undefined)
      assert.equal(await reversedSynonym(db.read, relation(zoo.pk, 'synonym', dog, hound, 'breeds')), undefined)
    }))

  it('give names to map by, of whatever letter case', () =>
    inZoo(async (db, zoo) => {
      const [dog, hound, pet] = [zoo.of('dog'), zoo.of('hound'), zoo.of('pet')]
      assert.deepEqual(
        await synonymNames(db.read, zoo.pk, '', [dog, hound, pet]),
        new Map([
          [hound, ['dog']],
          [dog, ['hound']],
        ]),
      )
      assert.deepEqual(await conceptsByPlainName(db.read, zoo.pk, ['DOG', 'none']), new Map([['dog', dog]]))
      for (const [subject, object, is] of [
        [dog, hound, true],
        [hound, dog, true],
        [dog, pet, false],
      ] as const) {
        assert.equal(await areSynonyms(db.read, relation(zoo.pk, 'synonym', subject, object)), is)
      }
    }))

  it('are kept once, and go with their concepts', () =>
    inZoo(async (db, zoo) => {
      const again = { ...relation(zoo.pk, 'synonym', zoo.of('hound'), zoo.of('dog')), id: 'again' }
      await assert.rejects(
        db.transact((tx) => rows.insert(tx, again)),
        DuplicateKey,
      )
      await db.transact((tx) => tx.deleteFrom('concepts').where('id', '=', 'dog').execute())
      assert.equal(await rows.count(db.read, { parent: zoo.pk }), 2)
      await db.transact((tx) => tx.deleteFrom('apps').where('pk', '=', zoo.pk).execute())
      assert.equal(await rows.count(db.read, { parent: zoo.pk }), 0)
    }))
})
