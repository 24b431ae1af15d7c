import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Database } from '../../src/store/database.ts'
import { conceptHomes, searchConcepts } from '../../src/store/repos/concepts.ts'
import { concepts } from '../../src/store/repos/families.ts'
import {
  conceptCounts,
  listVersions,
  putHead,
  readHead,
  renewLatestVersion,
  setVersionConcepts,
  standingVersions,
  versionConcepts,
  versionCounts,
} from '../../src/store/repos/model-versions.ts'
import { findModels, type ModelFilter, type ModelSort, modelStars, setModelTags } from '../../src/store/repos/models.ts'
import { fits } from '../../src/store/repos/search.ts'
import { deprecateWorkflowsWith } from '../../src/store/repos/workflow-uses.ts'
import type { Writer } from '../../src/store/session.ts'
import { newApp, newUser, onEachEngine, withDatabase } from './kit.ts'

let clock = 1
const times = () => ({ created_at: ++clock, modified_at: clock })

async function addModel(
  tx: Writer,
  app_pk: number,
  id: string,
  more: { doc?: object; visibility?: number; type?: string } = {},
) {
  const { pk } = await tx
    .insertInto('models')
    .values({
      app_pk,
      id,
      model_type_id: more.type ?? 'image-crop',
      name: id.toUpperCase(),
      description: '',
      visibility: more.visibility ?? 10,
      latest_version_pk: null,
      doc: JSON.stringify(more.doc ?? {}),
      ...times(),
    })
    .returning('pk')
    .executeTakeFirstOrThrow()
  return pk
}

async function addVersion(
  tx: Writer,
  model_pk: number,
  id: string,
  more: { doc?: object; visibility?: number; status?: number } = {},
) {
  const { pk } = await tx
    .insertInto('model_versions')
    .values({
      model_pk,
      id,
      status_code: more.status ?? 21100,
      description: id,
      visibility: more.visibility ?? 10,
      completed_at: null,
      doc: JSON.stringify(more.doc ?? {}),
      ...times(),
    })
    .returning('pk')
    .executeTakeFirstOrThrow()
  await renewLatestVersion(tx, model_pk)
  return pk
}

async function addConcepts(tx: Writer, app_pk: number, names: readonly string[]): Promise<number[]> {
  const pks: number[] = []
  for (const name of names) {
    const row = await concepts.insert(tx, { app_pk, id: `id-${name}`, name, language: '', doc: '{}', ...times() })
    pks.push(row.pk)
  }
  return pks
}

/** Two users with an app each; the second and its app are public. */
async function people(db: Database) {
  return db.transact(async (tx) => {
    const users = await tx
      .insertInto('users')
      .values([{ ...newUser('ann'), visibility: 10 }, newUser('ben')])
      .returning('pk')
      .execute()
    const [ann, ben] = users.map(({ pk }) => pk) as [number, number]
    const apps = await tx
      .insertInto('apps')
      .values([
        { ...newApp(ann, 'home'), doc: '{"default_language":"de"}' },
        { ...newApp(ben, 'open'), visibility: 50 },
      ])
      .returning('pk')
      .execute()
    const [home, open] = apps.map(({ pk }) => pk) as [number, number]
    return { ann, ben, home, open }
  })
}

