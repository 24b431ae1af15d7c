import { requireApp } from '../../domain/access/target.ts'
import { listModules } from '../../domain/modules/list.ts'
import { patchModules } from '../../domain/modules/patch.ts'
import { modules } from '../../domain/modules/resource.ts'
import { bindResource, checkBatch } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'

const standard = bindResource(
  modules,
  { get: 'GetModule', create: 'PostModules', remove: 'DeleteModules' },
  { parent: (call) => requireApp(call.target) },
)

const bespoke: Pick<Registry, 'ListModules' | 'PatchModules'> = {
  ListModules: async (request, call) => ({ modules: await listModules(call, request) }),

  PatchModules: async (request, call) => ({
    modules: await patchModules(call, checkBatch(modules, request.modules), request.action),
  }),
}

/** Modules themselves. */
export const moduleRpcs = { ...standard, ...bespoke }
