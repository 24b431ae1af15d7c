import assert from 'node:assert/strict'
import { it } from 'node:test'
import { StatusCode } from '../../src/contract/status-code.ts'
import type { Database } from '../../src/store/database.ts'
import { inputsAfter, pageOfInputs } from '../../src/store/repos/inputs.ts'
import { insertRows } from '../../src/store/repos/insert-rows.ts'
import { countMove, endInput, moveTaken, takeInputs, waitingInputs } from '../../src/store/repos/process-inputs.ts'
import { addTallies, readTallies } from '../../src/store/repos/tallies.ts'
import { newApp, newUser, onEachEngine, withDatabase } from './kit.ts'

const { INPUT_PENDING, INPUT_IN_PROGRESS, INPUT_SUCCESS, INPUT_FAILED } = StatusCode

onEachEngine('inputs', (engine) => {
  it('go from status to status once, with their counters, also when many do at a time', () =>
    withDatabase(engine, async (db) => {
      const appPk = await appWith(db, 40)
      const taken = await Promise.all(
        Array.from({ length: 4 }, () =>
          db.transact(async (tx) => takeInputs(tx, appPk, await waitingInputs(tx, appPk, 10), 5)),
        ),
      )
      const pks = taken.flat().map(({ pk }) => pk)
      assert.equal(new Set(pks).size, pks.length, 'nothing is taken twice')
      await Promise.all(
        pks.map((pk) =>
          db.transact(async (tx) => {
            const ended = await endInput(tx, pk, { code: INPUT_SUCCESS, details: '' }, 6)
            if (ended) await countMove(tx, appPk, INPUT_IN_PROGRESS, INPUT_SUCCESS, 1)
            return ended
          }),
        ),
      )
      const counts = await readTallies(db.read, appPk, 'inputs')
      assert.equal(counts.get(INPUT_SUCCESS), pks.length)
      assert.equal(counts.get(INPUT_IN_PROGRESS), 0)
      assert.equal(counts.get(INPUT_PENDING), 40 - pks.length)
      await db.transact(async (tx) => {
        assert.equal(await endInput(tx, pks[0]!, { code: INPUT_FAILED, details: '' }, 7), false)
      })
    }))

  it('that nobody processes any more wait again', () =>
    withDatabase(engine, async (db) => {
      const appPk = await appWith(db, 3)
      await db.transact(async (tx) => void (await takeInputs(tx, appPk, await waitingInputs(tx, appPk, 2), 5)))
      await db.transact((tx) => moveTaken(tx, appPk, { code: INPUT_PENDING, details: '' }, 6))
      assert.equal((await waitingInputs(db.read, appPk, 10)).length, 3)
      assert.equal((await readTallies(db.read, appPk, 'inputs')).get(INPUT_PENDING), 3)
    }))

  it('are found page by page from both ends, with the same rows on each page', () =>
    withDatabase(engine, async (db) => {
      const appPk = await appWith(db, 23)
      const all = (await pageOfInputs(db.read, appPk, {}, { limit: 100, offset: 0 }, 23)).map(({ id }) => id)
      assert.deepEqual(
        all,
        Array.from({ length: 23 }, (_, at) => `i${22 - at}`),
      )
      for (let offset = 0; offset < 30; offset += 5) {
        const page = await pageOfInputs(db.read, appPk, {}, { limit: 5, offset }, 23)
        assert.deepEqual(
          page.map(({ id }) => id),
          all.slice(offset, offset + 5),
        )
      }
      const few = await pageOfInputs(db.read, appPk, { ids: ['i1', 'i7'] }, { limit: 5, offset: 0 }, 2)
      assert.deepEqual(
        few.map(({ id }) => id),
        ['i7', 'i1'],
      )
      const [last] = few.slice(-1)
      const after = await inputsAfter(db.read, appPk, last, { by: 'created_at', descending: false }, 2)
      assert.deepEqual(
        after.map(({ id }) => id),
        ['i2', 'i3'],
      )
    }))
})

/** An app with inputs that wait; those made at the same time follow one another by pk. */
async function appWith(db: Database, inputs: number): Promise<number> {
  return db.transact(async (tx) => {
    const user = await tx.insertInto('users').values(newUser('ann')).returning('pk').executeTakeFirstOrThrow()
    const app = await tx.insertInto('apps').values(newApp(user.pk, 'app')).returning('pk').executeTakeFirstOrThrow()
    const rows = Array.from({ length: inputs }, (_, at) => ({
      app_pk: app.pk,
      id: `i${at}`,
      kinds: 1,
      status_code: INPUT_PENDING,
      status_details: '',
      add_job_pk: null,
      doc: '{}',
      created_at: Math.floor(at / 4),
      modified_at: 1,
    }))
    await insertRows(tx, 'inputs', rows, [])
    await addTallies(tx, app.pk, [{ kind: 'inputs', key: INPUT_PENDING, by: inputs }])
    return app.pk
  })
}
