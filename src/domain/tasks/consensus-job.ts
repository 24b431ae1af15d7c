import { TaskSchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import { tasks } from '../../store/repos/families.ts'
import { labelPlace } from '../inputs/caller.ts'
import { callInApp } from '../inputs/process/call.ts'
import { defineJob } from '../jobs/define.ts'
import { judgeInput } from './consensus.ts'
import { JUDGED_TOGETHER } from './limits.ts'

interface Args {
  readonly taskPk: number
  readonly inputPks: readonly number[]
}

/** Looks whether labelers agree on inputs that were submitted, a few inputs in each commit. */
export const consensusJob = defineJob<Args>({
  kind: 'reach-consensus',
  async run({ id, args, appPk, services, signal, log, checkpoint, ...context }) {
    const call = await callInApp(services, appPk!, { requestId: id, signal, log })
    if (!call) return
    const place = await labelPlace(call)
    for (let { done } = context; done < args.inputPks.length; ) {
      signal.throwIfAborted()
      const part = args.inputPks.slice(done, done + JUDGED_TOGETHER)
      done += part.length
      const reached = done
      await checkpoint(async (tx) => {
        const row = await tasks.getByPk(tx, args.taskPk)
        if (!row) return { done: reached }
        const stored = { row, task: { ...decodeDoc(TaskSchema, row.doc), id: row.id } }
        for (const inputPk of part) await judgeInput(tx, place, stored, inputPk, services.clock.now())
        return { done: reached }
      })
    }
  },
})
