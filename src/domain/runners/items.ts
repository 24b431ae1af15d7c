import { AppError } from '../../base/errors.ts'
import type { PostRunnerItemOutputsRequest, RunnerItem } from '../../contract/index.ts'
import type { RequestOf } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Call } from '../call.ts'
import { findRunner } from '../compute/runners.ts'
import { renewerOf } from './renew.ts'
import { runnerOf } from './work.ts'

/** Waits for work for a runner that asks call by call; nothing when there is none for a while. */
export async function nextItems(call: Call, request: RequestOf<'ListRunnerItems'>): Promise<RunnerItem[]> {
  const row = await findRunner(call, request, request.runnerId)
  const item = await call.services.runners.polls.next(runnerOf(row), renewerOf(call, row.pk), call.signal)
  return item ? [item.message()] : []
}

/** Takes what a runner has made of an item. Throws AppError 25607 when nobody waits for it any more. */
export async function takeOutputs(call: Call, request: PostRunnerItemOutputsRequest): Promise<void> {
  const { pk } = await findRunner(call, request, request.runnerId)
  const taken = await call.services.runners.polls.answer(pk, request)
  if (taken === 'taken') return
  if (taken === 'cancelled') {
    throw new AppError(StatusCode.RUNNER_ITEM_CANCELLED, 'Nobody waits for this item any more; ask for the next.')
  }
  const id = request.runnerItemId || request.itemId
  throw new AppError(
    StatusCode.CONN_DOES_NOT_EXIST,
    `The runner has no item '${id}': it was answered already, or took too long.`,
  )
}
