import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Clock } from '../../src/base/clock.ts'
import { toTimestamp } from '../../src/base/timestamps.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startTestServer, type TestServer, type TestUser } from '../kit/server.ts'

const HEX32 = /^[0-9a-f]{32}$/
const HOUR = 3600e6

describe('keys', () => {
  let server: TestServer
  let app: TestApp
  let other: TestUser
  let ahead = 0
  const clock: Clock = { now: () => Math.round(Date.now() * 1000) + ahead }
  const me = { userId: 'me' }

  before(async () => {
    server = await startTestServer({ overrides: { clock } })
    app = await makeApp(server, 'zoo')
    other = await server.makeUser('other')
  })
  after(() => server[Symbol.asyncDispose]())

  type NewKey = NonNullable<Parameters<typeof post>[0]>[number]
  const post = (
    keys: {
      type?: string
      description?: string
      scopes?: string[]
      endpoints?: string[]
      apps?: { id?: string; userId?: string }[]
      expiresAt?: ReturnType<typeof toTimestamp>
    }[],
    key?: string,
  ) => server.call('PostKeys', { userAppId: me, keys }, { key })
  const postOne = async (key: NewKey) => succeeded(await post([key])).keys[0]!
  const pat = (more: Partial<NewKey> = {}): NewKey => ({ type: 'personal_access_token', scopes: ['All'], ...more })
  const appKey = (more: Partial<NewKey> = {}): NewKey => ({ scopes: ['All'], apps: [{ id: 'zoo' }], ...more })

  test('a new key shows its secret once; later answers show its public id', async () => {
    const made = await postOne(appKey({ description: 'for the zoo', apps: [{ id: 'zoo', userId: 'admin' }] }))
    assert.match(made.id, HEX32)
    assert.equal(made.type, 'app_specific_key')
    assert.deepEqual([made.description, made.scopes, made.endpoints], ['for the zoo', ['All'], []])
    assert.deepEqual(
      made.apps.map(({ id, userId }) => [id, userId]),
      [['zoo', 'admin']],
    )
    assert.ok(made.createdAt)
    succeeded(await server.call('ListConcepts', {}, { key: made.id }))

    const bySecret = succeeded(await server.call('GetKey', { userAppId: me, keyId: made.id })).key!
    assert.match(bySecret.id, HEX32)
    assert.notEqual(bySecret.id, made.id)
    const byPublicId = succeeded(await server.call('GetKey', { userAppId: me, keyId: bySecret.id })).key!
    assert.deepEqual(byPublicId, bySecret)
    assert.deepEqual({ ...bySecret, id: made.id }, made)
    // The public id opens nothing.
    refused(await server.call('ListConcepts', {}, { key: bySecret.id }), StatusCode.CONN_KEY_NOT_FOUND)
  })

  test('the secret is nowhere in the database', async () => {
    const { id } = await postOne(appKey())
    const rows = await server.services.db.read.selectFrom('credentials').selectAll().execute()
    assert.ok(rows.length > 0)
    assert.ok(!JSON.stringify(rows).includes(id))
  })

  test('a token works for every app of its user and has no app itself', async () => {
    const made = await postOne(pat())
    assert.equal(made.type, 'personal_access_token')
    assert.deepEqual(made.apps, [])
    succeeded(await server.call('ListConcepts', { userAppId: app.userAppId }, { key: made.id }))
    refused(await post([pat({ apps: [{ id: 'zoo' }] })]), StatusCode.CONN_INVALID_REQUEST, /leave apps empty/)
  })

  test('an app key needs exactly one app, and one of the own user', async () => {
    await makeApp(server, 'theirs', { owner: other, visibility: 50 })
    refused(await post([appKey({ apps: [] })]), StatusCode.CONN_INVALID_REQUEST, /exactly one/)
    refused(await post([appKey({ apps: [{ id: 'zoo' }, { id: 'zoo' }] })]), StatusCode.CONN_INVALID_REQUEST, /not 2/)
    refused(await post([appKey({ apps: [{ id: 'absent' }] })]), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await post([appKey({ apps: [{ id: 'theirs' }] })]), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await post([appKey({ apps: [{ id: 'theirs', userId: 'other' }] })]), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await post([appKey({ type: 'master' })]), StatusCode.CONN_INVALID_REQUEST, /personal_access_token/)
  })

  test('scopes are named, complete and not empty; endpoints are full names of RPCs with their scopes', async () => {
    const invalid = StatusCode.CONN_INVALID_REQUEST
    refused(await post([appKey({ scopes: [] })]), invalid, /No scopes/)
    refused(await post([appKey({ scopes: ['Fly'] })]), invalid, /no scope 'Fly'/)
    refused(await post([appKey({ scopes: ['Inputs_Delete'] })]), invalid, /Inputs_Add, Inputs_Get/)
    refused(await post([appKey({ endpoints: ['PostInputs'] })]), invalid, /clarifai\.api\.V2/)
    refused(
      await post([appKey({ scopes: ['Predict'], endpoints: ['/clarifai.api.V2/ListConcepts'] })]),
      invalid,
      /Concepts_Get/,
    )
    const twice = await postOne(appKey({ scopes: ['Concepts_Get', 'Concepts_Get'] }))
    assert.deepEqual(twice.scopes, ['Concepts_Get'])
    const narrow = await postOne(
      appKey({ scopes: ['Apps_Get', 'Concepts_Get', 'Models_Get'], endpoints: ['/clarifai.api.V2/ListConcepts'] }),
    )
    succeeded(await server.call('ListConcepts', {}, { key: narrow.id }))
    const beyond = await server.call('ListModels', {}, { key: narrow.id })
    refused(beyond, StatusCode.CONN_INSUFFICIENT_SCOPES, /\/clarifai\.api\.V2\/ListModels/)
  })

  test('nobody gives more than he has', async () => {
    const scopes = ['Apps_Get', 'Keys_Add', 'Keys_Get', 'Concepts_Get']
    const limited = await postOne(pat({ scopes }))
    refused(await post([pat()], limited.id), StatusCode.CONN_INSUFFICIENT_SCOPES, /All/)
    refused(
      await post([pat({ scopes: ['Concepts_Get', 'Concepts_Add'] })], limited.id),
      StatusCode.CONN_INSUFFICIENT_SCOPES,
      /Concepts_Add/,
    )
    const given = succeeded(await post([pat({ scopes: ['Concepts_Get'] })], limited.id)).keys[0]!
    const widened = await server.call(
      'PatchKeys',
      { userAppId: me, action: 'overwrite', keys: [{ id: given.id, scopes: ['All'] }] },
      { key: limited.id },
    )
    refused(widened, StatusCode.CONN_INSUFFICIENT_SCOPES)
    const narrowed = await postOne(
      pat({ scopes, endpoints: ['/clarifai.api.V2/PostKeys', '/clarifai.api.V2/ListConcepts'] }),
    )
    refused(await post([pat({ scopes: ['Keys_Get'] })], narrowed.id), StatusCode.CONN_INSUFFICIENT_SCOPES, /endpoint/)
  })

  test('a key expires when it says so, not before; a time that has passed is refused', async () => {
    const now = clock.now()
    refused(await post([appKey({ expiresAt: toTimestamp(now - HOUR) })]), StatusCode.CONN_INVALID_REQUEST, /passed/)
    const never = { ...toTimestamp(0), seconds: 253402300799n }
    refused(await post([appKey({ expiresAt: never })]), StatusCode.CONN_INVALID_REQUEST, /leave it out/)
    const made = await postOne(appKey({ expiresAt: toTimestamp(now + HOUR) }))
    assert.deepEqual(made.expiresAt, toTimestamp(now + HOUR))
    succeeded(await server.call('ListConcepts', {}, { key: made.id }))
    ahead = 2 * HOUR
    try {
      refused(await server.call('ListConcepts', {}, { key: made.id }), StatusCode.CONN_KEY_INVALID, /expired/)
      const all = succeeded(await server.call('ListKeys', { userAppId: me, perPage: 1000 })).keys
      const good = succeeded(await server.call('ListKeys', { userAppId: me, perPage: 1000, notExpired: true })).keys
      assert.equal(good.length, all.length - 1)
    } finally {
      ahead = 0
    }
  })

  test('several keys are made together or not at all, within the batch limit', async () => {
    const count = async () => succeeded(await server.call('ListKeys', { userAppId: me, perPage: 1000 })).keys.length
    const before = await count()
    refused(await post([appKey(), appKey({ scopes: ['Fly'] })]), StatusCode.CONN_INVALID_REQUEST)
    refused(await post([]), StatusCode.CONN_INVALID_REQUEST)
    refused(await post(Array.from({ length: 129 }, () => appKey())), StatusCode.CONN_INVALID_REQUEST, /128/)
    refused(await post([appKey({ description: 'x'.repeat(17_000) })]), StatusCode.CONN_INVALID_REQUEST, /description/)
    assert.equal(await count(), before)
    assert.equal(succeeded(await post([appKey(), pat()])).keys.length, 2)
    assert.equal(await count(), before + 2)
  })

  test('lists page newest first and narrow by type, scopes and endpoints', async () => {
    const fresh = await server.makeUser('lister')
    const as = { key: fresh.pat }
    await makeApp(server, 'a', { owner: fresh })
    await makeApp(server, 'b', { owner: fresh })
    const wanted = [
      { apps: [{ id: 'a' }], scopes: ['Concepts_Get'], description: '"Predict"' },
      { apps: [{ id: 'b' }], scopes: ['Concepts_Get', 'Predict'] },
      { ...pat({ scopes: ['Concepts_Get', 'Apps_Get'] }), endpoints: ['/clarifai.api.V2/ListConcepts'] },
    ]
    for (const key of wanted) succeeded(await post([key], fresh.pat))
    const list = async (more: object = {}) =>
      succeeded(await server.call('ListKeys', { userAppId: me, ...more }, as)).keys.map((key) => key.scopes.join())
    assert.deepEqual(await list(), ['Concepts_Get,Apps_Get', 'Concepts_Get,Predict', 'Concepts_Get', 'All'])
    assert.deepEqual(await list({ perPage: 1, page: 2 }), ['Concepts_Get,Predict'])
    assert.deepEqual(await list({ page: 9 }), [])
    assert.deepEqual(await list({ type: 'personal_access_token' }), ['Concepts_Get,Apps_Get', 'All'])
    assert.deepEqual(await list({ type: 'app_specific_key' }), ['Concepts_Get,Predict', 'Concepts_Get'])
    assert.deepEqual(await list({ scopes: ['Predict'] }), ['Concepts_Get,Predict'])
    assert.deepEqual(await list({ scopes: ['Predict', 'Concepts_Get'] }), ['Concepts_Get,Predict'])
    assert.deepEqual(await list({ endpoints: ['/clarifai.api.V2/ListConcepts'] }), ['Concepts_Get,Apps_Get'])
    const ofA = await server.call('ListAppKeys', { userAppId: { userId: 'me', appId: 'a' } }, as)
    assert.deepEqual(
      succeeded(ofA).keys.map((key) => key.scopes),
      [['Concepts_Get']],
    )
    const bad = (more: object) => server.call('ListKeys', { userAppId: me, ...more }, as)
    refused(await bad({ perPage: 1001 }), StatusCode.CONN_INVALID_REQUEST)
    refused(await bad({ type: 'session' }), StatusCode.CONN_INVALID_REQUEST)
    refused(await bad({ scopes: ['Fly'] }), StatusCode.CONN_INVALID_REQUEST)
    refused(await bad({ scopes: Array.from({ length: 33 }, () => 'Predict') }), StatusCode.CONN_INVALID_REQUEST, /32/)
  })

  test('sessions are not keys: neither listed, nor got, nor deleted', async () => {
    const session = await server.makeKey({ userPk: server.admin.pk, kind: 'session' })
    refused(await server.call('GetKey', { userAppId: me, keyId: session }), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await server.call('DeleteKey', { userAppId: me, keyId: session }), StatusCode.CONN_DOES_NOT_EXIST)
    succeeded(await server.call('MyScopesRoot', {}, { key: session }))
  })

  test('a patch overwrites what it names and takes effect at once', async () => {
    await makeApp(server, 'second')
    const made = await postOne(appKey({ scopes: ['Apps_Get', 'Concepts_Get'], description: 'old' }))
    const patch = (key: object, action = 'overwrite') =>
      server.call('PatchKeys', { userAppId: me, action, keys: [{ id: made.id, ...key }] })
    succeeded(await server.call('ListConcepts', {}, { key: made.id }))
    const renamed = succeeded(await patch({ description: 'new' })).keys[0]!
    assert.deepEqual([renamed.description, renamed.scopes], ['new', ['Apps_Get', 'Concepts_Get']])
    assert.notEqual(renamed.id, made.id)
    succeeded(await patch({ scopes: ['Apps_Get'] }))
    refused(
      await server.call('ListConcepts', {}, { key: made.id }),
      StatusCode.CONN_INSUFFICIENT_SCOPES,
      /Concepts_Get/,
    )
    const moved = succeeded(await patch({ id: renamed.id, apps: [{ id: 'second' }] })).keys[0]!
    assert.equal(moved.apps[0]?.id, 'second')
    const ofSecond = await server.call('ListAppKeys', { userAppId: { userId: 'me', appId: 'second' } })
    assert.equal(succeeded(ofSecond).keys.length, 1)

    refused(await patch({ description: 'x' }, 'merge'), StatusCode.CONN_INVALID_REQUEST, /overwrite/)
    refused(await patch({ description: 'x' }, ''), StatusCode.CONN_INVALID_REQUEST)
    refused(await patch({ scopes: ['Models_Delete'] }), StatusCode.CONN_INVALID_REQUEST, /Models_Add/)
    refused(await patch({ apps: [{ id: 'absent' }] }), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await patch({ id: 'f'.repeat(32) }), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await patch({ id: '' }), StatusCode.CONN_DOES_NOT_EXIST)
    const token = await postOne(pat())
    refused(await patch({ id: token.id, apps: [{ id: 'zoo' }] }), StatusCode.CONN_INVALID_REQUEST, /apps empty/)
  })

  test('a failing patch leaves the others of its call alone', async () => {
    const made = await postOne(appKey({ description: 'kept' }))
    const keys = [{ id: made.id, description: 'lost' }, { id: 'absent' }]
    refused(
      await server.call('PatchKeys', { userAppId: me, action: 'overwrite', keys }),
      StatusCode.CONN_DOES_NOT_EXIST,
    )
    const got = await server.call('GetKey', { userAppId: me, keyId: made.id })
    assert.equal(succeeded(got).key?.description, 'kept')
  })

  test('a deleted key is refused at once, whether named by secret or by public id', async () => {
    for (const name of ['secret', 'public id']) {
      const { id } = await postOne(appKey())
      succeeded(await server.call('ListConcepts', {}, { key: id }))
      const shown = succeeded(await server.call('GetKey', { userAppId: me, keyId: id })).key!.id
      succeeded(await server.call('DeleteKey', { userAppId: me, keyId: name === 'secret' ? id : shown }))
      refused(await server.call('ListConcepts', {}, { key: id }), StatusCode.CONN_KEY_NOT_FOUND)
      refused(await server.call('DeleteKey', { userAppId: me, keyId: id }), StatusCode.CONN_DOES_NOT_EXIST)
    }
  })

  test('deleting an app takes its keys with it', async () => {
    await makeApp(server, 'doomed')
    const { id } = await postOne(appKey({ apps: [{ id: 'doomed' }] }))
    succeeded(await server.call('ListConcepts', {}, { key: id }))
    succeeded(await server.call('DeleteApp', { userAppId: { userId: 'me', appId: 'doomed' } }))
    refused(await server.call('ListConcepts', {}, { key: id }), StatusCode.CONN_KEY_NOT_FOUND)
    refused(await server.call('GetKey', { userAppId: me, keyId: id }), StatusCode.CONN_DOES_NOT_EXIST)
  })

  test("other users' keys do not exist, not even those of a user whom everybody sees", async () => {
    const { id } = await postOne(appKey())
    const as = { key: other.pat }
    refused(await server.call('GetKey', { userAppId: me, keyId: id }, as), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await server.call('DeleteKey', { userAppId: me, keyId: id }, as), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await server.call('ListKeys', { userAppId: { userId: 'admin' } }, as), StatusCode.CONN_DOES_NOT_EXIST)
    const clarifai = { userId: 'clarifai' }
    for (const refusal of [
      await server.call('ListKeys', { userAppId: clarifai }),
      await server.call('GetKey', { userAppId: clarifai, keyId: id }),
      await server.call('ListAppKeys', { userAppId: { ...clarifai, appId: 'main' } }),
      await server.call('PostKeys', { userAppId: clarifai, keys: [appKey()] }),
    ]) {
      refused(refusal, StatusCode.CONN_INSUFFICIENT_SCOPES)
    }
  })

  test('an app key manages no keys, and a token only with the scopes for it', async () => {
    const { id } = await postOne(appKey())
    refused(await server.call('ListKeys', { userAppId: me }, { key: id }), StatusCode.CONN_KEY_INVALID, /token/)
    const reader = await postOne(pat({ scopes: ['Apps_Get', 'Keys_Get'] }))
    const as = { key: reader.id }
    succeeded(await server.call('ListKeys', { userAppId: me }, as))
    refused(await post([appKey()], reader.id), StatusCode.CONN_INSUFFICIENT_SCOPES, /Keys_Add/)
    const patch = await server.call('PatchKeys', { userAppId: me, action: 'overwrite', keys: [{ id }] }, as)
    refused(patch, StatusCode.CONN_INSUFFICIENT_SCOPES, /Keys_Add/)
    const gone = await server.call('DeleteKey', { userAppId: me, keyId: id }, as)
    refused(gone, StatusCode.CONN_INSUFFICIENT_SCOPES, /Keys_Delete/)
    const blind = await postOne(pat({ scopes: ['Predict'] }))
    refused(
      await server.call('GetKey', { userAppId: me, keyId: id }, { key: blind.id }),
      StatusCode.CONN_INSUFFICIENT_SCOPES,
    )
    const listed = await server.call('ListAppKeys', { userAppId: app.userAppId }, { key: blind.id })
    refused(listed, StatusCode.CONN_INSUFFICIENT_SCOPES)
  })
})
