import { requireApp } from '../../domain/access/target.ts'
import { listModules } from '../../domain/modules/list.ts'
import { modules } from '../../domain/modules/resource.ts'
import { bindResource } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'

const standard = bindResource(
  modules,
  { get: 'GetModule', create: 'PostModules', patch: 'PatchModules', remove: 'DeleteModules' },
  { parent: (call) => requireApp(call.target) },
)

const bespoke: Pick<Registry, 'ListModules'> = {
  ListModules: async (request, call) => ({ modules: await listModules(call, request) }),
}

/** Modules themselves. */
export const moduleRpcs = { ...standard, ...bespoke }
