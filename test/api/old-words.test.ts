import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { silentLog } from '../../src/base/log.ts'
import { oldWordsJob } from '../../src/domain/inputs/process/old-words-job.ts'
import { openDatabase } from '../../src/store/database.ts'
import { openEngine } from '../../src/store/dialect/open.ts'
import { oldWords } from '../../src/store/schema/0026-old-words.ts'
import { migrate } from '../../src/store/schema/migrate.ts'
import { migrations } from '../../src/store/schema/migrations.ts'
import type { Session } from '../../src/store/session.ts'
import { succeeded } from '../kit/apps.ts'
import { makePlainApp } from '../kit/inputs.ts'
import { type FilterInit, SearchKit } from '../kit/searching.ts'
import { whileTorn } from '../kit/torn-jobs.ts'
import { newApp, newUser, onEachEngine } from '../store/kit.ts'

/** More than are done at a time. */
const TEXTS = 260
const words = (raw: string): FilterInit => ({ input: { data: { text: { raw } } } })
const inAnnotation = (raw: string): FilterInit => ({ annotation: { data: { text: { raw } } } })

onEachEngine('words of texts from before words were kept', (engine) => {
  let kit: SearchKit

  before(async () => {
    kit = await SearchKit.start(engine, {}, (server) => makePlainApp(server, 'texts'))
    const long = `${'a line of a long text about ships\n'.repeat(300)}and a whale`
    const inputs = Array.from({ length: TEXTS }, (_, n) => ({
      id: `t${n}`,
      data: { text: { raw: n === 7 ? long : `text number${n} of many` } },
    }))
    for (let at = 0; at < TEXTS; at += 128) {
      succeeded(await kit.server.call('PostInputs', { userAppId: kit.userAppId, inputs: inputs.slice(at, at + 128) }))
    }
    await kit.server.services.jobs.idle()
    await kit.annotate({ inputId: 't1', id: 'sign', data: { text: { raw: 'Keep off the grass' } } })
  })
  after(() => kit[Symbol.asyncDispose]())

  const stored = () =>
    kit.server.services.db.read
      .selectFrom('texts')
      .select(['app_pk', 'input_pk', 'annotation_pk', 'words', 'body'])
      .orderBy('input_pk')
      .orderBy('annotation_pk')
      .execute()

  test('are found by a job that goes on where it was interrupted', async () => {
    const { db } = kit.server.services
    const whole = await stored()
    assert.equal(whole.length, TEXTS + 1)
    await db.transact(async (tx) => {
      await tx.deleteFrom('texts').execute()
    })
    assert.deepEqual(await kit.inputsBy(words('number9')), [])
    const torn = await whileTorn(kit.server, oldWordsJob, () =>
      db.transact((tx) => oldWords(undefined as never, tx as unknown as Session)),
    )
    assert.ok(torn.tears >= 4, `${torn.tears} tears`)
    assert.deepEqual(await stored(), whole)
    assert.deepEqual(await kit.inputsBy(words('number9')), ['t9'])
    assert.deepEqual(await kit.inputsBy(words('whale')), ['t7'])
    assert.deepEqual(await kit.inputsBy(inAnnotation('grass')), ['t1'])
  })

  test('are left alone where there are some already', async () => {
    const { db, jobs } = kit.server.services
    const pks = () => db.read.selectFrom('texts').select('pk').orderBy('pk').execute()
    const whole = await pks()
    await db.transact((tx) => oldWords(undefined as never, tx as unknown as Session))
    await jobs.hurry()
    await jobs.idle()
    const open = db.read.selectFrom('jobs').select('status').where('kind', '=', oldWordsJob.kind)
    assert.deepEqual(new Set((await open.execute()).map(({ status }) => status)), new Set(['succeeded']))
    assert.deepEqual(await pks(), whole)
  })

  test('the migration asks for it in apps with texts alone', async () => {
    const place = await engine.place()
    try {
      const old = migrations.slice(
        0,
        migrations.findIndex(({ up }) => up === oldWords),
      )
      const opened = await openEngine(place.location, silentLog, (failure) => assert.fail(failure))
      await migrate(opened, silentLog, old)
      await opened.close()
      const pks = await withTexts(place.location, old.length)
      await using db = await openDatabase(place.location, silentLog)
      const jobs = await db.read.selectFrom('jobs').select(['app_pk', 'kind', 'args', 'status', 'hold']).execute()
      assert.deepEqual(
        jobs,
        pks.map((pk) => ({
          app_pk: pk,
          kind: oldWordsJob.kind,
          args: JSON.stringify({ appPk: pk }),
          status: 'queued',
          hold: '',
        })),
      )
    } finally {
      await place.remove()
    }
  })
})

/** Puts apps with texts, with pictures and with nothing into a database of an old version; pks of those with texts. */
async function withTexts(location: Parameters<typeof openEngine>[0], version: number): Promise<number[]> {
  const engine = await openEngine(location, silentLog, (failure) => assert.fail(failure))
  try {
    return await engine.transact(async (connection) => {
      const { Session } = await import('../../src/store/session.ts')
      const db = new Session(engine, connection)
      const known = await db.selectFrom('meta').select('value').where('key', '=', 'schema_version').execute()
      assert.deepEqual(known, [{ value: String(version) }])
      const user = await db.insertInto('users').values(newUser('ann')).returning('pk').executeTakeFirstOrThrow()
      const pks: number[] = []
      for (const [id, kinds] of [
        ['texts', 8],
        ['pictures', 1],
        ['both', 9],
        ['empty', undefined],
      ] as const) {
        const app = await db.insertInto('apps').values(newApp(user.pk, id)).returning('pk').executeTakeFirstOrThrow()
        if (kinds !== undefined) {
          const row = { id: 'one', status_code: 30_000, status_details: '', doc: '{}', created_at: 1, modified_at: 1 }
          await db
            .insertInto('inputs')
            .values({ ...row, app_pk: app.pk, kinds, add_job_pk: null })
            .execute()
        }
        if (kinds !== undefined && kinds & 8) pks.push(app.pk)
      }
      return pks
    })
  } finally {
    await engine.close()
  }
}
