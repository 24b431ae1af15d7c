import type { Status } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { itemStatus } from '../predict/answer.ts'

/** Status of a call from those of its items, of which `good` have this status: absent when all have. */
export function batchStatus(items: readonly { readonly status?: Status }[], good: StatusCode): Status | undefined {
  const bad = items.filter(({ status }) => status?.code !== good)
  const [first] = bad
  if (!first) return undefined
  const code = bad.length === items.length ? StatusCode.FAILURE : StatusCode.MIXED_STATUS
  return itemStatus(code, first.status?.details || first.status?.description)
}
