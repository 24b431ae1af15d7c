import {
  cancelOperations,
  deleteOperations,
  getOperation,
  listOperations,
  postOperations,
} from '../../domain/bulk-operations/operations.ts'
import { readPage } from '../../domain/resource/paging.ts'
import type { Registry } from '../define/rpc.ts'

type Rpcs =
  | 'PostBulkOperations'
  | 'ListBulkOperations'
  | 'GetBulkOperation'
  | 'CancelBulkOperations'
  | 'DeleteBulkOperations'

/** Changes of many inputs at once, done in the background. */
export const bulkOperationFamily: Pick<Registry, Rpcs> = {
  PostBulkOperations: async ({ bulkOperations }, call) => ({
    bulkOperation: await postOperations(call, bulkOperations),
  }),
  ListBulkOperations: async (request, call) => ({ bulkOperation: await listOperations(call, readPage(request)) }),
  GetBulkOperation: async ({ id }, call) => ({ bulkOperation: await getOperation(call, id) }),
  CancelBulkOperations: async ({ ids }, call) => ({ bulkOperation: await cancelOperations(call, ids) }),
  DeleteBulkOperations: async ({ ids }, call) => {
    await deleteOperations(call, ids)
    return {}
  },
}
