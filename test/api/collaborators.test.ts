import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { updateLogin } from '../../src/store/repos/users.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startTestServer, type TestServer, type TestUser } from '../kit/server.ts'

const READ = ['Apps_Get', 'Concepts_Get']

describe('collaborators', () => {
  let server: TestServer
  let app: TestApp
  let guest: TestUser
  let second: TestUser

  before(async () => {
    server = await startTestServer({ settings: { email: 'owner@example.org' } })
    guest = await makeUser('guest')
    second = await makeUser('second')
  })
  after(() => server[Symbol.asyncDispose]())

  let apps = 0
  const fresh = async () => {
    app = await makeApp(server, `app-${++apps}`)
  }
  async function makeUser(id: string): Promise<TestUser> {
    const user = await server.makeUser(id)
    await server.services.db.transact((tx) => updateLogin(tx, user.pk, { email: `${id}@example.org` }, 1))
    return user
  }

  interface Wanted {
    user?: { id?: string; primaryEmail?: string; userDetail?: { primaryEmail: string } }
    scopes?: string[]
    endpoints?: string[]
  }
  const post = (collaborators: Wanted[], key?: string) =>
    server.call('PostCollaborators', { userAppId: app.userAppId, collaborators }, { key })
  const invite = async (wanted: Wanted = {}) =>
    succeeded(await post([{ user: { id: 'guest' }, scopes: READ, ...wanted }])).collaborators[0]!
  const list = (more: object = {}, key?: string) =>
    server.call('ListCollaborators', { userAppId: app.userAppId, ...more }, { key })
  const patch = (collaborators: (Wanted & { id?: string })[], action = 'overwrite') =>
    server.call('PatchCollaborators', { userAppId: app.userAppId, collaborators, action })
  const remove = (more: { collaboratorIds?: string[]; userEmails?: string[] }, key?: string) =>
    server.call('DeleteCollaborators', { userAppId: app.userAppId, ...more }, { key })
  const concepts = (key: string) => server.call('ListConcepts', { userAppId: app.userAppId }, { key })

  test('an invited user reaches the app with the scopes of the invitation and no more', async () => {
    await fresh()
    refused(await concepts(guest.pat), StatusCode.CONN_DOES_NOT_EXIST)
    const made = await invite()
    assert.match(made.id, /^[0-9a-f]{32}$/)
    assert.deepEqual([made.app?.id, made.app?.userId, made.user?.id], [app.userAppId.appId, 'admin', 'guest'])
    assert.deepEqual([made.scopes, made.endpoints, made.user?.primaryEmail], [READ, [], 'guest@example.org'])
    assert.ok(made.createdAt && made.modifiedAt && !made.deletedAt)
    succeeded(await concepts(guest.pat))
    const write = await server.call(
      'PostConcepts',
      { userAppId: app.userAppId, concepts: [{ id: 'x' }] },
      { key: guest.pat },
    )
    refused(write, StatusCode.CONN_INSUFFICIENT_SCOPES, /Concepts_Add/)
  })

  test('the scopes of the key count too, and so do the endpoints of both', async () => {
    await fresh()
    await invite({ scopes: ['All'], endpoints: ['/clarifai.api.V2/ListConcepts'] })
    const predictOnly = await server.makeKey({ userPk: guest.pk, kind: 'pat', scopes: ['Predict'] })
    refused(await concepts(predictOnly), StatusCode.CONN_INSUFFICIENT_SCOPES, /Concepts_Get/)
    succeeded(await concepts(guest.pat))
    const beyond = await server.call('ListModels', { userAppId: app.userAppId }, { key: guest.pat })
    refused(beyond, StatusCode.CONN_INSUFFICIENT_SCOPES, /\/clarifai\.api\.V2\/ListModels/)
    const elsewhere = await server.makeKey({
      userPk: guest.pk,
      kind: 'pat',
      endpoints: ['/clarifai.api.V2/ListModels'],
    })
    const neither = await server.call('ListModels', { userAppId: app.userAppId }, { key: elsewhere })
    refused(neither, StatusCode.CONN_INSUFFICIENT_SCOPES)
  })

  test('users are named by id or by address in any casing; unknown ones do not exist', async () => {
    await fresh()
    const byAddress = await invite({ user: { primaryEmail: ' Guest@EXAMPLE.org ' } })
    assert.equal(byAddress.user?.id, 'guest')
    const byDetail = await invite({ user: { userDetail: { primaryEmail: 'second@example.org' } } })
    assert.equal(byDetail.user?.id, 'second')
    refused(await post([{ user: { id: 'nobody' }, scopes: READ }]), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await post([{ user: { primaryEmail: 'no@body.org' }, scopes: READ }]), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await post([{ scopes: READ }]), StatusCode.CONN_INVALID_REQUEST, /user\.id/)
    refused(await post([{ user: { id: 'admin' }, scopes: READ }]), StatusCode.CONN_INVALID_REQUEST, /owner/)
  })

  test('nobody is invited twice; all invitations of a call are made or none', async () => {
    await fresh()
    await invite()
    refused(await post([{ user: { id: 'guest' }, scopes: READ }]), StatusCode.DATABASE_DUPLICATE_KEY, /already exists/)
    const both = [
      { user: { id: 'second' }, scopes: READ },
      { user: { id: 'nobody' }, scopes: READ },
    ]
    refused(await post(both), StatusCode.CONN_DOES_NOT_EXIST)
    assert.equal(succeeded(await list()).collaborators.length, 1)
    refused(await post([]), StatusCode.CONN_INVALID_REQUEST)
    refused(await post(Array.from({ length: 129 }, () => both[0]!)), StatusCode.CONN_INVALID_REQUEST, /128/)
  })

  test('scopes follow the rules of keys: named, complete, not empty, not beyond those of the inviting key', async () => {
    await fresh()
    const user = { id: 'guest' }
    refused(await post([{ user }]), StatusCode.CONN_INVALID_REQUEST, /No scopes/)
    refused(await post([{ user, scopes: ['Fly'] }]), StatusCode.CONN_INVALID_REQUEST)
    refused(await post([{ user, scopes: ['Inputs_Add'] }]), StatusCode.CONN_INVALID_REQUEST, /Inputs_Get/)
    const limited = await server.makeKey({
      userPk: server.admin.pk,
      kind: 'pat',
      scopes: ['Apps_Get', 'Collaborators_Add', 'Collaborators_Get'],
    })
    refused(await post([{ user, scopes: READ }], limited), StatusCode.CONN_INSUFFICIENT_SCOPES, /Concepts_Get/)
    succeeded(await post([{ user, scopes: ['Apps_Get'] }], limited))
  })

  test('only the owner invites, changes and removes; collaborators may look, strangers not', async () => {
    await fresh()
    const { id } = await invite({ scopes: ['All'] })
    const as = { key: guest.pat }
    const { userAppId } = app
    refused(await post([{ user: { id: 'second' }, scopes: READ }], guest.pat), StatusCode.CONN_INSUFFICIENT_SCOPES)
    refused(await remove({ collaboratorIds: [id] }, guest.pat), StatusCode.CONN_INSUFFICIENT_SCOPES)
    const patched = { userAppId, action: 'overwrite', collaborators: [{ id, scopes: ['All'] }] }
    refused(await server.call('PatchCollaborators', patched, as), StatusCode.CONN_INSUFFICIENT_SCOPES)
    const seen = succeeded(await list({}, guest.pat))
    assert.deepEqual([seen.collaborators.length, seen.appOwner?.id], [1, 'admin'])
    refused(await list({}, second.pat), StatusCode.CONN_DOES_NOT_EXIST)
    // Nor does the invitation make keys for the app.
    const key = await server.call(
      'PostKeys',
      { keys: [{ scopes: ['All'], apps: [{ id: userAppId.appId, userId: 'admin' }] }] },
      as,
    )
    refused(key, StatusCode.CONN_DOES_NOT_EXIST)
    refused(await server.call('ListAppKeys', { userAppId }, as), StatusCode.CONN_INSUFFICIENT_SCOPES)
    refused(
      await server.call('ListCollaborators', { userAppId: { userId: 'clarifai', appId: 'main' } }),
      StatusCode.CONN_INSUFFICIENT_SCOPES,
    )
  })

  test('an app key with the scopes manages the collaborators of its app', async () => {
    await fresh()
    const key = await server.makeKey({ userPk: server.admin.pk, appPk: app.pk, kind: 'app_key' })
    const wanted = { collaborators: [{ user: { id: 'guest' }, scopes: READ }] }
    succeeded(await server.call('PostCollaborators', wanted, { key }))
    assert.equal(succeeded(await server.call('ListCollaborators', {}, { key })).collaborators.length, 1)
    const weak = await server.makeKey({ userPk: server.admin.pk, appPk: app.pk, kind: 'app_key', scopes: ['Apps_Get'] })
    for (const [name, scope] of [
      ['ListCollaborators', /Collaborators_Get/],
      ['PostCollaborators', /Collaborators_Add/],
      ['PatchCollaborators', /Collaborators_Add/],
      ['DeleteCollaborators', /Collaborators_Delete/],
    ] as const) {
      refused(await server.call(name, {}, { key: weak }), StatusCode.CONN_INSUFFICIENT_SCOPES, scope)
    }
  })

  test('a patch overwrites scopes and endpoints, at once', async () => {
    await fresh()
    const { id } = await invite()
    succeeded(await concepts(guest.pat))
    const changed = succeeded(await patch([{ id, scopes: ['Apps_Get', 'Models_Get'] }])).collaborators[0]!
    assert.deepEqual([changed.id, changed.scopes, changed.user?.id], [id, ['Apps_Get', 'Models_Get'], 'guest'])
    refused(await concepts(guest.pat), StatusCode.CONN_INSUFFICIENT_SCOPES)
    const [, ignored] = [await patch([{ id, user: { id: 'second' } }]), succeeded(await list()).collaborators[0]!]
    assert.equal(ignored.user?.id, 'guest')
    refused(await patch([{ id, scopes: READ }], 'merge'), StatusCode.CONN_INVALID_REQUEST, /overwrite/)
    refused(await patch([{ id: 'absent', scopes: READ }]), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await patch([{ id, scopes: ['Fly'] }]), StatusCode.CONN_INVALID_REQUEST)
    refused(await patch([]), StatusCode.CONN_INVALID_REQUEST)
  })

  test('a removed collaborator is out at once, is kept for the record, and can be invited again', async () => {
    await fresh()
    const first = await invite()
    await invite({ user: { id: 'second' } })
    succeeded(await concepts(guest.pat))
    succeeded(await remove({ collaboratorIds: [first.id] }))
    refused(await concepts(guest.pat), StatusCode.CONN_DOES_NOT_EXIST)
    assert.deepEqual(
      succeeded(await list()).collaborators.map((one) => one.user?.id),
      ['second'],
    )
    const all = succeeded(await list({ listAllCollaborators: true })).collaborators
    assert.deepEqual(
      all.map((one) => [one.user?.id, one.deletedAt !== undefined]),
      [
        ['guest', true],
        ['second', false],
      ],
    )
    refused(await remove({ collaboratorIds: [first.id] }), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await patch([{ id: first.id, scopes: READ }]), StatusCode.CONN_DOES_NOT_EXIST)
    const again = await invite()
    assert.notEqual(again.id, first.id)
    succeeded(await remove({ userEmails: ['GUEST@example.org', 'second@example.org'] }))
    assert.deepEqual(succeeded(await list()).collaborators, [])
    refused(await remove({ userEmails: ['guest@example.org'] }), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await remove({ userEmails: ['no@body.org'] }), StatusCode.CONN_DOES_NOT_EXIST)
    refused(await remove({}), StatusCode.CONN_INVALID_REQUEST)
  })

  test('lists page, oldest first, and name the owner', async () => {
    await fresh()
    await invite()
    await invite({ user: { id: 'second' } })
    const page = succeeded(await list({ perPage: 1, page: 2 }))
    assert.deepEqual([page.collaborators[0]?.user?.id, page.collaborators.length], ['second', 1])
    assert.deepEqual([page.appOwner?.id, page.appOwner?.primaryEmail], ['admin', 'owner@example.org'])
    assert.deepEqual(succeeded(await list({ page: 3 })).collaborators, [])
    refused(await list({ perPage: 1001 }), StatusCode.CONN_INVALID_REQUEST)
  })

  test('the invited user lists the apps shared with it, newest first', async () => {
    const reader = await makeUser('reader')
    const as = { key: reader.pat }
    const mine = (more: object = {}) => server.call('ListCollaborations', { userAppId: { userId: 'me' }, ...more }, as)
    assert.deepEqual(succeeded(await mine()).collaborations, [])
    const shared: string[] = []
    for (const isTemplate of [false, true]) {
      const id = `shared-${isTemplate}`
      succeeded(await server.call('PostApps', { userAppId: { userId: 'me' }, apps: [{ id, isTemplate }] }))
      app = { ...app, userAppId: { userId: 'admin', appId: id } }
      await invite({ user: { id: 'reader' } })
      shared.unshift(id)
    }
    const all = succeeded(await mine()).collaborations
    assert.deepEqual(
      all.map((one) => one.app?.id),
      shared,
    )
    const [newest] = all
    assert.deepEqual([newest?.app?.userId, newest?.appOwner?.id], ['admin', 'admin'])
    assert.equal(newest?.appOwner?.primaryEmail, 'owner@example.org')
    assert.deepEqual([newest?.scopes, newest?.endpoints], [READ, []])
    assert.ok(newest?.createdAt)
    assert.deepEqual(
      succeeded(await mine({ templateOnly: true })).collaborations.map((one) => one.app?.id),
      ['shared-true'],
    )
    assert.equal(succeeded(await mine({ perPage: 1, page: 2 })).collaborations[0]?.app?.id, 'shared-false')
    succeeded(await remove({ userEmails: ['reader@example.org'] }))
    assert.equal(succeeded(await mine()).collaborations.length, 1)
    succeeded(await server.call('DeleteApp', { userAppId: { userId: 'me', appId: 'shared-false' } }))
    assert.deepEqual(succeeded(await mine()).collaborations, [])
  })

  test("other users' collaborations are theirs alone", async () => {
    await server.makeUser('idol', Visible.PUBLIC)
    const asked = (userId: string) => server.call('ListCollaborations', { userAppId: { userId } })
    refused(await asked('idol'), StatusCode.CONN_INSUFFICIENT_SCOPES)
    refused(await asked('guest'), StatusCode.CONN_DOES_NOT_EXIST)
    const key = await server.makeKey({ userPk: guest.pk, kind: 'pat', scopes: ['Apps_Get'] })
    refused(
      await server.call('ListCollaborations', {}, { key }),
      StatusCode.CONN_INSUFFICIENT_SCOPES,
      /Collaborators_Get/,
    )
  })
})
