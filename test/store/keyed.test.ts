import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isAppError } from '../../src/base/errors.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import type { Database } from '../../src/store/database.ts'
import { DuplicateKey } from '../../src/store/errors.ts'
import { apps, concepts, models, modelVersions, users } from '../../src/store/repos/families.ts'
import { anyParent } from '../../src/store/repos/keyed.ts'
import { newApp, newUser, onEachEngine, withDatabase } from './kit.ts'

async function addUser(db: Database, id: string): Promise<number> {
  return (await db.transact((tx) => users.insert(tx, newUser(id)))).pk
}

async function addApps(db: Database, userPk: number, apps_: [id: string, at: number][]): Promise<void> {
  await db.transact(async (tx) => {
    for (const [id, at] of apps_) await apps.insert(tx, newApp(userPk, id, at))
  })
}

onEachEngine('keyed rows', (engine) => {
  it('gives back what was inserted, by id, by pk and in numbers', () =>
    withDatabase(engine, async (db) => {
      const ann = await addUser(db, 'ann')
      const bob = await addUser(db, 'bob')
      const shop = await db.transact((tx) => apps.insert(tx, { ...newApp(ann, 'shop'), doc: '{"notes":"ä€😀"}' }))
      await addApps(db, bob, [['shop', 5]])
      assert.deepEqual(shop, {
        ...newApp(ann, 'shop'),
        doc: '{"notes":"ä€😀"}',
        pk: shop.pk,
        revision: 1,
        is_template: 0,
        is_featured: 0,
      })
      assert.deepEqual(await apps.get(db.read, ann, 'shop'), shop)
      assert.deepEqual(await apps.getByPk(db.read, shop.pk), shop)
      assert.equal(await apps.get(db.read, ann, 'none'), undefined)
      assert.deepEqual(await apps.getMany(db.read, ann, ['none', 'shop']), new Map([['shop', shop]]))
      assert.deepEqual(await apps.getManyByPk(db.read, [shop.pk, 99]), new Map([[shop.pk, shop]]))
      assert.equal(await apps.count(db.read, { parent: ann }), 1)
      assert.equal(await apps.count(db.read, { parent: anyParent }), 2)
    }))

  it('looks up more ids than one statement may name', () =>
    withDatabase(engine, async (db) => {
      const ann = await addUser(db, 'ann')
      await addApps(db, ann, [
        ['first', 1],
        ['last', 2],
      ])
      const ids = ['first', ...Array.from({ length: 2_500 }, (_, index) => `no-${index}`), 'last']
      assert.deepEqual([...(await apps.getMany(db.read, ann, ids)).keys()], ['first', 'last'])
      assert.deepEqual(await db.transact((tx) => apps.deleteMany(tx, ann, ids)), ['first', 'last'])
    }))

  it('pages in a total order in both directions, by offset and by the last row', () =>
    withDatabase(engine, async (db) => {
      const ann = await addUser(db, 'ann')
      await addApps(db, ann, [
        ['a', 10],
        ['b', 20],
        ['c', 20],
        ['d', 20],
        ['e', 30],
      ])
      for (const [direction, expected] of [
        ['desc', ['e', 'd', 'c', 'b', 'a']],
        ['asc', ['a', 'b', 'c', 'd', 'e']],
      ] as const) {
        const page = { parent: ann, orderBy: { column: 'modified_at', direction }, limit: 2 } as const
        const byOffset = []
        for (let offset = 0; offset < 6; offset += 2) byOffset.push(...(await apps.list(db.read, { ...page, offset })))
        assert.deepEqual(
          byOffset.map((row) => row.id),
          expected,
        )
        const byRow = await apps.list(db.read, page)
        for (let last = byRow.at(-1); last; ) {
          const next = await apps.list(db.read, { ...page, after: { value: last.modified_at, pk: last.pk } })
          byRow.push(...next)
          last = next.at(-1)
        }
        assert.deepEqual(
          byRow.map((row) => row.id),
          expected,
        )
      }
      assert.deepEqual(
        await apps.list(db.read, { parent: ann, orderBy: { column: 'id', direction: 'asc' }, limit: 5, offset: 1e12 }),
        [],
      )
    }))

  it('sorts empty values lowest, and pages across them', () =>
    withDatabase(engine, async (db) => {
      const ann = await addUser(db, 'ann')
      const app = await db.transact((tx) => apps.insert(tx, newApp(ann, 'shop')))
      await db.transact(async (tx) => {
        const model = await models.insert(tx, newModel(app.pk, 'm'))
        const done: [string, number | null][] = [
          ['a', null],
          ['b', 7],
          ['c', null],
          ['d', 9],
        ]
        for (const [id, completed] of done) await modelVersions.insert(tx, newVersion(model.pk, id, completed))
      })
      for (const [direction, expected] of [
        ['asc', ['a', 'c', 'b', 'd']],
        ['desc', ['d', 'b', 'c', 'a']],
      ] as const) {
        const found: string[] = []
        let after: { value: number | null; pk: number } | undefined
        for (;;) {
          const orderBy = { column: 'completed_at', direction } as const
          const [row] = await modelVersions.list(db.read, { parent: anyParent, orderBy, limit: 1, after })
          if (!row) break
          found.push(row.id)
          after = { value: row.completed_at, pk: row.pk }
        }
        assert.deepEqual(found, expected)
      }
    }))

  it('sorts text by its bytes', () =>
    withDatabase(engine, async (db) => {
      const ann = await addUser(db, 'ann')
      await addApps(db, ann, [
        ['b', 1],
        ['A', 1],
        ['ä', 1],
        ['a-1', 1],
        ['a_1', 1],
        ['B', 1],
      ])
      const rows = await apps.list(db.read, { parent: ann, orderBy: { column: 'id', direction: 'asc' }, limit: 10 })
      assert.deepEqual(
        rows.map((row) => row.id),
        ['A', 'B', 'a-1', 'a_1', 'b', 'ä'],
      )
    }))

  it('filters by conditions and by patterns that ignore case', () =>
    withDatabase(engine, async (db) => {
      const ann = await addUser(db, 'ann')
      await addApps(db, ann, [
        ['General', 1],
        ['gen_1', 2],
        ['ÄPFEL', 3],
        ['a%b', 4],
      ])
      const find = async (pattern: string) => {
        const where = (row: Parameters<NonNullable<Parameters<typeof apps.count>[1]['where']>>[0]) =>
          db.read.ops.matches(row.ref('id'), pattern)
        const rows = await apps.list(db.read, {
          parent: ann,
          where,
          orderBy: { column: 'pk', direction: 'asc' },
          limit: 9,
        })
        return rows.map((row) => row.id)
      }
      assert.deepEqual(await find('GEN*'), ['General', 'gen_1'])
      assert.deepEqual(await find('gen_1'), ['gen_1'])
      assert.deepEqual(await find('äpf*'), ['ÄPFEL'])
      assert.deepEqual(await find('a%*'), ['a%b'])
      assert.deepEqual(await find('*'), ['General', 'gen_1', 'ÄPFEL', 'a%b'])
      const contained = await apps.count(db.read, {
        parent: ann,
        where: (row) => db.read.ops.contains(row.ref('id'), 'n_'),
      })
      assert.equal(contained, 1)
    }))

  it('reads scalars inside documents', () =>
    withDatabase(engine, async (db) => {
      const doc = JSON.stringify({
        a: { b: [{ c: 'x' }, 2.5] },
        yes: true,
        no: false,
        none: null,
        zero: 'a\0b',
        half: '\ud800',
        written: '\\u0000',
        n: 12,
      })
      await db.transact((tx) => users.insert(tx, { ...newUser('ann'), doc }))
      const { ops } = db.read
      const row = await db.read
        .selectFrom('users')
        .select(({ ref }) => [
          ops.jsonText(ref('doc'), ['a', 'b', 0, 'c']).as('deep'),
          ops.jsonText(ref('doc'), ['yes']).as('yes'),
          ops.jsonText(ref('doc'), ['no']).as('no'),
          ops.jsonText(ref('doc'), ['none']).as('none'),
          ops.jsonText(ref('doc'), ['missing', 'x']).as('missing'),
          ops.jsonText(ref('doc'), ['n']).as('text'),
          ops.jsonText(ref('doc'), ['written']).as('written'),
          ops.jsonText(ref('doc'), ['a', 'b']).as('list'),
          ops.jsonNumber(ref('doc'), ['a', 'b', 1]).as('number'),
          ops.jsonNumber(ref('doc'), ['yes']).as('notNumber'),
        ])
        .executeTakeFirstOrThrow()
      const expected = {
        deep: 'x',
        yes: 'true',
        no: 'false',
        none: null,
        missing: null,
        text: '12',
        written: '\\u0000',
      }
      assert.deepEqual(row, { ...expected, list: '[{"c":"x"},2.5]', number: 2.5, notNumber: null })
      assert.throws(() => ops.jsonText({} as never, ['a"b']), TypeError)
    }))

  it('updates only the revision that was read', () =>
    withDatabase(engine, async (db) => {
      const ann = await db.transact((tx) => users.insert(tx, newUser('ann')))
      const changed = await db.transact((tx) => users.update(tx, ann, { visibility: 10, id: 'anna' }, 2_000))
      assert.deepEqual(changed, { ...ann, id: 'anna', visibility: 10, revision: 2, modified_at: 2_000 })
      const late = db.transact((tx) => users.update(tx, ann, { visibility: 30 }, 3_000))
      await assert.rejects(
        late,
        (error) => isAppError(error) && error.code === StatusCode.DATABASE_INVALID_ROWS_AFFECTED,
      )
      assert.deepEqual(await users.getByPk(db.read, ann.pk), changed)
    }))

  it('refuses a rename to a taken id', () =>
    withDatabase(engine, async (db) => {
      await addUser(db, 'ann')
      const bob = await db.transact((tx) => users.insert(tx, newUser('bob')))
      await assert.rejects(
        db.transact((tx) => users.update(tx, bob, { id: 'ann' }, 2_000)),
        DuplicateKey,
      )
    }))

  it('deletes a row with all that belongs to it, and never gives its pk again', () =>
    withDatabase(engine, async (db) => {
      const ann = await addUser(db, 'ann')
      const [shop, other] = await db.transact(async (tx) => {
        const made = [await apps.insert(tx, newApp(ann, 'shop')), await apps.insert(tx, newApp(ann, 'other'))]
        for (const app of made) {
          await concepts.insert(tx, newConcept(app.pk, 'cat'))
          const model = await models.insert(tx, newModel(app.pk, 'm'))
          await modelVersions.insert(tx, newVersion(model.pk, 'v', null))
        }
        return made
      })
      assert.deepEqual(await db.transact((tx) => apps.deleteMany(tx, ann, ['other', 'none', 'other'])), ['other'])
      assert.equal(await concepts.count(db.read, { parent: other!.pk }), 0)
      assert.equal(await concepts.count(db.read, { parent: shop!.pk }), 1)
      assert.equal(await modelVersions.count(db.read, { parent: anyParent }), 1)
      const next = await db.transact((tx) => apps.insert(tx, newApp(ann, 'other')))
      assert.ok(next.pk > other!.pk)
      assert.equal(await db.transact((tx) => apps.deleteAll(tx, ann)), 2)
    }))

  it('deletes more rows of a parent than one statement takes, and no others', () =>
    withDatabase(engine, async (db) => {
      const [ann, bob] = [await addUser(db, 'ann'), await addUser(db, 'bob')]
      const rows = Array.from({ length: 1_001 }, (_, index) => newApp(ann, `a${index}`))
      await db.transact(async (tx) => {
        await tx.insertInto('apps').values(rows).execute()
        await apps.insert(tx, newApp(bob, 'kept'))
      })
      assert.equal(await db.transact((tx) => apps.deleteAll(tx, ann)), 1_001)
      assert.equal(await apps.count(db.read, { parent: anyParent }), 1)
    }))

  it('refuses pages of nonsense', () =>
    withDatabase(engine, async (db) => {
      const page = { parent: 1, orderBy: { column: 'pk', direction: 'asc' } } as const
      for (const limit of [0, -1, 1.5, Number.NaN, 1_002])
        await assert.rejects(apps.list(db.read, { ...page, limit }), RangeError)
      await assert.rejects(apps.list(db.read, { ...page, limit: 1, offset: -1 }), RangeError)
      await assert.rejects(users.list(db.read, { ...page, limit: 1 }), TypeError)
    }))
})

function newConcept(appPk: number, id: string) {
  return { app_pk: appPk, id, name: id, language: 'en', doc: '{}', created_at: 1, modified_at: 1 }
}

function newModel(appPk: number, id: string) {
  return {
    app_pk: appPk,
    id,
    model_type_id: 'embedding-classifier',
    name: id,
    description: '',
    visibility: 10,
    latest_version_pk: null,
    doc: '{}',
    created_at: 1,
    modified_at: 1,
  }
}

function newVersion(modelPk: number, id: string, completedAt: number | null) {
  return {
    model_pk: modelPk,
    id,
    status_code: 21100,
    description: '',
    visibility: 10,
    completed_at: completedAt,
    doc: '{}',
    created_at: 1,
    modified_at: 1,
  }
}
