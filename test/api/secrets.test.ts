import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, test } from 'node:test'
import type { JsonObject } from '@bufbuild/protobuf'
import { silentLog } from '../../src/base/log.ts'
import { Vault } from '../../src/base/vault.ts'
import type { RunnerItem } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { sealStored } from '../../src/domain/models/stored-secrets.ts'
import { contextOf } from '../../src/domain/secrets/resource.ts'
import { makeApp, refused, succeeded, type TestApp } from '../kit/apps.ts'
import { startOnEngine } from '../kit/on-engine.ts'
import { makeServed, said, TestRunner } from '../kit/runners.ts'
import type { TestServer, TestUser } from '../kit/server.ts'
import { onEachEngine } from '../store/kit.ts'

onEachEngine('secrets', (engine) => {
  let server: TestServer
  let bob: TestUser
  let app: TestApp
  const keys = [randomBytes(32)]
  const mine = { userId: 'me' }

  before(async () => {
    server = await startOnEngine(engine, { overrides: { vault: new Vault(keys) } })
    bob = await server.makeUser('bob', 50)
    app = await makeApp(server, 'home')
  })
  after(() => server[Symbol.asyncDispose]())

  const post = (...secrets: object[]) => server.call('PostSecrets', { userAppId: mine, secrets })
  const get = (id: string, key?: string) =>
    server.call('GetSecret', { userAppId: { userId: 'admin' }, id }, key ? { key } : {})
  const patch = (secret: object, action = 'merge') =>
    server.call('PatchSecrets', { userAppId: mine, secret: [secret], action })
  const rowOf = (id: string) =>
    server.services.db.read.selectFrom('secrets').selectAll().where('id', '=', id).executeTakeFirstOrThrow()

  test('are stored encrypted and their values never answered', async () => {
    const made = succeeded(await post({ id: 'TOKEN', value: 'hf_plain', description: 'for the hub' })).secrets[0]!
    assert.deepEqual([made.id, made.value, made.version, made.userId], ['TOKEN', '', 1, 'admin'])
    assert.doesNotMatch(JSON.stringify(await rowOf('TOKEN')), /hf_plain/)
    assert.deepEqual(succeeded(await get('TOKEN')).secret, made)
    const list = succeeded(await server.call('ListSecrets', { userAppId: mine })).secrets
    assert.deepEqual(list, [made])
    refused(await post({ id: 'TOKEN', value: 'x' }), StatusCode.DATABASE_DUPLICATE_KEY)
    refused(await post({ id: 'EMPTY' }), StatusCode.CONN_INVALID_REQUEST, /no value/)
    refused(await post({ id: 'a b', value: 'x' }), StatusCode.CONN_INVALID_REQUEST)
    refused(await get('TOKEN', bob.pat), StatusCode.CONN_DOES_NOT_EXIST)
  })

  test('may expire centuries from now', async () => {
    const expiresAt = { seconds: 253_402_300_799n, nanos: 0 }
    succeeded(await post({ id: 'LASTING', value: 'x', expiresAt }))
    assert.equal(succeeded(await get('LASTING')).secret?.expiresAt?.seconds, expiresAt.seconds)
    succeeded(await server.call('DeleteSecrets', { userAppId: mine, ids: ['LASTING'] }))
  })

  test('a patch with a value makes a new version, one without does not', async () => {
    succeeded(await post({ id: 'PATCHED', value: 'one' }))
    const before = await rowOf('PATCHED')
    const described = succeeded(await patch({ id: 'PATCHED', description: 'now' })).secrets[0]!
    assert.deepEqual([described.version, described.description], [1, 'now'])
    assert.equal((await rowOf('PATCHED')).sealed, before.sealed)
    const renewed = succeeded(await patch({ id: 'PATCHED', value: 'two' })).secrets[0]!
    assert.deepEqual([renewed.version, renewed.description, renewed.value], [2, 'now', ''])
    const { sealed, user_pk } = await rowOf('PATCHED')
    assert.equal(new Vault(keys).open(sealed, contextOf(user_pk, 'PATCHED')), 'two')
    refused(await patch({ id: 'NOTHING', value: 'x' }), StatusCode.CONN_DOES_NOT_EXIST)
    succeeded(await server.call('DeleteSecrets', { userAppId: mine, ids: ['PATCHED'] }))
    refused(await get('PATCHED'), StatusCode.CONN_DOES_NOT_EXIST)
  })

  test('are sealed anew when the key is changed', async () => {
    succeeded(await post({ id: 'ROTATED', value: 'kept' }))
    const newest = randomBytes(32)
    await sealStored(server.services.db, new Vault([newest, ...keys]), silentLog)
    const { sealed, user_pk } = await rowOf('ROTATED')
    assert.equal(new Vault([newest]).open(sealed, contextOf(user_pk, 'ROTATED')), 'kept')
    await sealStored(server.services.db, new Vault([...keys, newest]), silentLog)
  })

  test('reach runners of the owner by what the version names, not by what a call names', async () => {
    const named: JsonObject = { secrets: [{ id: 'API_KEY', env_var: 'KEY' }, { id: 'MISSING' }] }
    succeeded(await post({ id: 'API_KEY', value: 'sk-1' }, { id: 'OTHER', value: 'sk-2' }))
    await makeServed(server, app, 'keyed', { outputInfo: { params: named } }, 'any-to-any')
    const worker = { worker: { case: 'model' as const, value: { ...app.userAppId, id: 'keyed' } } }
    const made = await server.call('PostRunners', { userAppId: mine, runners: [{ worker }] })
    const runner = new TestRunner(server, succeeded(made).runners[0]!.id, server.admin.pat)
    const stolen = { secrets: [{ id: 'OTHER', env_var: 'KEY' }] }
    const versions = [{ params: { more: 1 } }, { params: stolen }]
    const models = [
      ...versions.map((outputInfo) => ({ modelVersion: { outputInfo } })),
      { outputInfo: { params: stolen } },
    ]
    for (const model of models) {
      const answer = server.call('PostModelOutputs', {
        userAppId: app.userAppId,
        modelId: 'keyed',
        inputs: [{ data: { text: { raw: 'a' } } }],
        model,
      })
      const item = await runner.item()
      assert.deepEqual(secretsOf(item), [
        { id: 'API_KEY', env_var: 'KEY', secret_type: 'req', value: 'sk-1' },
        { id: 'MISSING' },
      ])
      await runner.send(item, said('A'))
      assert.doesNotMatch(JSON.stringify(succeeded(await answer).outputs.map(({ model }) => model?.id)), /sk-/)
    }
    runner.end()
  })

  test('are not brought to runners by nodes of workflows, neither those of the version nor others', async () => {
    await makeServed(server, app, 'noded', { outputInfo: { params: { secrets: [{ id: 'TOKEN' }], kept: 1 } } })
    const worker = { worker: { case: 'model' as const, value: { ...app.userAppId, id: 'noded' } } }
    const made = await server.call('PostRunners', { userAppId: mine, runners: [{ worker }] })
    const runner = new TestRunner(server, succeeded(made).runners[0]!.id, server.admin.pat)
    const slipped = { secrets: [{ id: 'X', env_var: 'PATH', secret_type: 'req', value: '/evil' }] }
    const nodes = [
      { id: 'plain', model: { id: 'noded' } },
      { id: 'slipping', model: { id: 'noded' }, outputInfoOverride: { params: slipped } },
    ]
    const workflows = [{ id: 'nodes', nodes }]
    succeeded(await server.call('PostWorkflows', { userAppId: app.userAppId, workflows }))
    const answer = server.call('PostWorkflowResults', {
      userAppId: app.userAppId,
      workflowId: 'nodes',
      inputs: [{ data: { text: { raw: 'a' } } }],
    })
    for (const _ of nodes) {
      const item = await runner.item()
      assert.deepEqual(secretsOf(item), undefined)
      assert.equal(paramsOf(item)?.kept, 1)
      await runner.send(item, said('A'))
    }
    succeeded(await answer)
    runner.end()
  })
})

function paramsOf({ request }: RunnerItem): JsonObject | undefined {
  assert.ok(request.case === 'postModelOutputsRequest')
  const { model } = request.value
  assert.equal(model?.outputInfo?.params?.secrets, undefined)
  return model?.modelVersion?.outputInfo?.params
}

const secretsOf = (item: RunnerItem) => paramsOf(item)?.secrets
