import assert from 'node:assert/strict'
import { it } from 'node:test'
import { CommitMemory } from '../../src/store/commit-memory.ts'
import { CompiledSelect } from '../../src/store/compiled-select.ts'
import type { Database } from '../../src/store/database.ts'
import { users } from '../../src/store/repos/families.ts'
import type { Row } from '../../src/store/schema/tables.ts'
import { newUser, onEachEngine, withDatabase } from './kit.ts'

const add = (db: Database, id: string) => db.transact((tx) => users.insert(tx, newUser(id)))

/** Counts users through a memory, and how often it really read. */
function counting(memory: CommitMemory<number>) {
  let reads = 0
  const count = (db: Database, key = 'all'): Promise<number> =>
    memory.get(db.read, key, () => {
      reads++
      return users.count(db.read, { parent: 0 })
    })
  return { count, reads: () => reads }
}

onEachEngine('memory of what was read', (engine) => {
  it('gives what is committed, and reads again only after a commit where the engine tells of them', async () => {
    await withDatabase(engine, async (db) => {
      const { count, reads } = counting(new CommitMemory(10))
      const before = await count(db)
      for (let time = 0; time < 3; time++) assert.equal(await count(db), before)
      const known = db.read.version() !== undefined
      assert.equal(known, engine.name === 'sqlite')
      assert.equal(reads(), known ? 1 : 4)
      for (let n = 1; n <= 5; n++) {
        await add(db, `u${n}`)
        assert.equal(await count(db), before + n)
      }
    })
  })

  it('does not keep what was read while somebody committed', async () => {
    await withDatabase(engine, async (db) => {
      const memory = new CommitMemory<number>(10)
      const before = await memory.get(db.read, 'all', async () => {
        const seen = await users.count(db.read, { parent: 0 })
        await add(db, 'meanwhile')
        return seen
      })
      const { count } = counting(memory)
      assert.equal(await count(db), before + 1)
    })
  })

  it('keeps no more values than it may', async () => {
    await withDatabase(engine, async (db) => {
      const memory = new CommitMemory<number>(3)
      for (let n = 0; n < 50; n++) assert.equal(await memory.get(db.read, `k${n}`, async () => n), n)
      assert.ok(memory.size(db.read) <= 3)
    })
  })

  it('lets the value go that was not used for longest', async () => {
    await withDatabase(engine, async (db) => {
      const { count, reads } = counting(new CommitMemory(2))
      if (db.read.version() === undefined) return
      for (const key of ['a', 'b', 'a', 'c', 'a']) await count(db, key)
      assert.equal(reads(), 3)
      await count(db, 'b')
      assert.equal(reads(), 4)
    })
  })

  it('runs compiled selects for lists of every length', async () => {
    await withDatabase(engine, async (db) => {
      const select = new CompiledSelect<Row<'users'>>((reader, pks) =>
        reader.selectFrom('users').selectAll().where('id', '!=', 'u3').where('pk', 'in', pks).orderBy('pk'),
      )
      const rows = [await add(db, 'u1'), await add(db, 'u2'), await add(db, 'u3'), await add(db, 'u4')]
      for (const [from, to] of [
        [0, 1],
        [0, 2],
        [1, 4],
        [0, 3],
        [0, 4],
      ] as const) {
        const some = rows.slice(from, to)
        const found = await select.rows(
          db.read,
          some.map(({ pk }) => pk),
        )
        assert.deepEqual(
          found,
          some.filter(({ id }) => id !== 'u3'),
        )
      }
      assert.deepEqual(await select.rows(db.read, [rows[2]!.pk, -1]), [])
    })
  })
})
