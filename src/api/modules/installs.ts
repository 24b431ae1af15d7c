import { requireApp, visibleFrom } from '../../domain/access/target.ts'
import { installs, makeInstallKey } from '../../domain/modules/installs.ts'
import { findRow } from '../../domain/resource/verbs.ts'
import { bindResource } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'

const standard = bindResource(
  installs,
  {
    list: 'ListInstalledModuleVersions',
    get: 'GetInstalledModuleVersion',
    create: 'PostInstalledModuleVersions',
    remove: 'DeleteInstalledModuleVersions',
  },
  {
    parent: (call) => requireApp(call.target),
    listQuery: (_request, { target }) => ({ where: (row) => row('visibility', '>=', visibleFrom(target)) }),
  },
)

const bespoke: Pick<Registry, 'PostInstalledModuleVersionsKey'> = {
  PostInstalledModuleVersionsKey: async (request, call) => {
    const app = requireApp(call.target)
    const row = await findRow(installs, call.services.db.read, app, request.installedModuleVersionId, call)
    return { key: await makeInstallKey(call, row) }
  },
}

/** Module versions installed in apps, with the keys that callers make for them. */
export const installRpcs = { ...standard, ...bespoke }
