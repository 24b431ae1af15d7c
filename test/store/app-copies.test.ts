import assert from 'node:assert/strict'
import { it } from 'node:test'
import { sql } from 'kysely'
import { COPIED_TABLES, TABLES_LEFT_BEHIND } from '../../src/store/repos/app-copies.ts'
import { onEachEngine, withDatabase } from './kit.ts'

/** What app duplications copy row by row with all that belongs to it; of models only what makes them run. */
const PARENTS = ['inputs', 'annotations', 'media', 'concepts']

onEachEngine('copies of apps', (engine) => {
  if (engine.name !== 'sqlite') return
  it('know every table whose rows belong to what is copied', () =>
    withDatabase(engine, async (db) => {
      const found = sql<{ name: string; parent: string }>`
        select distinct tables.name, parents."table" as parent
        from sqlite_master as tables, pragma_foreign_key_list(tables.name) as parents where tables.type = 'table'`
      const { rows } = await found.execute(db.read)
      const names = [...new Set(rows.filter(({ parent }) => PARENTS.includes(parent)).map(({ name }) => name))]
      const known = [...COPIED_TABLES, ...TABLES_LEFT_BEHIND]
      const unknown = names.filter((name) => !known.includes(name))
      assert.deepEqual(unknown, [], 'say in src/store/repos/app-copies.ts whether their rows are copied')
      const tables = rows.map(({ name }) => name)
      assert.deepEqual(
        known.filter((name) => !tables.includes(name)),
        [],
      )
    }))
})
