import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { systemClock } from '../base/clock.ts'
import { silentLog } from '../base/log.ts'
import { ConfigError } from '../config/config.ts'
import { Directory } from '../domain/access/directory.ts'
import { passwordMatches } from '../domain/access/passwords.ts'
import { type Database, openDatabase } from '../store/database.ts'
import { findUserByEmail, findUserById } from '../store/repos/users.ts'
import { ensureFirstUser } from './first-user.ts'

const plain = { id: 'admin', pat: undefined, email: undefined, password: undefined }

describe('the first user', () => {
  let dir: string
  let db: Database

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'limpid-test-'))
    db = await openDatabase({ dataDir: dir }, silentLog)
  })
  afterEach(async () => {
    await db[Symbol.asyncDispose]()
    await rm(dir, { recursive: true, force: true })
  })

  const ensure = (settings: Partial<Parameters<typeof ensureFirstUser>[1]>) =>
    ensureFirstUser(db, { ...plain, ...settings }, systemClock)
  const owner = async (token: string) => (await new Directory(db).credential(token))?.principal.user?.id

  test('the first start makes user and token; later ones make nothing and show nothing', async () => {
    const token = await ensure({})
    assert.match(token ?? '', /^[0-9a-f]{32}$/)
    assert.equal(await owner(token!), 'admin')
    assert.equal(await ensure({}), undefined)
    assert.equal(await owner(token!), 'admin')
  })

  test('a token that is set is used, not shown, and made once', async () => {
    assert.equal(await ensure({ pat: 'my-own.token_1' }), undefined)
    assert.equal(await ensure({ pat: 'my-own.token_1' }), undefined)
    assert.equal(await ensure({ pat: 'another-token' }), undefined)
    assert.deepEqual([await owner('my-own.token_1'), await owner('another-token')], ['admin', 'admin'])
    const { rows } = await db.read
      .selectFrom('credentials')
      .select(({ fn }) => fn.countAll<number>().as('rows'))
      .executeTakeFirstOrThrow()
    assert.equal(rows, 2)
  })

  test('address and password may come later and may change', async () => {
    await ensure({})
    await ensure({ email: ' Me@Example.org', password: 'first' })
    const user = await findUserByEmail(db.read, 'me@example.org')
    assert.equal(user?.id, 'admin')
    assert.ok(await passwordMatches('first', user?.password_hash ?? null))
    await ensure({ email: 'new@example.org' })
    const changed = await findUserById(db.read, 'admin')
    assert.deepEqual([changed?.email, changed?.password_hash], ['new@example.org', user?.password_hash])
  })

  test('another id makes another user', async () => {
    await ensure({})
    assert.equal(await owner((await ensure({ id: 'second' }))!), 'second')
    await ensure({ email: 'me@example.org' })
    await assert.rejects(ensure({ id: 'third', email: 'ME@example.org' }), /already exists/)
    assert.equal(await findUserById(db.read, 'third'), undefined)
  })

  test('unusable settings are refused by name, before anything is written', async () => {
    const refuses = (settings: { id?: string; email?: string }, message: RegExp) =>
      assert.rejects(ensure(settings), (error) => error instanceof ConfigError && message.test(error.message))
    await refuses({ id: 'not an id' }, /LIMPID_USER: 'not an id'/)
    await refuses({ id: 'clarifai' }, /LIMPID_USER: 'clarifai'.*built-in/)
    await refuses({ email: 'nobody' }, /LIMPID_EMAIL: 'nobody'/)
    assert.equal(await db.read.selectFrom('users').select('id').executeTakeFirst(), undefined)
  })
})
