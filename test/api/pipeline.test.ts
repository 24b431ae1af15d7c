import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusCode } from '../../src/contract/status-code.ts'
import { startTestServer } from '../kit/server.ts'

test('an unknown key, a missing app and an unbuilt RPC are told apart', async () => {
  await using server = await startTestServer()
  const unknown = await server.call('ListConcepts', {}, { key: 'f'.repeat(32) })
  assert.equal(unknown.status?.code, StatusCode.CONN_KEY_NOT_FOUND)
  const noApp = await server.call('ListConcepts', {})
  assert.equal(noApp.status?.details, 'Must provide app external ID in API authorizer')
  const absent = await server.call('ListConcepts', { userAppId: { userId: 'me', appId: 'nope' } })
  assert.equal(absent.status?.code, StatusCode.CONN_DOES_NOT_EXIST)
  const unbuilt = await server.call('PostTasks', { userAppId: { appId: 'nope' } })
  assert.equal(unbuilt.status?.code, StatusCode.CONN_DOES_NOT_EXIST)
})
