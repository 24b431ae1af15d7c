import { StatusCode } from '../../contract/status-code.ts'
import { itemStatus } from '../../domain/predict/answer.ts'
import { nextItems, takeOutputs } from '../../domain/runners/items.ts'
import { processItems } from '../../domain/runners/process.ts'
import type { Registry } from '../define/rpc.ts'

type Rpcs = 'ListRunnerItems' | 'PostRunnerItemOutputs' | 'ProcessRunnerItems'

/** The work of runners: call by call, or in one stream. */
export const runnerItemRpcs: Pick<Registry, Rpcs> = {
  ListRunnerItems: async (request, call) => {
    const runnerItems = await nextItems(call, request)
    if (runnerItems.length === 0) {
      return { status: itemStatus(StatusCode.RUNNER_NEEDS_RETRY, 'There is no work at the moment; ask again.') }
    }
    // Clients that know no nodepools look for them under the name of their contract.
    return request.nodepoolId === '' ? { runnerItems, items: runnerItems } : { runnerItems }
  },

  PostRunnerItemOutputs: async (request, call) => {
    await takeOutputs(call, request)
    return {}
  },

  ProcessRunnerItems: (requests, call) => processItems(call, requests),
}
