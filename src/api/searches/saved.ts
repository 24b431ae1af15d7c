import { AppError } from '../../base/errors.ts'
import type { Search } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { requireApp, visibleFrom } from '../../domain/access/target.ts'
import { patchMany } from '../../domain/resource/verbs.ts'
import { searches } from '../../domain/search/saved.ts'
import { bindResource, checkBatch } from '../define/bind.ts'
import type { Call, Registry } from '../define/rpc.ts'

const verbs = bindResource(
  searches,
  { list: 'ListSearches', get: 'GetSearch', patch: 'PatchSearches' },
  {
    parent: (call) => requireApp(call.target),
    idField: 'id',
    listQuery: (_request, { target }) => ({ where: (row) => row('visibility', '>=', visibleFrom(target)) }),
  },
)

type Rpcs = keyof typeof verbs | 'PatchInputsSearches' | 'PatchAnnotationsSearches' | 'DeleteSearch'

/** Saved searches; they are one set, whichever of the paths they were saved by. */
export const savedSearchRpcs: Pick<Registry, Rpcs> = {
  ...verbs,
  PatchInputsSearches: (request, call) => patched(request.searches, request.action, call),
  PatchAnnotationsSearches: (request, call) => patched(request.searches, request.action, call),
  DeleteSearch: async ({ id }, call) => {
    const app = requireApp(call.target)
    const removed = await call.services.db.transact((tx) => searches.rows.deleteMany(tx, app.pk, [id]))
    if (removed.length === 0) {
      throw new AppError(StatusCode.CONN_DOES_NOT_EXIST, `There is no saved search '${id}'; list those that exist.`)
    }
    return {}
  },
}

async function patched(items: readonly Search[], action: string, call: Call): Promise<{ searches: Search[] }> {
  return {
    searches: await patchMany(searches, call, requireApp(call.target), checkBatch(searches, items), action),
  }
}
