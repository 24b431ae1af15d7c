import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { StatusCode } from '../../src/contract/status-code.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

describe('scopes', () => {
  let server: TestServer
  let app: TestApp

  before(async () => {
    server = await startTestServer()
    app = await makeApp(server, 'zoo')
  })
  after(() => server[Symbol.asyncDispose]())

  test('an app key is told its scopes, endpoints and app on the short path', async () => {
    const key = await server.makeKey({
      userPk: server.admin.pk,
      appPk: app.pk,
      kind: 'app_key',
      scopes: ['Concepts_Get', 'Predict'],
      endpoints: ['/clarifai.api.V2/MyScopes', '/clarifai.api.V2/ListConcepts'],
    })
    const mine = succeeded(await server.call('MyScopes', {}, { key }))
    assert.deepEqual(mine.scopes, ['Concepts_Get', 'Predict'])
    assert.deepEqual(mine.endpoints, ['/clarifai.api.V2/MyScopes', '/clarifai.api.V2/ListConcepts'])
    assert.deepEqual([mine.app?.id, mine.app?.userId, mine.app?.defaultLanguage], ['zoo', 'admin', 'en'])
  })

  test('a token names the app; for the user and for nothing at all it need not', async () => {
    assert.deepEqual(succeeded(await server.call('MyScopes', { userAppId: app.userAppId })).scopes, ['All'])
    refused(await server.call('MyScopes', {}), StatusCode.CONN_KEY_INVALID, /app external ID/)
    assert.deepEqual(succeeded(await server.call('MyScopesUser', { userAppId: { userId: 'me' } })).scopes, ['All'])
    assert.deepEqual(succeeded(await server.call('MyScopesUser', {})).scopes, ['All'])
    assert.deepEqual(succeeded(await server.call('MyScopesRoot', {})).scopes, ['All'])
    const appKey = await server.makeKey({ userPk: server.admin.pk, appPk: app.pk, kind: 'app_key' })
    refused(await server.call('MyScopesRoot', {}, { key: appKey }), StatusCode.CONN_KEY_INVALID)
  })

  test('a collaborator is told what invitation and key allow together', async () => {
    const guest = await server.makeUser('guest')
    const scopes = ['Apps_Get', 'Concepts_Get', 'Concepts_Add']
    succeeded(
      await server.call('PostCollaborators', {
        userAppId: app.userAppId,
        collaborators: [{ user: { id: 'guest' }, scopes }],
      }),
    )
    const narrow = await server.makeKey({ userPk: guest.pk, kind: 'pat', scopes: ['Concepts_Get', 'Models_Get'] })
    const mine = await server.call('MyScopes', { userAppId: app.userAppId }, { key: narrow })
    assert.deepEqual(succeeded(mine).scopes, ['Concepts_Get'])
    const all = await server.call('MyScopes', { userAppId: app.userAppId }, { key: guest.pat })
    assert.deepEqual(succeeded(all).scopes, scopes)
  })

  test('a session lists what keys may have: more for tokens than for app keys', async () => {
    const session = await server.makeKey({ userPk: server.admin.pk, kind: 'session' })
    const list = (keyType: string) =>
      server.call('ListScopes', { userAppId: { userId: 'me' }, keyType }, { key: session })
    const appKey = succeeded(await list('app_specific_key'))
    const token = succeeded(await list('personal_access_token'))
    const names = (response: typeof appKey) => response.scopeDeps.map((one) => one.scope)
    const endpoints = (response: typeof appKey) => response.endpointDeps.map((one) => one.endpoint)
    assert.deepEqual(succeeded(await list('')).scopeDeps, appKey.scopeDeps)
    assert.ok(names(appKey).includes('All') && names(appKey).includes('Inputs_Add'))
    assert.ok(!names(appKey).includes('Apps_Add') && names(token).includes('Apps_Add'))
    assert.ok(!names(token).includes('Models_Sync'), 'scopes that are not exposed stay hidden')
    assert.deepEqual(appKey.scopeDeps.find((one) => one.scope === 'Inputs_Delete')?.dependingScopes, [
      'Inputs_Add',
      'Inputs_Get',
    ])
    assert.ok(!endpoints(appKey).includes('/clarifai.api.V2/PostKeys'))
    const postKeys = token.endpointDeps.find((one) => one.endpoint === '/clarifai.api.V2/PostKeys')
    assert.deepEqual(postKeys?.dependingScopes, ['Apps_Get', 'Keys_Add', 'Keys_Get'])
    refused(await list('master'), StatusCode.CONN_INVALID_REQUEST)
    refused(await server.call('ListScopes', { userAppId: { userId: 'me' } }), StatusCode.CONN_KEY_INVALID, /session/)
  })

  test('every scope that is listed makes a key, together with those it depends on', async () => {
    const session = await server.makeKey({ userPk: server.admin.pk, kind: 'session' })
    const { scopeDeps } = succeeded(await server.call('ListScopes', {}, { key: session }))
    assert.ok(scopeDeps.length > 50)
    const keys = scopeDeps.map(({ scope, dependingScopes }) => ({
      scopes: [scope, ...dependingScopes],
      apps: [{ id: 'zoo' }],
    }))
    assert.equal(succeeded(await server.call('PostKeys', { keys })).keys.length, scopeDeps.length)
  })
})
