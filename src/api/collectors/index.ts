import { requireApp } from '../../domain/access/target.ts'
import { collectors } from '../../domain/collectors/resource.ts'
import { bindResource } from '../define/bind.ts'

/** Collectors: which predictions of others become inputs of the app. */
export const collectorFamily = bindResource(
  collectors,
  {
    list: 'ListCollectors',
    get: 'GetCollector',
    create: 'PostCollectors',
    patch: 'PatchCollectors',
    remove: 'DeleteCollectors',
  },
  { parent: (call) => requireApp(call.target) },
)
