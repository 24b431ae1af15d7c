import { TaskReview_TaskReviewStrategy as Review, TaskSchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { tasks } from '../../store/repos/families.ts'
import { assignmentsAfter } from '../../store/repos/task-assignments.ts'
import { approvedEnough } from '../../store/repos/task-reviews.ts'
import type { LabelPlace } from '../annotations/concepts.ts'
import { labelPlace } from '../inputs/caller.ts'
import { callInApp } from '../inputs/process/call.ts'
import { defineJob } from '../jobs/define.ts'
import { judgeInput } from './consensus.ts'
import { carryOut } from './decide.ts'
import type { StoredTask } from './find.ts'
import { JUDGED_TOGETHER, REVIEWED_TOGETHER } from './limits.ts'
import { everyReviewer } from './review-rules.ts'

interface Args {
  readonly taskPk: number
}

/** The last assignment on which it has looked whether labelers agree. */
interface State {
  readonly judged: number
}

/**
 * Decides what the review of a task, after it was changed, asks no more about: inputs on which enough labelers agree now,
 * and assignments that all who are still to approve have approved.
 */
export const settleReviewsJob = defineJob<Args, State>({
  kind: 'settle-reviews',
  async run({ id, args, appPk, services, signal, log, checkpoint, ...context }) {
    const call = await callInApp(services, appPk!, { requestId: id, signal, log })
    if (!call) return
    const place = await labelPlace(call)
    let { judged } = context.state ?? { judged: 0 }
    let { done } = context
    for (let over = false; !over; ) {
      signal.throwIfAborted()
      let part = { judged, count: 0 }
      await checkpoint(async (tx) => {
        const row = await tasks.getByPk(tx, args.taskPk)
        over = !row
        if (!row) return undefined
        const stored = { row, task: { ...decodeDoc(TaskSchema, row.doc), id: row.id } }
        const now = services.clock.now()
        part = await judgePart(tx, place, stored, judged, now)
        if (part.count === 0) part.count = await approvePart(tx, stored, now)
        over = part.count === 0
        return { state: { judged: part.judged }, done: done + part.count }
      })
      judged = part.judged
      done += part.count
    }
  },
})

async function judgePart(tx: Writer, place: LabelPlace, stored: StoredTask, judged: number, now: number) {
  if (stored.task.review?.strategy !== Review.CONSENSUS) return { judged, count: 0 }
  const waiting = StatusCode.TASK_ASSIGNMENT_AWAITING_CONSENSUS_REVIEW
  const next = await assignmentsAfter(tx, stored.row.pk, waiting, judged, JUDGED_TOGETHER)
  for (const inputPk of new Set(next.map(({ input_pk }) => input_pk))) await judgeInput(tx, place, stored, inputPk, now)
  return { judged: next.at(-1)?.pk ?? judged, count: next.length }
}

async function approvePart(tx: Writer, stored: StoredTask, now: number): Promise<number> {
  const approved = await approvedEnough(tx, stored.row.pk, everyReviewer(stored.task), REVIEWED_TOGETHER)
  await carryOut(tx, stored, 'approve', approved, now)
  return approved.length
}
