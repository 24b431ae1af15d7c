import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Database } from '../../src/store/database.ts'
import { DuplicateKey } from '../../src/store/errors.ts'
import { users } from '../../src/store/repos/families.ts'
import { newUser, onEachEngine, withDatabase } from './kit.ts'

const WRITERS = 64
const ROUNDS = 12

onEachEngine('concurrent transactions', (engine) => {
  it('keep what resolved and nothing of what rejected', () =>
    withDatabase(engine, async (db) => {
      await db.transact((tx) => users.insert(tx, newUser('taken')))
      const kept = new Set(['taken'])
      await inParallel(async (writer, round) => {
        const id = `w${writer}-r${round}`
        const way = (writer + round) % 4
        const outcome = await db
          .transact(async (tx) => {
            await users.insert(tx, newUser(id))
            if (way === 1) throw new Error('changed my mind')
            if (way === 2) await users.insert(tx, newUser('taken'))
            return id
          })
          .catch((error: Error) => error)
        if (way === 1) assert.match((outcome as Error).message, /changed my mind/)
        else if (way === 2) assert.ok(outcome instanceof DuplicateKey)
        else {
          assert.equal(outcome, id)
          kept.add(id)
          assert.ok(await users.get(db.read, 0, id), 'a read after the promise sees the row')
        }
      })
      const rows = await db.read.selectFrom('users').select('id').execute()
      assert.deepEqual(new Set(rows.map((row) => row.id)), kept)
    }))

  it('let one of those that want the same id have it', () =>
    withDatabase(engine, async (db) => {
      const results = await Promise.allSettled(
        Array.from({ length: WRITERS }, () => db.transact((tx) => users.insert(tx, newUser('wanted')))),
      )
      assert.equal(results.filter((result) => result.status === 'fulfilled').length, 1)
      for (const result of results) if (result.status === 'rejected') assert.ok(result.reason instanceof DuplicateKey)
    }))

  it('never lose a change that was computed from what was read', () =>
    withDatabase(engine, async (db) => {
      await db.transact((tx) => users.insert(tx, { ...newUser('counter'), visibility: 0 }))
      await Promise.all(Array.from({ length: 16 }, () => addOne(db)))
      assert.equal((await users.get(db.read, 0, 'counter'))?.visibility, 16)
    }))

  it('that all read and change the same rows come to their end, none of them far behind', () =>
    withDatabase(engine, async (db) => {
      await db.transact((tx) => users.insert(tx, { ...newUser('counter'), visibility: 0 }))
      const posts = async (writer: number): Promise<void> => {
        for (let round = 0; round < ROUNDS / 6; round++) {
          await db.transact(async (tx) => {
            // Both look for the other's row, so that no two of them can be put in an order.
            await users.getMany(tx, 0, [`w${writer}-r${round}`, `w${(writer + 1) % WRITERS}-r${round}`])
            await users.insert(tx, newUser(`w${writer}-r${round}`))
            const row = (await users.get(tx, 0, 'counter'))!
            await users.update(tx, row, { visibility: row.visibility + 1 }, 2_000)
          })
        }
      }
      await Promise.all(Array.from({ length: WRITERS }, (_, writer) => posts(writer)))
      assert.equal((await users.get(db.read, 0, 'counter'))?.visibility, (WRITERS * ROUNDS) / 6)
    }))
})

async function addOne(db: Database): Promise<void> {
  await db.transact(async (tx) => {
    const row = await tx.selectFrom('users').selectAll().where('id', '=', 'counter').executeTakeFirstOrThrow()
    await tx
      .updateTable('users')
      .set({ visibility: row.visibility + 1 })
      .where('pk', '=', row.pk)
      .execute()
  })
}

async function inParallel(task: (writer: number, round: number) => Promise<void>): Promise<void> {
  const write = async (writer: number) => {
    for (let round = 0; round < ROUNDS; round++) await task(writer, round)
  }
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)))
}
