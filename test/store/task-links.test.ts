import assert from 'node:assert/strict'
import { it } from 'node:test'
import { silentLog } from '../../src/base/log.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { openDatabase } from '../../src/store/database.ts'
import { openEngine } from '../../src/store/dialect/open.ts'
import { taskLinks } from '../../src/store/schema/0032-task-links.ts'
import { migrate } from '../../src/store/schema/migrate.ts'
import { migrations } from '../../src/store/schema/migrations.ts'
import { Session } from '../../src/store/session.ts'
import { newApp, newUser, onEachEngine, type Place } from './kit.ts'

const { TASK_IN_PROGRESS, TASK_IDLE } = StatusCode

onEachEngine('tasks of an older version', (engine) => {
  it('keep the order that they were made with, and know whether they have deleted', async () => {
    const place = await engine.place()
    try {
      await writeOldTasks(place.location)
      await using db = await openDatabase(place.location, silentLog)
      const rows = await db.read.selectFrom('tasks').selectAll().orderBy('pk').execute()
      assert.deepEqual(
        rows.map(({ id, label_order_id, previous_deleted }) => [id, label_order_id, previous_deleted]),
        [
          ['of the order before', '', 0],
          ['of the order', 'order', 0],
          ['of an order that is gone', '', 0],
          ['idle', '', 1],
          ['begun', '', 1],
        ],
      )
    } finally {
      await place.remove()
    }
  })
})

async function writeOldTasks(location: Place['location']): Promise<void> {
  const old = migrations.findIndex(({ up }) => up === taskLinks)
  const opened = await openEngine(location, silentLog, (failure) => assert.fail(failure))
  try {
    await migrate(opened, silentLog, migrations.slice(0, old))
    await opened.transact(async (connection) => {
      const db = new Session(opened, connection)
      const user = await db.insertInto('users').values(newUser('ann')).returning('pk').executeTakeFirstOrThrow()
      const app = await db.insertInto('apps').values(newApp(user.pk, 'app')).returning('pk').executeTakeFirstOrThrow()
      const common = { app_pk: app.pk, doc: '{}', modified_at: 9 }
      await db
        .insertInto('label_orders')
        .values({ ...common, id: 'order', status_code: 55_001, created_at: 5 })
        .execute()
      const rest = { ...common, status_details: '', visibility: 10, source_type: 1, source_id: '', version_pk: 0 }
      const pks = new Map<string, number>()
      for (const [id, label_order_id, created_at, status_code] of [
        ['of the order before', 'order', 3, TASK_IN_PROGRESS],
        ['of the order', 'order', 5, TASK_IN_PROGRESS],
        ['of an order that is gone', 'gone', 6, TASK_IN_PROGRESS],
        ['idle', '', 7, TASK_IDLE],
        ['begun', '', 8, TASK_IN_PROGRESS],
      ] as const) {
        const row = { ...rest, id, label_order_id, created_at, status_code, cursor: 0 }
        pks.set(id, (await db.insertInto('tasks').values(row).returning('pk').executeTakeFirstOrThrow()).pk)
      }
      const input = await db
        .insertInto('inputs')
        .values({
          ...common,
          id: 'i',
          status_code: 30_000,
          status_details: '',
          kinds: 1,
          add_job_pk: null,
          created_at: 1,
        })
        .returning('pk')
        .executeTakeFirstOrThrow()
      const by = { worker_kind: 'model_version', worker_id: 'v', status_code: 54_200 } as const
      await db
        .insertInto('task_assignments')
        .values({ task_pk: pks.get('begun')!, input_pk: input.pk, ...by, created_at: 1, modified_at: 1 })
        .execute()
    })
  } finally {
    await opened.close()
  }
}
