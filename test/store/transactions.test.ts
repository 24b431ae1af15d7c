import assert from 'node:assert/strict'
import { it } from 'node:test'
import { AppError } from '../../src/base/errors.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import type { Writer } from '../../src/store/database.ts'
import { ConstraintViolated, DuplicateKey } from '../../src/store/errors.ts'
import { newApp, newUser, onEachEngine, withDatabase } from './kit.ts'

onEachEngine('transactions', (engine) => {
  it('shows its rows to reads once it has resolved, and to its own reads before', () =>
    withDatabase(engine, async (db) => {
      await db.transact(async (tx) => {
        await tx.insertInto('users').values(newUser('ann')).execute()
        assert.equal((await tx.selectFrom('users').select('id').execute()).length, 1)
        assert.equal((await db.read.selectFrom('users').select('id').execute()).length, 0)
      })
      assert.deepEqual(await db.read.selectFrom('users').select('id').execute(), [{ id: 'ann' }])
    }))

  it('undoes everything when its function throws, and passes the error on', () =>
    withDatabase(engine, async (db) => {
      const mistake = new Error('mistake')
      const failing = db.transact(async (tx) => {
        await tx.insertInto('users').values(newUser('ann')).execute()
        throw mistake
      })
      await assert.rejects(failing, (error) => error === mistake)
      assert.deepEqual(await db.read.selectFrom('users').select('id').execute(), [])
    }))

  it('names the table and the columns of a duplicate', () =>
    withDatabase(engine, async (db) => {
      const user = await db.transact((tx) =>
        tx.insertInto('users').values(newUser('ann')).returning('pk').executeTakeFirstOrThrow(),
      )
      const add = () => db.transact((tx) => tx.insertInto('apps').values(newApp(user.pk, 'shop')).execute())
      await add()
      await assert.rejects(add(), (error) => {
        assert.ok(error instanceof DuplicateKey)
        assert.equal(error.code, StatusCode.DATABASE_DUPLICATE_KEY)
        assert.equal(error.table, 'apps')
        assert.deepEqual(error.columns, ['user_pk', 'id'])
        assert.match(error.details, /already exists/)
        return true
      })
    }))

  it('refuses a row without its parent', () =>
    withDatabase(engine, async (db) => {
      const orphan = db.transact((tx) => tx.insertInto('apps').values(newApp(77, 'shop')).execute())
      await assert.rejects(orphan, (error) => error instanceof ConstraintViolated)
    }))

  it('never commits after a failed statement, even when its function goes on', () =>
    withDatabase(engine, async (db) => {
      await db.transact((tx) => tx.insertInto('users').values(newUser('ann')).execute())
      const swallowing = db.transact(async (tx) => {
        await tx.insertInto('users').values(newUser('bob')).execute()
        await tx
          .insertInto('users')
          .values(newUser('ann'))
          .execute()
          .catch(() => undefined)
        await assert.rejects(tx.selectFrom('users').select('id').execute(), DuplicateKey)
      })
      await assert.rejects(swallowing, DuplicateKey)
      assert.deepEqual(await db.read.selectFrom('users').select('id').execute(), [{ id: 'ann' }])
    }))

  it('lets its function answer a duplicate in its own words', () =>
    withDatabase(engine, async (db) => {
      await db.transact((tx) => tx.insertInto('users').values(newUser('ann')).execute())
      const own = new AppError(StatusCode.WORKFLOW_DUPLICATE, 'Choose another id')
      const mapped = db.transact(async (tx) => {
        await tx
          .insertInto('users')
          .values(newUser('ann'))
          .execute()
          .catch(() => Promise.reject(own))
      })
      await assert.rejects(mapped, (error) => error === own)
    }))

  it('calls hooks after the commit only', () =>
    withDatabase(engine, async (db) => {
      const seen: string[] = []
      await db.transact(async (tx) => {
        tx.afterCommit(() => seen.push('first'))
        tx.afterCommit(() => {
          throw new Error('a hook that fails changes nothing')
        })
        tx.afterCommit(() => seen.push('second'))
        await tx.insertInto('users').values(newUser('ann')).execute()
        assert.deepEqual(seen, [])
      })
      const failing = db.transact(async (tx) => {
        tx.afterCommit(() => seen.push('never'))
        throw new Error('undone')
      })
      await assert.rejects(failing, /undone/)
      assert.deepEqual(seen, ['first', 'second'])
    }))

  it('refuses a transaction inside a transaction and a writer that is over', () =>
    withDatabase(engine, async (db) => {
      let kept: Writer | undefined
      await db.transact(async (tx) => {
        kept = tx
        await assert.rejects(
          db.transact(async () => undefined),
          /inside a transaction/,
        )
      })
      await assert.rejects(kept!.selectFrom('users').select('id').execute(), /over/)
    }))

  it('cannot write through the reader', () =>
    withDatabase(engine, async (db) => {
      const smuggled = (db.read as Writer).insertInto('users').values(newUser('ann')).execute()
      await assert.rejects(smuggled, /not writable here/)
    }))

  it('refuses values that the other engine would not take', () =>
    withDatabase(engine, async (db) => {
      const add = (user: object) =>
        db.transact((tx) =>
          tx
            .insertInto('users')
            .values(user as never)
            .execute(),
        )
      await assert.rejects(add(newUser('a\0b')), (error) => error instanceof AppError)
      await assert.rejects(add({ ...newUser('a'), created_at: 2 ** 60 }), TypeError)
      await assert.rejects(add({ ...newUser('a'), visibility: true }), TypeError)
      assert.deepEqual(await db.read.selectFrom('users').select('id').execute(), [])
    }))

  it('sends statements made at once in their order', () =>
    withDatabase(engine, async (db) => {
      const ids = Array.from({ length: 50 }, (_, index) => `user-${index}`)
      await db.transact(async (tx) => {
        await Promise.all(ids.map((id) => tx.insertInto('users').values(newUser(id)).execute()))
      })
      const rows = await db.read.selectFrom('users').select('id').orderBy('pk').execute()
      assert.deepEqual(
        rows.map((row) => row.id),
        ids,
      )
    }))

  it('waits in close for what runs', () =>
    withDatabase(engine, async (db) => {
      const running = db.transact((tx) => tx.insertInto('users').values(newUser('ann')).execute())
      await db.close()
      await running
      await assert.rejects(
        db.transact(async () => undefined),
        /closed/,
      )
    }))
})
