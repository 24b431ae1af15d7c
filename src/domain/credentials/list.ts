import { AppError } from '../../base/errors.ts'
import type { Key, ListKeysRequest } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { type KeyFilter, listKeys } from '../../store/repos/credentials.ts'
import type { AppRef, UserRef } from '../access/principal.ts'
import { parseScopes, scopeName } from '../access/scopes.ts'
import type { Call } from '../call.ts'
import type { PageWindow } from '../resource/paging.ts'
import { keyKind, presentKey } from './present.ts'

/** Most scopes and endpoints that one list may be narrowed by. */
const FILTER_NAMES_MAX = 32

/** One page of a user's keys, newest first, of all apps and tokens together. */
export async function listUserKeys(
  call: Call,
  user: UserRef,
  request: ListKeysRequest,
  window: PageWindow,
): Promise<Key[]> {
  if (request.scopes.length + request.endpoints.length > FILTER_NAMES_MAX) {
    throw new AppError(
      StatusCode.CONN_INVALID_REQUEST,
      `The list is narrowed by too many names; use at most ${FILTER_NAMES_MAX} scopes and endpoints.`,
    )
  }
  const { scopes, endpoints } = parseScopes(request.scopes, request.endpoints)
  return page(call, user, window, {
    kind: request.type === '' ? undefined : keyKind(request.type),
    goodAt: request.notExpired ? call.services.clock.now() : undefined,
    scopes: [...scopes].map(scopeName),
    endpoints: [...endpoints],
  })
}

/** One page of the keys that are bound to an app, newest first. */
export async function listAppKeys(call: Call, user: UserRef, app: AppRef, window: PageWindow): Promise<Key[]> {
  return page(call, user, window, { appPk: app.pk })
}

async function page(call: Call, user: UserRef, window: PageWindow, filter: Omit<KeyFilter, 'userPk'>): Promise<Key[]> {
  const rows = await listKeys(call.services.db.read, { userPk: user.pk, ...filter }, window)
  return rows.map((row) => presentKey(row, user))
}
