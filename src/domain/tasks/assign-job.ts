import { TaskWorker_TaskWorkerStrategy as Strategy, type Task, TaskSchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { tasks } from '../../store/repos/families.ts'
import { addAssignments } from '../../store/repos/task-assignments.ts'
import { setTaskStatus, taskIsThere } from '../../store/repos/tasks.ts'
import { defineJob } from '../jobs/define.ts'
import { ASSIGNED_TOGETHER, INPUTS_TOGETHER } from './limits.ts'
import { labelersPerInput, sharesOf, workersOf } from './partition.ts'
import { nextOfSource, type Source } from './source.ts'
import { workerIds } from './workers.ts'

interface Args {
  readonly taskPk: number
  readonly source: Source
}

/** How far it is: the last input, and how many there were. */
interface State {
  readonly after: number
  readonly number: number
}

/**
 * Assigns the inputs of a task whose workers get theirs at once. Who gets an input follows from its number in the source
 * alone, and each part is one commit with how far the job is, so a server that was killed goes on as if it had not been.
 */
export const assignTaskJob = defineJob<Args, State>({
  kind: 'assign-task',
  async run({ args: { taskPk, source }, services, signal, checkpoint, ...context }) {
    const { db, clock } = services
    const row = await tasks.getByPk(db.read, taskPk)
    if (!row) return
    const task = decodeDoc(TaskSchema, row.doc)
    const workersFor = sharing(task)
    const limit = Math.max(1, Math.min(INPUTS_TOGETHER, Math.floor(ASSIGNED_TOGETHER / labelersPerInput(task))))
    let state = context.state ?? { after: 0, number: 0 }
    for (;;) {
      signal.throwIfAborted()
      const inputs = await nextOfSource(db.read, source, {
        after: state.after,
        limit,
        for: 'people',
      })
      const last = inputs.at(-1)
      if (last === undefined) return
      const { number } = state
      const assigned = inputs.flatMap((inputPk, at) => workersFor(number + at).map((id) => ({ inputPk, id })))
      state = { after: last, number: number + inputs.length }
      let gone = false
      await checkpoint(async (tx) => {
        gone = !(await taskIsThere(tx, taskPk))
        if (gone) return undefined
        const now = clock.now()
        await addAssignments(
          tx,
          assigned.map(({ inputPk, id }) => ({
            task_pk: taskPk,
            input_pk: inputPk,
            worker_kind: 'user',
            worker_id: id,
            status_code: StatusCode.TASK_ASSIGNMENT_PENDING,
            created_at: now,
            modified_at: now,
          })),
        )
        return { state, done: state.number }
      })
      if (gone) return
    }
  },
  async settled(tx, { status, args, error }, { clock }) {
    if (status !== 'failed') return
    const details = error?.details ?? 'The inputs could not be assigned.'
    await setTaskStatus(tx, args.taskPk, { code: StatusCode.TASK_FAILED, details }, clock.now())
  },
})

/** Who gets the input with a number. */
function sharing(task: Task): (number: number) => readonly string[] {
  if (task.worker?.strategy !== Strategy.PARTITIONED) {
    const everybody = workerIds(task)
    return () => everybody
  }
  const shares = sharesOf(task.worker)
  return (number) => workersOf(shares, number)
}
