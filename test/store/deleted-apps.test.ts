import assert from 'node:assert/strict'
import { it } from 'node:test'
import { sql } from 'kysely'
import type { Database } from '../../src/store/database.ts'
import { ROWS_PER_APP_PART_MAX } from '../../src/store/limits.ts'
import { retainBlob } from '../../src/store/repos/blob-rows.ts'
import { deletePartOfApp, hiddenApps, hideApp, TABLES_OF_APPS } from '../../src/store/repos/deleted-apps.ts'
import { annotations, concepts, inputs, media, models, uploads, workflows } from '../../src/store/repos/families.ts'
import { replaceParts } from '../../src/store/repos/uploads.ts'
import type { Writer } from '../../src/store/session.ts'
import { newApp, newUser, onEachEngine, withDatabase } from './kit.ts'

const times = { created_at: 1, modified_at: 1 }
const ANNOTATIONS = ROWS_PER_APP_PART_MAX + 50

async function addApp(tx: Writer, user_pk: number, id: string): Promise<number> {
  const { pk } = await tx.insertInto('apps').values(newApp(user_pk, id)).returning('pk').executeTakeFirstOrThrow()
  const common = { app_pk: pk, doc: '{}', ...times }
  await concepts.insert(tx, { ...common, id: 'c', name: 'c', language: '' })
  const named = { name: 'n', description: '', visibility: 50, latest_version_pk: null }
  await models.insert(tx, { ...common, ...named, id: 'm', model_type_id: 'image-crop' })
  await workflows.insert(tx, { ...common, ...named, id: 'w' })
  const input = await inputs.insert(tx, {
    ...common,
    id: 'i',
    kinds: 1,
    status_code: 30000,
    status_details: '',
    add_job_pk: null,
  })
  const medium = await media.insert(tx, { ...common, input_pk: input.pk, id: 'x', kind: 'image' })
  const file = { size_name: 'orig', hash: 'a'.repeat(64), start: 0, size: 1, content_type: 'image/png', content: null }
  await tx
    .insertInto('media_files')
    .values({ media_pk: medium.pk, ...file })
    .execute()
  await retainBlob(tx, { hash: file.hash, size: 1, contentType: file.content_type }, 1)
  const shared = {
    worker_kind: 'user' as const,
    worker_id: 'u',
    worker_pk: null,
    status_code: 24150,
    trusted: 0 as const,
  }
  const upload = await uploads.insert(tx, {
    ...common,
    id: 'u',
    status_code: 68000,
    status_details: '',
    content_name: 'x.zip',
    content_length: 2,
    received: 1,
    hash: null,
    add_job_pk: null,
    expires_at: 9,
  })
  const part = { start: 0, size: 1, hash: file.hash, blob_start: 0, blob_size: 1 }
  await replaceParts(tx, upload.pk, [], [part], 1)
  for (let at = 0; at < ANNOTATIONS; at++) {
    const more = { id: `a${at}`, input_level: 0 as const, task_id: '', track_id: '', shapes: 0 }
    await annotations.insert(tx, { ...common, ...shared, ...more, input_pk: input.pk })
  }
  return pk
}

onEachEngine('deleted apps', (engine) => {
  const withApps = (run: (db: Database, user: number, doomed: number, kept: number) => Promise<void>) =>
    withDatabase(engine, async (db) => {
      const [user, doomed, kept] = await db.transact(async (tx) => {
        const { pk } = await tx.insertInto('users').values(newUser('ann')).returning('pk').executeTakeFirstOrThrow()
        return [pk, await addApp(tx, pk, 'doomed'), await addApp(tx, pk, 'kept')] as const
      })
      await run(db, user, doomed, kept)
    })
  const rowsOf = async (db: Database, table: string, appPk: number): Promise<number> => {
    const found = sql<{ rows: number }>`select count(*) as rows from ${sql.table(table)} where app_pk = ${appPk}`
    return Number((await found.execute(db.read)).rows[0]!.rows)
  }

  it('belong to nobody from the moment on that they are hidden, and leave their id free', () =>
    withApps(async (db, user, doomed) => {
      await db.transact((tx) => hideApp(tx, doomed, 5))
      const own = await db.read.selectFrom('apps').select('id').where('user_pk', '=', user).execute()
      assert.deepEqual(own, [{ id: 'kept' }])
      await db.transact((tx) => tx.insertInto('apps').values(newApp(user, 'doomed')).execute())
      const hidden = await db.transact((tx) => hiddenApps(tx))
      assert.deepEqual(hidden, [doomed])
      await db.transact((tx) => hideApp(tx, hidden[0]!, 6))
    }))

  it('go part by part, with what they hold and what that names, and nothing else does', () =>
    withApps(async (db, _user, doomed, kept) => {
      await db.transact((tx) => hideApp(tx, doomed, 5))
      const parts: number[] = []
      for (let part = 1; part > 0; parts.push(part)) part = await db.transact((tx) => deletePartOfApp(tx, doomed, 9))
      assert.ok(Math.max(...parts) <= ROWS_PER_APP_PART_MAX)
      assert.ok(parts.filter((rows) => rows > 1).length >= 2, 'the annotations took several parts')
      for (const table of TABLES_OF_APPS) assert.equal(await rowsOf(db, table, doomed), 0, table)
      assert.deepEqual(await db.transact((tx) => hiddenApps(tx)), [])
      assert.equal(await rowsOf(db, 'annotations', kept), ANNOTATIONS)
      for (const table of ['concepts', 'models', 'workflows', 'inputs', 'media']) {
        assert.equal(await rowsOf(db, table, kept), 1, table)
      }
      const blob = await db.read.selectFrom('blobs').select('ref_count').executeTakeFirstOrThrow()
      assert.equal(blob.ref_count, 2)
    }))

  if (engine.name === 'sqlite') {
    it('know every table whose rows belong to an app', () =>
      withDatabase(engine, async (db) => {
        const found = sql<{ name: string }>`
          select distinct tables.name from sqlite_master as tables, pragma_foreign_key_list(tables.name) as parents
          where tables.type = 'table' and parents."table" = 'apps'`
        const names = (await found.execute(db.read)).rows.map(({ name }) => name)
        const unknown = names.filter((name) => !TABLES_OF_APPS.includes(name))
        assert.deepEqual(unknown, [], 'say in src/store/repos/deleted-apps.ts how their rows are deleted')
        assert.deepEqual(
          TABLES_OF_APPS.filter((name) => !names.includes(name)),
          [],
        )
      }))
  }
})
