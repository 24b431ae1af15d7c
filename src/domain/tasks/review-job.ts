import { TaskSchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import { tasks } from '../../store/repos/families.ts'
import type { Reviewed } from '../../store/repos/task-reviews.ts'
import { defineJob } from '../jobs/define.ts'
import { decide, nextToDecide, type Verdict } from './decide.ts'
import { REVIEWED_TOGETHER } from './limits.ts'

interface Args {
  readonly taskPk: number
  readonly userId: string
  readonly workers: Reviewed
  readonly verdict: Verdict
  /** What comes later is not part of it. */
  readonly submittedBy: number
}

/** Goes on with a review of all work of some workers, part by part; what is decided is not found again. */
export const reviewTaskJob = defineJob<Args>({
  kind: 'review-task',
  async run({ args, services, signal, checkpoint, ...context }) {
    let { done } = context
    for (let over = false; !over; ) {
      signal.throwIfAborted()
      let decided = 0
      await checkpoint(async (tx) => {
        const row = await tasks.getByPk(tx, args.taskPk)
        decided = 0
        if (!row) return undefined
        const stored = { row, task: { ...decodeDoc(TaskSchema, row.doc), id: row.id } }
        const next = await nextToDecide(tx, stored, args)
        await decide(tx, stored, args.userId, args.verdict, next, services.clock.now())
        decided = next.length
        return { done: done + decided }
      })
      done += decided
      over = decided < REVIEWED_TOGETHER
    }
  },
})
