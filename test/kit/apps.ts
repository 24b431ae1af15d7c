import assert from 'node:assert/strict'
import type { Status } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import { Visible } from '../../src/domain/access/target.ts'
import type { TestServer, TestUser } from './server.ts'

/** An app of a user with a key for all of it. */
export interface TestApp {
  readonly userAppId: { readonly userId: string; readonly appId: string }
  readonly pk: number
  readonly owner: TestUser
}

/** Makes an app through the API; the owner is the first user unless said. */
export async function makeApp(
  server: TestServer,
  id: string,
  options: { readonly owner?: TestUser; readonly visibility?: number; readonly language?: string } = {},
): Promise<TestApp> {
  const owner = options.owner ?? server.admin
  const visibility = { gettable: options.visibility ?? Visible.PRIVATE }
  const made = await server.call(
    'PostApps',
    { userAppId: { userId: owner.id }, apps: [{ id, visibility, defaultLanguage: options.language ?? 'en' }] },
    { key: owner.pat },
  )
  succeeded(made)
  const row = await server.services.directory.app(owner.pk, id)
  return { userAppId: { userId: owner.id, appId: id }, pk: row!.pk, owner }
}

/** Fails the test unless the response says success; returns it. */
export function succeeded<R extends { status?: Status }>(response: R): R {
  assert.equal(response.status?.code, StatusCode.SUCCESS, response.status?.details)
  return response
}

/** Fails the test unless the response is refused with this code and its details match. */
export function refused<R extends { status?: Status }>(response: R, code: StatusCode, details?: RegExp): R {
  assert.equal(StatusCode[response.status?.code ?? 0], StatusCode[code], response.status?.details)
  if (details) assert.match(response.status?.details ?? '', details)
  return response
}
