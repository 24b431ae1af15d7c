import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { makeApp, refused, succeeded } from '../kit/apps.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

const PASSWORD = 'correct horse Battery 9 staple'

describe('users', () => {
  let server: TestServer

  before(async () => {
    server = await startTestServer({ settings: { email: 'Zoe.Keeper@Example.org', password: PASSWORD } })
    await server.makeUser('famous', Visible.PUBLIC)
    await server.makeUser('shy', Visible.PRIVATE)
  })
  after(() => server[Symbol.asyncDispose]())

  const get = (userId: string, additionalFields: string[] = [], key?: string) =>
    server.call('GetUser', { userAppId: { userId }, additionalFields }, { key })

  test('a user sees all of itself, by its id, as "me" and without naming anybody', async () => {
    const me = succeeded(await get('me')).user!
    assert.equal(me.id, 'admin')
    assert.ok(me.createdAt)
    assert.equal(me.visibility?.gettable, Visible.PRIVATE)
    assert.equal(me.userDetail?.primaryEmail, 'zoe.keeper@example.org')
    assert.deepEqual(
      me.userDetail?.emailAddresses.map(({ email, primary }) => [email, primary]),
      [['zoe.keeper@example.org', true]],
    )
    assert.equal(me.primaryEmail, '')
    assert.deepEqual(succeeded(await get('admin')).user, me)
    assert.deepEqual(succeeded(await server.call('GetUser', {})).user, me)
  })

  test('of others only what is public is seen, and only of those who are public', async () => {
    const famous = succeeded(await get('famous')).user!
    assert.equal(famous.id, 'famous')
    assert.equal(famous.userDetail, undefined)
    const hidden = refused(await get('shy'), StatusCode.CONN_DOES_NOT_EXIST)
    const absent = refused(await get('nobody'), StatusCode.CONN_DOES_NOT_EXIST)
    assert.equal(hidden.status?.details, absent.status?.details)
    assert.equal(succeeded(await get('clarifai')).user?.firstName, 'Built-in content')
  })

  test('private fields of older contracts stay private', async () => {
    const { db } = server.services
    const doc = JSON.stringify({ first_name: 'Fay', primary_email: 'f@x.org', bill_type: 'gold', metadata: { a: 1 } })
    await db.transact((tx) => tx.updateTable('users').set({ doc }).where('id', '=', 'famous').execute())
    const { user } = succeeded(await get('famous'))
    assert.deepEqual([user?.firstName, user?.primaryEmail, user?.billType, user?.metadata], ['Fay', '', '', undefined])
  })

  test('stars are counted when asked for', async () => {
    const { pk } = (await server.services.directory.user('famous'))!
    await server.services.db.transact((tx) =>
      tx
        .insertInto('stars')
        .values({ user_pk: server.admin.pk, kind: 'user', resource_pk: pk, created_at: 1 })
        .execute(),
    )
    assert.equal(succeeded(await get('famous')).user?.starCount, 0)
    for (const field of ['stars', 'all']) {
      const { user } = succeeded(await get('famous', [field]))
      assert.deepEqual([user?.starCount, user?.isStarred], [1, true])
    }
    const own = succeeded(await get('me', ['stars'])).user
    assert.deepEqual([own?.starCount, own?.isStarred], [0, false])
  })

  test('an app key does not do', async () => {
    const app = await makeApp(server, 'zoo')
    const key = await server.makeKey({ userPk: server.admin.pk, appPk: app.pk, kind: 'app_key' })
    refused(await get('me', [], key), StatusCode.CONN_KEY_INVALID)
  })

  describe('password validation', () => {
    let session: string
    before(async () => {
      session = await server.makeKey({ userPk: server.admin.pk, kind: 'session' })
    })
    const validate = (plaintext: string) =>
      server.call('PostValidatePassword', { password: { plaintext } }, { key: session })
    const broken = async (plaintext: string) => {
      const response = refused(await validate(plaintext), StatusCode.PASSWORD_VALIDATION_FAILED)
      return Object.entries(response.passwordViolations ?? {})
        .filter(([, value]) => value === true)
        .map(([name]) => name)
    }

    test('a good password is good, with or without naming the user', async () => {
      const good = await validate('Grey-Ostrich 71 hums')
      assert.equal(good.status?.code, StatusCode.PASSWORD_VALIDATION_SUCCESS)
      assert.equal(good.passwordViolations, undefined)
      const named = await server.call(
        'PostValidatePassword',
        { userAppId: { userId: 'me' }, password: { plaintext: 'Grey-Ostrich 71 hums' } },
        { key: session },
      )
      assert.equal(named.status?.code, StatusCode.PASSWORD_VALIDATION_SUCCESS)
    })

    test('each broken rule is named', async () => {
      assert.deepEqual(await broken('Ab1!x'), ['minimumLength'])
      assert.deepEqual(await broken(`${'Ab1!x'.repeat(52)}`), ['maximumLength'])
      assert.deepEqual(await broken('12345678'), [
        'upperCaseNeeded',
        'lowerCaseNeeded',
        'nonAlphanumericNeeded',
        'noSimplePasswords',
        'noCommonVocabs',
      ])
      assert.deepEqual(await broken('My-admin-9-pass'), ['excludeNames'])
      assert.deepEqual(await broken('It is ZoeKeeper 9!'), ['excludeEmail'])
      assert.deepEqual(await broken('Dragon!2024'), ['noCommonVocabs'])
      assert.deepEqual(await broken(PASSWORD), ['passwordReuse'])
    })

    test('it takes a session and a password', async () => {
      refused(await validate(''), StatusCode.CONN_INVALID_REQUEST, /plaintext/)
      refused(await server.call('PostValidatePassword', {}, { key: session }), StatusCode.CONN_INVALID_REQUEST)
      const withPat = await server.call('PostValidatePassword', { password: { plaintext: 'x' } })
      refused(withPat, StatusCode.CONN_KEY_INVALID, /session token/)
      const foreign = await server.call(
        'PostValidatePassword',
        { userAppId: { userId: 'famous' }, password: { plaintext: 'x' } },
        { key: session },
      )
      refused(foreign, StatusCode.CONN_INSUFFICIENT_SCOPES)
    })
  })
})
