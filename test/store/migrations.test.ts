import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isAppError } from '../../src/base/errors.ts'
import { silentLog } from '../../src/base/log.ts'
import { openDatabase } from '../../src/store/database.ts'
import { openEngine } from '../../src/store/dialect/open.ts'
import { migrate } from '../../src/store/schema/migrate.ts'
import { type Migration, migrations } from '../../src/store/schema/migrations.ts'
import { newUser, onEachEngine, type Place, type TestedEngine } from './kit.ts'

onEachEngine('migrations', (engine) => {
  it('do nothing to a database of the newest version', () =>
    atPlace(engine, async ({ location }) => {
      {
        await using db = await openDatabase(location, silentLog)
        await db.transact((tx) => tx.insertInto('users').values(newUser('ann')).execute())
      }
      await using db = await openDatabase(location, silentLog)
      assert.deepEqual(await db.read.selectFrom('users').select('id').execute(), [{ id: 'ann' }])
      const version = await db.read.selectFrom('meta').select('value').where('key', '=', 'schema_version').execute()
      assert.deepEqual(version, [{ value: String(migrations.length) }])
    }))

  it('go on after a crash in the middle of a step', () =>
    atPlace(engine, async ({ location }) => {
      const crash = new Error('crash')
      const create: Migration = { name: 'create', up: (make) => make.table('extra', (t) => t.family()) }
      const half: Migration = {
        name: 'half',
        async up(make) {
          await make.table('more', (t) => t.family())
          throw crash
        },
      }
      const whole: Migration = { name: 'half', up: (make) => make.table('more', (t) => t.family()) }
      await withEngine(location, (open) =>
        assert.rejects(migrate(open, silentLog, [...migrations, create, half]), (error) => error === crash),
      )
      await withEngine(location, (open) => migrate(open, silentLog, [...migrations, create, whole]))
      await withEngine(location, async (open) => {
        for (const table of ['extra', 'more']) await open.read.query(`select pk from ${table}`, [])
      })
    }))

  it('refuse a database that a newer program wrote, and leave it as it is', () =>
    atPlace(engine, async ({ location }) => {
      const next: Migration = { name: 'next', up: (make) => make.table('future', (t) => t.family()) }
      await withEngine(location, (open) => migrate(open, silentLog, [...migrations, next]))
      await assert.rejects(openDatabase(location, silentLog), (error) => {
        assert.ok(isAppError(error))
        const known = migrations.length
        assert.match(error.details, new RegExp(`schema version ${known + 1} .* knows only ${known}: start the newer`))
        return true
      })
      await withEngine(location, async (open) => {
        await open.read.query('select pk from future', [])
      })
    }))

  it(
    'are made once when several programs start together',
    { skip: engine.name === 'sqlite' && 'one process only' },
    () =>
      atPlace(engine, async ({ location }) => {
        const opened = await Promise.all(Array.from({ length: 4 }, () => openDatabase(location, silentLog)))
        for (const db of opened) await db.close()
      }),
  )
})

async function atPlace(engine: TestedEngine, test: (place: Place) => Promise<void>): Promise<void> {
  const place = await engine.place()
  try {
    await test(place)
  } finally {
    await place.remove()
  }
}

async function withEngine(
  location: Place['location'],
  use: (engine: Awaited<ReturnType<typeof openEngine>>) => Promise<void>,
): Promise<void> {
  const engine = await openEngine(location, silentLog, (failure) => assert.fail(failure))
  try {
    await use(engine)
  } finally {
    await engine.close()
  }
}
