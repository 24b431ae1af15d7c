import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { statusText } from '../../src/base/status-text.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import { makeApp, refused, succeeded } from '../kit/apps.ts'
import { startTestServer, type TestServer } from '../kit/server.ts'

describe('status codes, licences and counts', () => {
  let server: TestServer

  before(async () => {
    server = await startTestServer()
  })
  after(() => server[Symbol.asyncDispose]())

  test('all status codes are listed once, in order, without a key', async () => {
    const { statuses } = succeeded(await server.call('ListStatusCodes', {}, { key: null }))
    const codes = statuses.map((status) => status.code)
    assert.ok(codes.length > 300)
    assert.deepEqual(
      codes,
      [...new Set(codes)].sort((a, b) => a - b),
    )
    assert.ok(codes.includes(StatusCode.SUCCESS) && !codes.includes(StatusCode.ZERO))
    for (const { code, description } of statuses) assert.equal(description, statusText(code))
  })

  test('one status code is answered as the status itself', async () => {
    const get = (statusCodeId: string) => server.call('GetStatusCode', { statusCodeId }, { key: null })
    const found = (await get('21200')).status!
    assert.deepEqual([found.code, found.description, found.details], [21200, 'Model does not exist', ''])
    assert.match(found.reqId, /^[0-9a-f]{32}$/)
    for (const id of ['', '0', '1', '-1', '21200.0', 'SUCCESS', 'constructor', '9'.repeat(400)]) {
      const { details } = refused(await get(id), StatusCode.CONN_DOES_NOT_EXIST).status!
      assert.notEqual(details, '')
    }
  })

  test('licences are SPDX names, without a key', async () => {
    const { licenses } = succeeded(await server.call('ListOpenSourceLicenses', {}, { key: null }))
    assert.ok(licenses.length > 400)
    for (const name of ['Apache-2.0', 'MIT', 'GPL-3.0-only']) assert.ok(licenses.includes(name), name)
  })

  test('the resources of an app are counted; strangers count what they see', async () => {
    const app = await makeApp(server, 'zoo')
    const counts = async (key?: string) => {
      const { models, workflows, datasets, modules, inputs } = succeeded(
        await server.call('GetResourceCounts', { userAppId: app.userAppId }, { key }),
      )
      return [models, workflows, datasets, modules, inputs]
    }
    assert.deepEqual(await counts(), [0n, 1n, 0n, 0n, 0n])
    const model = { id: 'm', modelTypeId: 'visual-classifier' }
    succeeded(await server.call('PostModels', { userAppId: app.userAppId, models: [model] }))
    assert.deepEqual(await counts(), [1n, 1n, 0n, 0n, 0n])

    const stranger = await server.makeUser('stranger')
    const main = { userId: 'clarifai', appId: 'main' }
    const seen = succeeded(await server.call('GetResourceCounts', { userAppId: main }, { key: stranger.pat }))
    const all = await server.services.db.read
      .selectFrom('models')
      .innerJoin('apps', 'apps.pk', 'models.app_pk')
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where('apps.id', '=', 'main')
      .where('models.visibility', '>=', Visible.PUBLIC)
      .executeTakeFirstOrThrow()
    assert.equal(seen.models, BigInt(all.count))
    refused(
      await server.call('GetResourceCounts', { userAppId: app.userAppId }, { key: stranger.pat }),
      StatusCode.CONN_DOES_NOT_EXIST,
    )
    const key = await server.makeKey({ userPk: server.admin.pk, appPk: app.pk, kind: 'app_key', scopes: ['Apps_Get'] })
    refused(await server.call('GetResourceCounts', {}, { key }), StatusCode.CONN_INSUFFICIENT_SCOPES, /Datasets_Get/)
  })
})
