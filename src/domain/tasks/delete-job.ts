import { deletePartOfTask } from '../../store/repos/tasks.ts'
import { defineJob } from '../jobs/define.ts'

/** Deletes what was assigned for a task that is gone, part by part: there may be millions of rows. */
export const deleteTaskJob = defineJob<{ readonly taskPk: number }>({
  kind: 'delete-task',
  async run({ args, signal, checkpoint }) {
    for (let over = false; !over; ) {
      signal.throwIfAborted()
      await checkpoint(async (tx) => {
        over = await deletePartOfTask(tx, args.taskPk)
        return {}
      })
    }
  },
})
