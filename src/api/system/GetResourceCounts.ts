import { requireApp, visibleFrom } from '../../domain/access/target.ts'
import { countResources } from '../../store/repos/app-contents.ts'
import type { UnaryHandler } from '../define/rpc.ts'

/** How much of each kind an app holds, as far as the caller sees it. */
export const getResourceCountsRpc = {
  GetResourceCounts: ((_request, call) =>
    countResources(
      call.services.db.read,
      requireApp(call.target).pk,
      visibleFrom(call.target),
    )) satisfies UnaryHandler<'GetResourceCounts'>,
}
