import { StatusCode } from '../../contract/status-code.ts'
import { requireApp, requireOwner } from '../../domain/access/target.ts'
import { createKeys, deleteKey, patchKeys, requireKey } from '../../domain/credentials/keys.ts'
import { listAppKeys, listUserKeys } from '../../domain/credentials/list.ts'
import { presentKey } from '../../domain/credentials/present.ts'
import { readPage } from '../../domain/resource/paging.ts'
import { checkBatch } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'

type Rpcs = 'PostKeys' | 'ListKeys' | 'ListAppKeys' | 'GetKey' | 'PatchKeys' | 'DeleteKey'

const batch = { kind: 'key', codes: { invalid: StatusCode.CONN_INVALID_REQUEST } }

/**
 * Keys of the calling user. PostKeys answers the secret as `id`, once; every other answer has the public id there,
 * and calls that take a key id accept either. See docs/decisions/0003-key-ids.md.
 */
export const keyFamily: Pick<Registry, Rpcs> = {
  PostKeys: async (request, call) => ({
    keys: await createKeys(call, requireOwner(call.target), checkBatch(batch, request.keys)),
  }),

  ListKeys: async (request, call) => ({
    keys: await listUserKeys(call, requireOwner(call.target), request, readPage(request)),
  }),

  ListAppKeys: async (request, call) => ({
    keys: await listAppKeys(call, requireOwner(call.target), requireApp(call.target), readPage(request)),
  }),

  GetKey: async (request, call) => {
    const user = requireOwner(call.target)
    return { key: presentKey(await requireKey(call.services.db.read, user, request.keyId), user) }
  },

  PatchKeys: async (request, call) => ({
    keys: await patchKeys(call, requireOwner(call.target), checkBatch(batch, request.keys), request.action),
  }),

  DeleteKey: async (request, call) => {
    await deleteKey(call, requireOwner(call.target), request.keyId)
    return {}
  },
}
