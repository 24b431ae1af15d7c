import { visibleFrom } from '../../domain/access/target.ts'
import { findModule } from '../../domain/modules/list.ts'
import { moduleVersions, refuseUnapproved } from '../../domain/modules/versions.ts'
import { createMany, findRow, patchMany } from '../../domain/resource/verbs.ts'
import { countInstalls } from '../../store/repos/modules.ts'
import { bindResource, checkBatch } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'

const standard = bindResource(
  moduleVersions,
  { list: 'ListModuleVersions', get: 'GetModuleVersion', remove: 'DeleteModuleVersions' },
  {
    parent: (call, request) => findModule(call, request.moduleId as string),
    listQuery: (_request, { target }) => ({ where: (row) => row('visibility', '>=', visibleFrom(target)) }),
  },
)

const bespoke: Pick<Registry, 'PostModuleVersions' | 'PatchModuleVersions' | 'GetModuleVersionUsageCount'> = {
  PostModuleVersions: async (request, call) => {
    const module = await findModule(call, request.moduleId)
    const wanted = checkBatch(moduleVersions, request.moduleVersions)
    await refuseUnapproved(call, module, wanted)
    return { moduleVersions: await createMany(moduleVersions, call, module, wanted) }
  },

  PatchModuleVersions: async (request, call) => {
    const module = await findModule(call, request.moduleId)
    const patches = checkBatch(moduleVersions, request.moduleVersions)
    await refuseUnapproved(call, module, patches)
    return { moduleVersions: await patchMany(moduleVersions, call, module, patches, request.action) }
  },

  GetModuleVersionUsageCount: async (request, call) => {
    const { read } = call.services.db
    const module = await findModule(call, request.moduleId)
    const version = await findRow(moduleVersions, read, module, request.moduleVersionId, call)
    return { usageCount: await countInstalls(read, version.pk) }
  },
}

/** Versions of modules. */
export const moduleVersionRpcs = { ...standard, ...bespoke }
