import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, describe, test } from 'node:test'
import { registry } from '../../src/api/registry.ts'
import type { Clock } from '../../src/base/clock.ts'
import { silentLog } from '../../src/base/log.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { SESSION_MICROS, SESSIONS_MAX } from '../../src/domain/users/login.ts'
import { FAILURES_MAX, LoginAttempts, WINDOW_MICROS } from '../../src/domain/users/login-attempts.ts'
import { ensureFirstUser } from '../../src/main/first-user.ts'
import { createHttpHandler } from '../../src/wire/http/handler.ts'
import { type Answer, send } from '../../src/wire/http/test-door.ts'
import { createDispatcher } from '../../src/wire/pipeline/dispatcher.ts'
import { sessionRoutes } from '../../src/wire/session/routes.ts'
import { makeApp, refused, succeeded } from '../kit/apps.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

const EMAIL = 'zoe@example.org'
const PASSWORD = 'correct horse Battery 9 staple'

describe('routes outside the contract', () => {
  let server: TestServer
  let port: number
  let http: ReturnType<typeof createServer>
  let ahead = 0
  const clock: Clock = { now: () => Math.round(Date.now() * 1000) + ahead }
  const logins = new LoginAttempts()

  before(async () => {
    server = await startTestServer({ settings: { email: EMAIL, password: PASSWORD }, overrides: { clock, logins } })
    const dispatcher = createDispatcher(registry, server.services, () => {})
    const extraRoutes = sessionRoutes(server.services)
    http = createServer(createHttpHandler({ dispatcher, jsonNamesDefault: 'snake', log: silentLog, extraRoutes }))
    await once(http.listen(0, '127.0.0.1'), 'listening')
    port = (http.address() as AddressInfo).port
  })
  after(async () => {
    http.closeAllConnections()
    http.close()
    await server[Symbol.asyncDispose]()
  })
  beforeEach(() => {
    ahead = 0
  })

  const logIn = (email: unknown, password: unknown) =>
    send(port, 'POST', '/v2/login', JSON.stringify({ email, password }))
  const fails = (answer: Answer, code: StatusCode, http: number) => {
    assert.deepEqual([answer.json?.status?.code, answer.status], [code, http], answer.text)
    assert.match(answer.json.status.req_id, /^[0-9a-f]{32}$/)
    assert.ok(answer.json.status.description)
    assert.ok(answer.json.status.details)
  }
  const token = async () => {
    const answer = await logIn(EMAIL, PASSWORD)
    assert.equal(answer.status, 200, answer.text)
    return answer.json.session_token as string
  }

  test('logging in by address in any casing or by user id gives a session that may do everything', async () => {
    for (const name of [EMAIL, ' ZOE@Example.org ', 'admin']) {
      const answer = await logIn(name, PASSWORD)
      assert.deepEqual([answer.status, answer.json.status.code], [200, StatusCode.SUCCESS])
      assert.equal(answer.json.v2_user_id, 'admin')
      assert.equal(answer.headers['cache-control'], 'no-store')
      const headers = { 'x-clarifai-session-token': answer.json.session_token }
      succeeded(await server.call('MyScopesRoot', {}, { key: null, headers }))
      assert.equal((await send(port, 'GET', '/v2/users/me', undefined, headers)).json.user.id, 'admin')
    }
  })

  test('a wrong address and a wrong password are answered alike', async () => {
    const answers = [await logIn(EMAIL, 'wrong'), await logIn('nobody@example.org', PASSWORD), await logIn('', '')]
    for (const answer of answers) fails(answer, StatusCode.CONN_CREDENTIALS_INVALID, 401)
    assert.equal(new Set(answers.map((answer) => answer.json.status.details)).size, 1)
    fails(await logIn(EMAIL, `${PASSWORD}${' '.repeat(300)}`), StatusCode.CONN_CREDENTIALS_INVALID, 401)
    fails(await logIn('clarifai', PASSWORD), StatusCode.CONN_CREDENTIALS_INVALID, 401)
  })

  test('unreadable bodies, wrong types and wrong verbs are refused', async () => {
    fails(await send(port, 'POST', '/v2/login', '{'), StatusCode.CONN_BAD_REQUEST_FORMAT, 400)
    fails(await send(port, 'POST', '/v2/login', '[]'), StatusCode.CONN_BAD_REQUEST_FORMAT, 400)
    fails(await send(port, 'POST', '/v2/login'), StatusCode.CONN_BAD_REQUEST_FORMAT, 400)
    fails(await logIn(1, PASSWORD), StatusCode.CONN_INVALID_REQUEST, 400)
    fails(await logIn(EMAIL, { $ne: '' }), StatusCode.CONN_INVALID_REQUEST, 400)
    const large = `{"email":"${'x'.repeat(70_000)}"}`
    fails(await send(port, 'POST', '/v2/login', large), StatusCode.RPC_MAX_MESSAGE_SIZE_EXCEEDED, 413)
    const got = await send(port, 'GET', '/v2/login')
    fails(got, StatusCode.CONN_METHOD_NOT_ALLOWED, 405)
    assert.equal(got.headers.allow, 'POST, OPTIONS')
  })

  test('after many wrong passwords even the right one is refused for a while', async () => {
    for (let i = 0; i < FAILURES_MAX; i++) logins.failed(EMAIL, '127.0.0.1', clock.now())
    fails(await logIn(EMAIL, PASSWORD), StatusCode.CONN_THROTTLED, 429)
    fails(await logIn(EMAIL.toUpperCase(), PASSWORD), StatusCode.CONN_THROTTLED, 429)
    ahead = WINDOW_MICROS
    await token()
    ahead = 0
    for (let i = 1; i < FAILURES_MAX; i++) logins.failed(EMAIL, '127.0.0.1', clock.now())
    await token()
    logins.failed(EMAIL, '127.0.0.1', clock.now())
    await token()
  })

  test('a session ends when its time has come', async () => {
    const session = await token()
    ahead = SESSION_MICROS - 60e6
    succeeded(await server.call('MyScopesRoot', {}, { key: session }))
    ahead = SESSION_MICROS + 60e6
    refused(await server.call('MyScopesRoot', {}, { key: session }), StatusCode.CONN_KEY_INVALID, /expired/)
    await token()
    // Logging in swept the row away, so that it is not even known any more.
    refused(await server.call('MyScopesRoot', {}, { key: session }), StatusCode.CONN_KEY_NOT_FOUND)
  })

  test('more sessions than allowed end the oldest', async () => {
    const made: string[] = []
    for (let i = 0; i < SESSIONS_MAX; i++) {
      made.push(await server.makeKey({ userPk: server.admin.pk, kind: 'session', expiresAt: clock.now() + 3600e6 }))
    }
    const newest = await token()
    refused(await server.call('MyScopesRoot', {}, { key: made[0] }), StatusCode.CONN_KEY_NOT_FOUND)
    succeeded(await server.call('MyScopesRoot', {}, { key: made[1] }))
    succeeded(await server.call('MyScopesRoot', {}, { key: newest }))
  })

  test('a changed password ends the sessions, the same one does not', async () => {
    const session = await token()
    const settings = { id: 'admin', pat: undefined, email: EMAIL, password: PASSWORD }
    await ensureFirstUser(server.services.db, settings, clock)
    server.services.directory.invalidate()
    succeeded(await server.call('MyScopesRoot', {}, { key: session }))
    await ensureFirstUser(server.services.db, { ...settings, password: 'another 1 Battery' }, clock)
    server.services.directory.invalidate()
    refused(await server.call('MyScopesRoot', {}, { key: session }), StatusCode.CONN_KEY_NOT_FOUND)
    fails(await logIn(EMAIL, PASSWORD), StatusCode.CONN_CREDENTIALS_INVALID, 401)
    assert.equal((await logIn(EMAIL, 'another 1 Battery')).status, 200)
    await ensureFirstUser(server.services.db, settings, clock)
  })

  test('the ways of logging in are told to everybody', async () => {
    const answer = await send(port, 'GET', '/v2/auth/methods')
    assert.deepEqual([answer.status, answer.json.status.code], [200, StatusCode.SUCCESS])
    assert.deepEqual(answer.json.auth_methods, [{ id: 'password', name: 'Password' }])
    fails(await send(port, 'POST', '/v2/auth/methods', '{}'), StatusCode.CONN_METHOD_NOT_ALLOWED, 405)
  })

  test('client ids and secrets of old apps are refused with a sentence', async () => {
    const authorization = `Basic ${Buffer.from('id:secret').toString('base64')}`
    const type = { 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await send(port, 'POST', '/v2/token', '', { authorization, ...type })
    fails(answer, StatusCode.CONN_CREDENTIALS_INVALID, 401)
    assert.match(answer.json.status.details, /API key/)
  })

  test('nobody is in an organization; whom one may not see does not exist', async () => {
    await server.makeUser('famous', Visible.PUBLIC)
    await server.makeUser('shy')
    const ask = (user: string, key?: string) =>
      send(port, 'GET', `/v2/users/${user}/organizations`, undefined, {
        ...(key === undefined ? {} : { authorization: `Key ${key}` }),
      })
    const { pat } = server.admin
    for (const user of ['me', 'admin', 'famous']) {
      assert.deepEqual((await ask(user, pat)).json.organizations, [], user)
    }
    fails(await ask('shy', pat), StatusCode.CONN_DOES_NOT_EXIST, 404)
    fails(await ask('nobody', pat), StatusCode.CONN_DOES_NOT_EXIST, 404)
    fails(await ask('me'), StatusCode.CONN_INVALID_REQUEST, 400)
    fails(await ask('me', 'f'.repeat(32)), StatusCode.CONN_KEY_NOT_FOUND, 401)
  })

  test('a status code that is found is a good answer over HTTP, whatever it stands for', async () => {
    for (const code of [StatusCode.MODEL_DOES_NOT_EXIST, StatusCode.CONN_DOES_NOT_EXIST, StatusCode.MOVED]) {
      const answer = await send(port, 'GET', `/v2/status_codes/${code}`)
      assert.deepEqual([answer.status, answer.json.status.code], [200, code])
    }
    const absent = await send(port, 'GET', '/v2/status_codes/5')
    assert.deepEqual([absent.status, absent.json.status.code], [404, StatusCode.CONN_DOES_NOT_EXIST])
  })

  test('setup scripts: log in, make an app without an id, make its key, use it, delete both', async () => {
    const headers = { 'x-clarifai-session-token': await token() }
    const post = (path: string, body: object) => send(port, 'POST', path, JSON.stringify(body), headers)
    const made = await post('/v2/users/admin/apps', { apps: [{ name: 'setup', default_workflow_id: 'General' }] })
    assert.equal(made.status, 200, made.text)
    const { id } = made.json.apps[0]
    const keys = [{ description: 'all', scopes: ['All'], apps: [{ id, user_id: 'admin' }] }]
    const key = (await post('/v2/users/admin/keys', { keys })).json.keys[0].id
    const authorization = `Key ${key}`
    assert.equal((await send(port, 'GET', '/v2/concepts', undefined, { authorization })).status, 200)
    assert.equal((await send(port, 'DELETE', `/v2/users/admin/keys/${key}`, undefined, headers)).status, 200)
    assert.equal((await send(port, 'GET', '/v2/concepts', undefined, { authorization })).status, 401)
  })

  test('a token in the session header works like one in the other header', async () => {
    const app = await makeApp(server, 'by-header')
    const headers = { 'x-clarifai-session-token': server.admin.pat }
    succeeded(await server.call('ListConcepts', { userAppId: app.userAppId }, { key: null, headers }))
  })
})
