import { getResourceCountsRpc } from './GetResourceCounts.ts'
import { getStatusCodeRpc } from './GetStatusCode.ts'
import { listOpenSourceLicensesRpc } from './ListOpenSourceLicenses.ts'
import { listStatusCodesRpc } from './ListStatusCodes.ts'

/** What the server says about itself and about what it holds. */
export const systemFamily = {
  ...getResourceCountsRpc,
  ...getStatusCodeRpc,
  ...listOpenSourceLicensesRpc,
  ...listStatusCodesRpc,
}
