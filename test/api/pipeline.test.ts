import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { create } from '@bufbuild/protobuf'
import { type AnyHandler, NOT_BUILT, type Registry } from '../../src/api/define/rpc.ts'
import { registry } from '../../src/api/registry.ts'
import type { Clock } from '../../src/base/clock.ts'
import { AppError } from '../../src/base/errors.ts'
import { type Log, silentLog } from '../../src/base/log.ts'
import type { Status } from '../../src/contract/index.ts'
import { methodInfo, type RpcName } from '../../src/contract/methods.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { createDispatcher } from '../../src/wire/pipeline/dispatcher.ts'
import type { Response } from '../../src/wire/pipeline/envelope.ts'
import { STAGES } from '../../src/wire/pipeline/order.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startTestServer, type TestServer, type TestUser } from '../kit/server.ts'

const UNKNOWN = 'f'.repeat(32)

/** A status without the part that differs from call to call. */
const plain = (status: Status | undefined) => ({ ...status, reqId: '' })

describe('pipeline', () => {
  let server: TestServer
  let zoo: TestApp
  let appKey: string
  let session: string

  before(async () => {
    server = await startTestServer()
    zoo = await makeApp(server, 'zoo')
    appKey = await server.makeKey({ userPk: server.admin.pk, appPk: zoo.pk, kind: 'app_key' })
    session = await server.makeKey({ userPk: server.admin.pk, kind: 'session' })
  })
  after(() => server[Symbol.asyncDispose]())

  const list = (userAppId: { userId?: string; appId?: string } | undefined, key?: string) =>
    server.call('ListConcepts', { userAppId }, { key })
  const withHeaders = (headers: Record<string, string>) =>
    server.call('ListConcepts', { userAppId: zoo.userAppId }, { key: null, headers })
  const limited = (...scopes: string[]) => server.makeKey({ userPk: server.admin.pk, kind: 'pat', scopes })

  describe('who calls', () => {
    test('a secret may stand behind Key or Bearer, or in the session header', async () => {
      for (const secret of [server.admin.pat, session, appKey]) {
        for (const word of ['Key', 'Bearer', 'bearer'])
          succeeded(await withHeaders({ authorization: `${word} ${secret}` }))
        succeeded(await withHeaders({ 'x-clarifai-session-token': secret }))
        succeeded(await withHeaders({ authorization: '', 'x-clarifai-session-token': secret }))
      }
    })

    test('a malformed header is an invalid request, told in the words that clients know', async () => {
      const { pat } = server.admin
      const headers = ['key', 'KEY', 'Basic', 'Token'].map((word) => `${word} ${pat}`)
      for (const authorization of [...headers, pat, 'Key', 'Key ', `Key ${pat} more`, `Key ${'f'.repeat(600)}`]) {
        const { status } = refused(await withHeaders({ authorization }), StatusCode.CONN_INVALID_REQUEST)
        assert.equal(status?.description, 'Invalid request')
        const expected = 'Empty or malformed authorization header. Please provide an API key or session token.'
        assert.equal(status?.details, expected, authorization)
      }
      refused(await withHeaders({}), StatusCode.CONN_INVALID_REQUEST, /malformed/)
      // A broken header is not passed over in favour of another one.
      const both = { authorization: `key ${pat}`, 'x-clarifai-session-token': pat }
      refused(await withHeaders(both), StatusCode.CONN_INVALID_REQUEST)
    })

    test('a key of another form and an unknown one are told apart', async () => {
      for (const key of ['short', 'F'.repeat(32), `${UNKNOWN}f`, "';--"]) {
        const { status } = refused(await list(zoo.userAppId, key), StatusCode.CONN_KEY_INVALID)
        assert.equal(status?.description, 'Invalid API key or Invalid API key/application pair')
        assert.equal(status?.details, 'Invalid format of key.')
      }
      const { status } = refused(await list(zoo.userAppId, UNKNOWN), StatusCode.CONN_KEY_NOT_FOUND)
      assert.deepEqual([status?.description, status?.details], ['API key not found', 'invalid key'])
      const long = { 'x-clarifai-session-token': 'f'.repeat(100_000) }
      refused(await withHeaders(long), StatusCode.CONN_KEY_INVALID)
    })

    test('a key that has expired is invalid', async () => {
      const now = server.services.clock.now()
      const wanted = { userPk: server.admin.pk, kind: 'pat' } as const
      const expired = await server.makeKey({ ...wanted, expiresAt: now })
      refused(await list(zoo.userAppId, expired), StatusCode.CONN_KEY_INVALID, /expired/)
      succeeded(await list(zoo.userAppId, await server.makeKey({ ...wanted, expiresAt: now + 3600e6 })))
    })

    test('each RPC takes the kinds of credentials that the contract names', async () => {
      refused(await server.call('ListApps', {}, { key: appKey }), StatusCode.CONN_KEY_INVALID, /personal access token/)
      for (const key of [server.admin.pat, session]) succeeded(await server.call('ListApps', {}, { key }))
      for (const key of [server.admin.pat, appKey]) {
        refused(await server.call('ListScopes', {}, { key }), StatusCode.CONN_KEY_INVALID, /session token/)
      }
      succeeded(await server.call('ListScopes', {}, { key: session }))
    })

    test('an RPC without authentication looks at no header at all', async () => {
      for (const authorization of ['', 'key nonsense', `Key ${UNKNOWN}`]) {
        succeeded(await server.call('ListStatusCodes', {}, { key: null, headers: { authorization } }))
      }
    })
  })

  describe('what the key allows', () => {
    test('all missing scopes are named', async () => {
      const { status } = refused(
        await list(zoo.userAppId, await limited('Predict')),
        StatusCode.CONN_INSUFFICIENT_SCOPES,
      )
      assert.equal(status?.details, 'Key is missing these required scopes: Apps_Get, Concepts_Get')
    })

    test('endpoints narrow what the scopes allow and add nothing', async () => {
      const narrow = (scopes: string[], endpoints: string[]) =>
        server.makeKey({ userPk: server.admin.pk, kind: 'pat', scopes, endpoints })
      const here = '/clarifai.api.V2/ListConcepts'
      succeeded(await list(zoo.userAppId, await narrow(['All'], [here])))
      const elsewhere = await narrow(['All'], ['/clarifai.api.V2/ListModels'])
      refused(await list(zoo.userAppId, elsewhere), StatusCode.CONN_INSUFFICIENT_SCOPES, new RegExp(here))
      const useless = await narrow(['Predict'], [here])
      refused(await list(zoo.userAppId, useless), StatusCode.CONN_INSUFFICIENT_SCOPES, /Concepts_Get/)
    })
  })

  describe('where', () => {
    test('an app key stands for its app, however the app is named or not named', async () => {
      for (const ids of [
        undefined,
        {},
        { appId: 'zoo' },
        { userId: 'me' },
        { userId: 'admin' },
        { userId: 'me', appId: 'zoo' },
        { userId: 'admin', appId: 'zoo' },
      ]) {
        succeeded(await list(ids, appKey))
      }
    })

    test('an app key reaches nothing else: not another app of its user, not public content of others', async () => {
      await makeApp(server, 'aviary', { visibility: Visible.PUBLIC })
      for (const ids of [
        { appId: 'aviary' },
        { userId: 'admin', appId: 'aviary' },
        { userId: 'clarifai', appId: 'main' },
        { userId: 'clarifai' },
        { userId: 'nobody', appId: 'zoo' },
      ]) {
        refused(await list(ids, appKey), StatusCode.CONN_DOES_NOT_EXIST)
      }
    })

    test('a token must name the app; the user is itself unless named', async () => {
      for (const ids of [undefined, {}, { userId: 'me' }]) {
        const { status } = refused(await list(ids), StatusCode.CONN_KEY_INVALID)
        assert.equal(status?.details, 'Must provide app external ID in API authorizer')
      }
      for (const ids of [{ appId: 'zoo' }, { userId: 'me', appId: 'zoo' }, { userId: 'admin', appId: 'zoo' }]) {
        succeeded(await list(ids))
        succeeded(await list(ids, session))
      }
    })

    test('"me" is whoever calls', async () => {
      const other = await server.makeUser('other')
      refused(await list({ userId: 'me', appId: 'zoo' }, other.pat), StatusCode.CONN_DOES_NOT_EXIST)
      await makeApp(server, 'zoo', { owner: other })
      succeeded(await list({ userId: 'me', appId: 'zoo' }, other.pat))
    })

    describe('of others', () => {
      let stranger: TestUser
      let open: TestUser
      before(async () => {
        stranger = await server.makeUser('stranger')
        open = await server.makeUser('open', Visible.PUBLIC)
        await makeApp(server, 'shown', { owner: open, visibility: Visible.PUBLIC })
        await makeApp(server, 'hidden', { owner: open })
        await makeApp(server, 'half', { visibility: Visible.PUBLIC })
      })

      test('what is hidden cannot be told from what does not exist', async () => {
        const absent = refused(
          await list({ userId: 'open', appId: 'absent' }, stranger.pat),
          StatusCode.CONN_DOES_NOT_EXIST,
        )
        for (const ids of [
          // A private app, a public app of a private user, a private user.
          { userId: 'open', appId: 'hidden' },
          { userId: 'admin', appId: 'half' },
          { userId: 'admin', appId: 'absent' },
          { userId: 'nobody', appId: 'absent' },
        ]) {
          const refusal = await list(ids, stranger.pat)
          assert.deepEqual(plain(refusal.status), plain(absent.status), JSON.stringify(ids))
        }
        const noApp = await list({ userId: 'nobody' }, stranger.pat)
        assert.deepEqual(plain((await list({ userId: 'admin' }, stranger.pat)).status), plain(noApp.status))
        const write = { userAppId: { userId: 'open', appId: 'hidden' }, concepts: [{ id: 'x' }] }
        const refusal = await server.call('PostConcepts', write, { key: stranger.pat })
        assert.deepEqual(plain(refusal.status), plain(absent.status))
      })

      test('what is public may be read and not written', async () => {
        const userAppId = { userId: 'open', appId: 'shown' }
        const as = { key: stranger.pat }
        succeeded(await list(userAppId, stranger.pat))
        succeeded(await server.call('PostConceptsSearches', { userAppId, conceptQuery: { name: 'x' } }, as))
        for (const refusal of [
          await server.call('PostConcepts', { userAppId, concepts: [{ id: 'x' }] }, as),
          await server.call('PatchConcepts', { userAppId, concepts: [{ id: 'x' }], action: 'overwrite' }, as),
          await server.call('PatchApp', { userAppId, app: { id: 'shown' }, action: 'overwrite' }, as),
          await server.call('DeleteApp', { userAppId }, as),
          await server.call('PostModels', { userAppId, models: [{ id: 'x' }] }, as),
        ]) {
          refused(refusal, StatusCode.CONN_INSUFFICIENT_SCOPES, /owner or a collaborator/)
        }
      })

      test('nothing is made for another user', async () => {
        const wanted = { userAppId: { userId: 'open' }, apps: [{ id: 'planted' }] }
        refused(await server.call('PostApps', wanted, { key: stranger.pat }), StatusCode.CONN_INSUFFICIENT_SCOPES)
        assert.equal(await server.services.directory.app(open.pk, 'planted'), undefined)
      })

      test('an invitation opens the app as far as it says, for the invited alone', async () => {
        const invited = await server.makeUser('invited')
        const userAppId = { userId: 'open', appId: 'hidden' }
        const collaborators = [{ user: { id: 'invited' }, scopes: ['Apps_Get', 'Concepts_Get'] }]
        refused(await list(userAppId, invited.pat), StatusCode.CONN_DOES_NOT_EXIST)
        succeeded(await server.call('PostCollaborators', { userAppId, collaborators }, { key: open.pat }))
        succeeded(await list(userAppId, invited.pat))
        refused(await list(userAppId, stranger.pat), StatusCode.CONN_DOES_NOT_EXIST)
        const write = await server.call('PostConcepts', { userAppId, concepts: [{ id: 'x' }] }, { key: invited.pat })
        refused(write, StatusCode.CONN_INSUFFICIENT_SCOPES, /Concepts_Add/)
        // A key for one of the invited's own apps does not carry the invitation.
        const own = await makeApp(server, 'own', { owner: invited })
        const key = await server.makeKey({ userPk: invited.pk, appPk: own.pk, kind: 'app_key' })
        refused(await list(userAppId, key), StatusCode.CONN_DOES_NOT_EXIST)
      })
    })

    test('an app that was renamed answers where it is now, to those who may see it', async () => {
      await makeApp(server, 'before')
      const renamed = await server.call('PatchAppsIds', {
        userAppId: { userId: 'me' },
        action: 'overwrite',
        ids: [{ id: 'before', newId: 'after' }],
      })
      succeeded(renamed)
      succeeded(await list({ userId: 'me', appId: 'after' }))
      const { status } = refused(await list({ userId: 'me', appId: 'before' }), StatusCode.MOVED)
      const redirect = status?.redirectInfo
      assert.deepEqual(
        [redirect?.url, redirect?.resourceType, redirect?.oldResourceId, redirect?.newResourceId],
        ['/v2/users/admin/apps/after', 'app', 'before', 'after'],
      )
      const curious = await server.makeUser('curious')
      refused(await list({ userId: 'admin', appId: 'before' }, curious.pat), StatusCode.CONN_DOES_NOT_EXIST)
      await makeApp(server, 'before')
      succeeded(await list({ userId: 'me', appId: 'before' }))
    })

    test('without a user, calls about the caller are about the caller and lists about everybody list everybody', async () => {
      assert.equal(succeeded(await server.call('GetUser', {})).user?.id, 'admin')
      assert.ok(succeeded(await server.call('ListModels', {})).models.some((model) => model.userId === 'clarifai'))
      succeeded(await server.call('ListKeys', {}))
    })
  })

  describe('one after the other', () => {
    test('the stages have their order', () => {
      assert.deepEqual(
        STAGES.map((stage) => stage.name),
        ['authenticate', 'scopes', 'resolve', 'validate', 'quota'],
      )
    })

    test('a call that breaks several rules is refused by the first', async () => {
      const call = (key: string, userAppId: object, perPage: number) =>
        server.call('ListConcepts', { userAppId, perPage }, { key })
      const weak = await limited('Predict')
      const nowhere = { userId: 'me', appId: 'absent' }
      refused(await call(UNKNOWN, nowhere, 9999), StatusCode.CONN_KEY_NOT_FOUND)
      refused(await call(weak, nowhere, 9999), StatusCode.CONN_INSUFFICIENT_SCOPES)
      refused(await call(server.admin.pat, nowhere, 9999), StatusCode.CONN_DOES_NOT_EXIST)
      refused(await call(server.admin.pat, zoo.userAppId, 9999), StatusCode.CONN_INVALID_REQUEST, /1000/)
    })
  })

  describe('rate limit', () => {
    test('calls beyond it are refused, each key for itself, and refused calls before it do not count', async () => {
      let now = 1e15
      const clock: Clock = { now: () => now++ }
      await using limitedServer = await startTestServer({ settings: { rateLimit: '3' }, overrides: { clock } })
      const call = (perPage = 0, key?: string) => limitedServer.call('ListApps', { perPage }, { key })
      for (let i = 0; i < 5; i++) refused(await call(9999), StatusCode.CONN_INVALID_REQUEST)
      for (let i = 0; i < 3; i++) succeeded(await call())
      const { status } = refused(await call(), StatusCode.CONN_THROTTLED)
      assert.equal(status?.details, 'exceeded limit of 3 requests per second')
      const other = await limitedServer.makeUser('other')
      succeeded(await call(0, other.pat))
      now += 1e6
      succeeded(await call())
      // Calls without a key have no key to count them by.
      for (let i = 0; i < 5; i++) succeeded(await limitedServer.call('ListStatusCodes', {}, { key: null }))
    })
  })

  describe('answers', () => {
    test('each has its own request id, after the prefix that the client asks for', async () => {
      const id = async (prefix?: string) => {
        const headers: Record<string, string> = prefix === undefined ? {} : { 'x-clarifai-request-id-prefix': prefix }
        return (await server.call('ListStatusCodes', {}, { headers })).status?.reqId ?? ''
      }
      assert.match(await id(), /^[0-9a-f]{32}$/)
      assert.notEqual(await id(), await id())
      assert.match(await id('sdk-python-12.5.0'), /^sdk-python-12\.5\.0-[0-9a-f]{32}$/)
      for (const bad of ['', 'two words', 'new\nline', '<script>', 'x'.repeat(65)]) {
        assert.match(await id(bad), /^[0-9a-f]{32}$/, JSON.stringify(bad))
      }
      const refusal = await server.call(
        'ListConcepts',
        {},
        { key: null, headers: { 'x-clarifai-request-id-prefix': 'p' } },
      )
      assert.match(refusal.status?.reqId ?? '', /^p-[0-9a-f]{32}$/)
    })

    test('a refusal is the message of the RPC with an empty list', async () => {
      const refusal = await list(zoo.userAppId, UNKNOWN)
      assert.equal(refusal.$typeName, 'clarifai.api.MultiConceptResponse')
      assert.deepEqual(refusal.concepts, [])
    })

    /** Calls an RPC whose handler is replaced; tells what came back, what was logged and what observers heard. */
    async function callWith(
      handler: AnyHandler,
      signal = new AbortController().signal,
      name: RpcName = 'ListStatusCodes',
    ) {
      const logged: { fields: object; message?: string }[] = []
      const log: Log = { ...silentLog, error: (fields, message) => logged.push({ fields, message }) }
      const observed: StatusCode[] = []
      const dispatcher = createDispatcher(
        { ...registry, [name]: handler } as Registry,
        { ...server.services, log },
        (_call, code) => observed.push(code),
      )
      const method = methodInfo(name)
      const header = () => undefined
      const call = { method, transport: 'http', header, remoteAddress: '', signal } as const
      const response = (await dispatcher.unary(call, create(method.input))) as Response
      return { response, status: response.status!, logged, observed }
    }

    test('what nobody meant to throw is logged whole and told in general words', async () => {
      for (const thrown of [new Error('password is hunter2'), 'hunter2', { hunter2: true }, null, undefined]) {
        const { response, status, logged, observed } = await callWith(() => {
          throw thrown
        })
        assert.equal(status.code, StatusCode.INTERNAL_UNCATEGORIZED)
        assert.ok(!JSON.stringify(response).includes('hunter2'))
        assert.deepEqual([status.stackTrace, status.internalDetails, status.developerNotes], [[], '', ''])
        assert.equal(logged.length, 1)
        assert.deepEqual(logged[0]?.fields, { err: thrown, requestId: status.reqId, code: status.code })
        assert.deepEqual(observed, [StatusCode.INTERNAL_UNCATEGORIZED])
      }
    })

    test('an error meant for the caller is told, its cause only logged', async () => {
      const cause = new Error('disk /dev/sda1')
      const { response, status, logged } = await callWith(async () => {
        throw new AppError(StatusCode.INTERNAL_DATABASE_ISSUE, 'Try again later.', { cause })
      })
      assert.deepEqual([status.code, status.details], [StatusCode.INTERNAL_DATABASE_ISSUE, 'Try again later.'])
      assert.ok(!JSON.stringify(response).includes('sda1'))
      assert.deepEqual(
        logged.map(({ fields }) => (fields as { err: Error }).err.cause),
        [cause],
      )
      const quiet = await callWith(() => {
        throw new AppError(StatusCode.CONN_INVALID_REQUEST, 'No.')
      })
      assert.deepEqual([quiet.status.details, quiet.logged.length], ['No.', 0])
    })

    test('what breaks because the client has gone or the time is up is neither an error of ours nor logged', async () => {
      const broken: AnyHandler = () => {
        throw new Error('socket closed')
      }
      const gone = await callWith(broken, AbortSignal.abort())
      assert.equal(gone.status.code, StatusCode.REQUEST_CANCELED_BY_USER)
      const late = await callWith(broken, AbortSignal.abort(new DOMException('', 'TimeoutError')))
      assert.equal(late.status.code, StatusCode.RPC_REQUEST_TIMEOUT)
      assert.deepEqual([gone.logged, late.logged], [[], []])
    })

    test('an RPC that is not built says so', async () => {
      const { status } = await callWith(NOT_BUILT as never)
      assert.equal(status.code, StatusCode.NOT_IMPLEMENTED)
      assert.match(status.details, /ListStatusCodes is not built/)
    })

    test('a stream is admitted by its first message and ends with the error that broke it', async () => {
      const handler = async function* () {
        yield {}
        yield { status: { code: StatusCode.MIXED_STATUS } }
        throw new AppError(StatusCode.MODEL_PREDICTION_FAILED, 'Half way.')
      }
      const observed: StatusCode[] = []
      const streaming = { ...registry, GenerateModelOutputs: handler } as unknown as Registry
      const dispatcher = createDispatcher(streaming, server.services, (_call, code) => observed.push(code))
      const method = methodInfo('GenerateModelOutputs')
      const run = async (key: string, ...requests: Record<string, unknown>[]) => {
        const header = (name: string) => (name === 'authorization' ? `Key ${key}` : undefined)
        const { signal } = new AbortController()
        const call = { method, transport: 'grpc', header, remoteAddress: '', signal } as const
        const messages = async function* () {
          for (const request of requests) yield create(method.input, request)
        }
        const answers = (await Array.fromAsync(dispatcher.stream(call, messages()))) as Response[]
        assert.equal(new Set(answers.map((answer) => answer.status?.reqId)).size, 1)
        return answers.map((answer) => answer.status?.code)
      }
      const { SUCCESS, MIXED_STATUS, MODEL_PREDICTION_FAILED } = StatusCode
      assert.deepEqual(await run(appKey, {}), [SUCCESS, MIXED_STATUS, MODEL_PREDICTION_FAILED])
      assert.deepEqual(await run(UNKNOWN, {}), [StatusCode.CONN_KEY_NOT_FOUND])
      assert.deepEqual(await run(appKey), [StatusCode.CONN_INVALID_REQUEST])
      const refusals = [StatusCode.CONN_KEY_NOT_FOUND, StatusCode.CONN_INVALID_REQUEST]
      assert.deepEqual(observed, [MODEL_PREDICTION_FAILED, ...refusals])
    })

    test('a status that the handler sets is kept and completed', async () => {
      const { status, observed } = await callWith(() => ({
        status: { code: StatusCode.MIXED_STATUS, details: 'half' },
      }))
      assert.deepEqual([status.code, status.description, status.details], [10010, 'Mixed Success', 'half'])
      assert.match(status.reqId, /^[0-9a-f]{32}$/)
      assert.deepEqual(observed, [StatusCode.MIXED_STATUS])
    })
  })
})