onEachEngine('models and concepts', (engine) => {
  test('models are seen by their owners, and by others when model, app and user are public', () =>
    withDatabase(engine, async (db) => {
      const { ann, ben, home, open } = await people(db)
      await db.transact(async (tx) => {
        await addModel(tx, home, 'a-public', { visibility: 50 })
        await addModel(tx, home, 'a-private')
        await addModel(tx, open, 'b-public', { visibility: 50 })
        await addModel(tx, open, 'b-private')
      })
      const seen = async (viewer: { userPk?: number; appPk?: number }, filter: ModelFilter = {}) => {
        const page = { sort: 'name', descending: false, limit: 10, offset: 0 } as const
        const rows = await findModels(db.read, { ...viewer, publicFrom: 50 }, filter, page)
        return rows.map((row) => `${row.user_id}/${row.app_id}/${row.id}`)
      }
      assert.deepEqual(await seen({}), ['ben/open/b-public'])
      assert.deepEqual(await seen({ userPk: ann }), ['ann/home/a-private', 'ann/home/a-public', 'ben/open/b-public'])
      assert.deepEqual(await seen({ userPk: ben }, { userPk: ann }), [])
      assert.deepEqual(await seen({ appPk: home }, { appPks: [home] }), ['ann/home/a-private', 'ann/home/a-public'])
      assert.deepEqual(await seen({ userPk: ben }, { appPks: [] }), [])
      assert.deepEqual(await seen({ userPk: ben }, { appPks: [home, open] }), [
        'ben/open/b-private',
        'ben/open/b-public',
      ])
    }))

  test('filters and orders of models', () =>
    withDatabase(engine, async (db) => {
      const { ann, ben, home } = await people(db)
      const made = await db.transact(async (tx) => {
        const one = await addModel(tx, home, 'one', { doc: { notes: 'Straße 50%', license_type: 2, creator: 'x' } })
        const two = await addModel(tx, home, 'two', { type: 'clusterer' })
        const three = await addModel(tx, home, 'three')
        await addVersion(tx, one, '1'.repeat(32), { doc: { license: 'MIT', total_input_count: 9 } })
        await addVersion(tx, two, '2'.repeat(32), { status: 21102, doc: { total_input_count: 10 } })
        await setModelTags(tx, one, { toolkit: ['t', 't'], use_case: ['u', 'v'], language: [] })
        for (const user_pk of [ann, ben]) {
          await tx.insertInto('stars').values({ user_pk, kind: 'model', resource_pk: three, created_at: 1 }).execute()
        }
        await tx.insertInto('stars').values({ user_pk: ben, kind: 'app', resource_pk: one, created_at: 1 }).execute()
        return { one, two, three }
      })
      const find = async (filter: ModelFilter, sort: ModelSort = 'created_at', descending = false) => {
        const page = { sort, descending, limit: 10, offset: 0 }
        return (await findModels(db.read, { userPk: ann, publicFrom: 50 }, filter, page)).map(({ id }) => id)
      }
      assert.deepEqual(await find({ versionStatus: 21100 }), ['one'])
      assert.deepEqual(await find({ versionIds: ['2'.repeat(32), 'none'] }), ['two'])
      assert.deepEqual(await find({ license: 'MIT' }), ['one'])
      assert.deepEqual(await find({ doc: { license_type: '2', creator: 'x' } }), ['one'])
      assert.deepEqual(await find({ tags: [{ kind: 'use_case', anyOf: ['v', 'w'] }] }), ['one'])
      assert.deepEqual(await find({ tags: [{ kind: 'toolkit', anyOf: ['v'] }] }), [])
      assert.deepEqual(await find({ typeIds: ['clusterer'] }), ['two'])
      assert.deepEqual(await find({ typeIds: [] }), [])
      assert.deepEqual(await find({ starredBy: ben }), ['three'])
      assert.deepEqual(await find({ featured: true }), [])
      assert.deepEqual(await find({ bookmark: false, visibility: 10 }), ['one', 'two', 'three'])
      assert.deepEqual(await find({ words: [[{ text: 'straße' }, { text: '50%' }]] }), ['one'])
      assert.deepEqual(await find({ words: [[{ text: 'o', not: true }], [{ text: 'tw' }]] }), ['two', 'three'])
      assert.deepEqual(await find({ pattern: 'T*' }), ['two', 'three'])
      assert.deepEqual(await find({ pattern: 'an*', searchOwner: true }), ['one', 'two', 'three'])
      assert.deepEqual(await find({}, 'num_inputs', true), ['two', 'one', 'three'])
      assert.deepEqual(await find({}, 'star_count', true), ['three', 'two', 'one'])
      assert.deepEqual(await find({ words: [[{ text: 't' }]] }, 'relevance', true), ['three', 'two', 'one'])
      const stars = await modelStars(db.read, [made.one, made.three], ann)
      assert.deepEqual([...stars], [[made.three, { count: 2, own: true }]])
      assert.equal((await modelStars(db.read, [made.three], undefined)).get(made.three)?.own, false)
    }))

  test('the version that stands for a model is the latest that fits, else the newest that does', () =>
    withDatabase(engine, async (db) => {
      const { home } = await people(db)
      const { model, pks } = await db.transact(async (tx) => {
        const pk = await addModel(tx, home, 'm')
        const versions = [
          await addVersion(tx, pk, 'a', { visibility: 50, doc: { total_input_count: 3 } }),
          await addVersion(tx, pk, 'b', { status: 21102, visibility: 50 }),
          await addVersion(tx, pk, 'c', { status: 21102 }),
        ]
        const row = await tx
          .selectFrom('models')
          .select(['pk', 'latest_version_pk'])
          .where('pk', '=', pk)
          .executeTakeFirstOrThrow()
        return { model: row, pks: versions }
      })
      const standing = async (choice: Parameters<typeof standingVersions>[2]) =>
        (await standingVersions(db.read, [model], choice)).get(model.pk)?.id
      assert.equal(await standing({ minVisibility: 0 }), 'c')
      assert.equal(await standing({ minVisibility: 50 }), 'b')
      assert.equal(await standing({ minVisibility: 0, status: 21100 }), 'a')
      assert.equal(await standing({ minVisibility: 0, ids: ['a', 'b'] }), 'b')
      assert.equal(await standing({ minVisibility: 50, ids: ['c'] }), undefined)
      assert.deepEqual([...(await versionCounts(db.read, [model.pk], 50))], [[model.pk, 2]])
      const list = async (more: object) => {
        const page = { minVisibility: 0, sort: 'created_at', descending: true, limit: 10, offset: 0, ...more } as const
        return (await listVersions(db.read, model.pk, page)).map(({ id }) => id)
      }
      assert.deepEqual(await list({}), ['c', 'b', 'a'])
      assert.deepEqual(await list({ sort: 'num_inputs' }), ['a', 'c', 'b'])
      assert.deepEqual(await list({ sort: 'status_code', descending: false }), ['a', 'b', 'c'])
      assert.deepEqual(await list({ minVisibility: 50, limit: 1, offset: 1 }), ['a'])
      assert.equal(pks.length, 3)
    }))

  test('concepts of a version keep their order; heads stand beside it', () =>
    withDatabase(engine, async (db) => {
      const { home } = await people(db)
      const { version, pks } = await db.transact(async (tx) => {
        const pk = await addVersion(tx, await addModel(tx, home, 'm'), 'v')
        const names = Array.from({ length: 1500 }, (_, i) => `n${i}`)
        const links = (await addConcepts(tx, home, names)).toReversed()
        await setVersionConcepts(
          tx,
          pk,
          links.map((conceptPk) => ({ conceptPk, doc: '{}' })),
        )
        await putHead(tx, pk, '{"a":1}')
        await putHead(tx, pk, '{"a":2}')
        return { version: pk, pks: links }
      })
      assert.deepEqual(
        (await versionConcepts(db.read, version)).map(({ pk }) => pk),
        pks,
      )
      const found = await versionConcepts(db.read, version, { search: 'N149', limit: 5, offset: 2 })
      assert.deepEqual(
        found.map(({ name }) => name),
        ['n1497', 'n1496', 'n1495', 'n1494', 'n1493'],
      )
      assert.deepEqual([...(await conceptCounts(db.read, [version]))], [[version, 1500]])
      assert.equal(await readHead(db.read, version), '{"a":2}')
      assert.equal(await readHead(db.read, version + 1), undefined)
    }))

  test('search for concepts by name in a language', () =>
    withDatabase(engine, async (db) => {
      const { home, open } = await people(db)
      const version = await db.transact(async (tx) => {
        const [hund] = await addConcepts(tx, home, ['Hund', 'Hundehütte', 'Katze'])
        const [dog] = await addConcepts(tx, open, ['dog', 'dogma', 'cat'])
        await tx
          .insertInto('concept_languages')
          .values([
            { concept_pk: hund!, id: 'en', name: 'dog', definition: '', doc: '{}', ...times() },
            { concept_pk: dog!, id: 'de', name: 'Hund', definition: '', doc: '{}', ...times() },
          ])
          .execute()
        const pk = await addVersion(tx, await addModel(tx, open, 'm'), 'v')
        await setVersionConcepts(tx, pk, [{ conceptPk: dog!, doc: '{}' }])
        return pk
      })
      const both = { appPk: home, publicAppPk: open }
      const search = async (
        scope: Parameters<typeof searchConcepts>[1],
        name: string,
        language: string,
        plain: number[],
      ) => {
        const rows = await searchConcepts(
          db.read,
          scope,
          { name, language, plainAppPks: plain },
          { limit: 10, offset: 0 },
        )
        return rows.map((row) => row.translated ?? row.name)
      }
      assert.deepEqual(await search(both, 'hund', 'de', [home]), ['Hund', 'Hundehütte', 'Hund'])
      assert.deepEqual(await search(both, 'dog*', 'en', [open]), ['dog', 'dog', 'dogma'])
      assert.deepEqual(await search(both, 'dog', 'fr', []), [])
      assert.deepEqual(await search({ publicAppPk: open, publicTypeIds: ['image-crop'] }, 'dog', 'en', [open]), ['dog'])
      assert.deepEqual(await search({ publicAppPk: open, publicTypeIds: ['other'] }, 'dog', 'en', [open]), [])
      assert.deepEqual(await search({ versionPks: [version] }, '', 'en', [home, open]), ['dog'])
      assert.deepEqual(await search({}, 'dog', 'en', [open]), [])
      assert.deepEqual(
        await conceptHomes(db.read, [home, open, home]),
        new Map([
          [home, { appId: 'home', userId: 'ann', language: 'de' }],
          [open, { appId: 'open', userId: 'ben', language: 'en' }],
        ]),
      )
      const near = await concepts.list(db.read, {
        parent: home,
        where: (row) => fits(db.read.ops, row.ref('name'), 'hÜtte'),
        orderBy: { column: 'pk', direction: 'asc' },
        limit: 5,
      })
      assert.deepEqual(
        near.map(({ name }) => name),
        ['Hundehütte'],
      )
    }))

  test('workflow versions that name a model version are found among many', () =>
    withDatabase(engine, async (db) => {
      const { home } = await people(db)
      const id = (n: number) => n.toString(16).padStart(32, '0')
      const marked = await db.transact(async (tx) => {
        const base = { visibility: 10, description: '', ...times() }
        const { pk } = await tx
          .insertInto('workflows')
          .values({ ...base, app_pk: home, id: 'w', name: '', latest_version_pk: null, doc: '{}' })
          .returning('pk')
          .executeTakeFirstOrThrow()
        const rows = [1, 100, 200].map((n) => ({
          ...base,
          workflow_pk: pk,
          id: id(900 + n),
          doc: `{"nodes":[{"model":{"model_version":{"id":"${id(n)}"}}}]}`,
        }))
        await tx.insertInto('workflow_versions').values(rows).execute()
        await deprecateWorkflowsWith(
          tx,
          Array.from({ length: 150 }, (_, n) => id(n)),
        )
        return tx.selectFrom('workflow_versions').select('is_deprecated').orderBy('pk').execute()
      })
      assert.deepEqual(
        marked.map((row) => row.is_deprecated),
        [1, 1, 0],
      )
    }))
})
