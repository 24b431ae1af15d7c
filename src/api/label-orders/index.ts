import { StatusCode } from '../../contract/status-code.ts'
import { requireTeam } from '../../domain/access/target.ts'
import { postLabelOrders } from '../../domain/label-orders/post.ts'
import { labelOrders } from '../../domain/label-orders/resource.ts'
import { bindResource, checkBatch } from '../define/bind.ts'
import type { Registry } from '../define/rpc.ts'

type Rpcs = 'PostLabelOrders' | 'GetLabelOrder' | 'ListLabelOrders' | 'PatchLabelOrders' | 'DeleteLabelOrders'

const order = { kind: 'label order', codes: { invalid: StatusCode.CONN_INVALID_REQUEST } } as const

/** Label orders: ordered tasks of labelling. */
export const labelOrderFamily: Pick<Registry, Rpcs> = {
  ...bindResource(
    labelOrders,
    {
      get: 'GetLabelOrder',
      list: 'ListLabelOrders',
      patch: 'PatchLabelOrders',
      remove: 'DeleteLabelOrders',
    },
    // An order shows its task, whoever may see that.
    { parent: (call) => requireTeam(call.target) },
  ),

  PostLabelOrders: async (request, call) => ({
    labelOrders: await postLabelOrders(call, checkBatch(order, request.labelOrders)),
  }),
}
