import { TaskWorker_TaskWorkerStrategy as Strategy, TaskSchema } from '../../contract/index.ts'
import { decodeDoc } from '../../contract/json/index.ts'
import type { Writer } from '../../store/database.ts'
import { releaseAssigned, releaseReviews, tasksOfWorkers } from '../../store/repos/tasks.ts'

/**
 * Lets others have what people who leave an app have not done: inputs of tasks in which workers ask for them, and what
 * they were to review. What was shared out at the start stays theirs, should they come back.
 */
export async function leaveTasks(tx: Writer, appPk: number, userIds: readonly string[]): Promise<void> {
  if (userIds.length === 0) return
  const theirs = await tasksOfWorkers(tx, appPk, userIds)
  const asking = theirs.filter(({ doc }) => decodeDoc(TaskSchema, doc).worker?.strategy === Strategy.DYNAMIC)
  for (const { pk } of asking) await releaseAssigned(tx, pk, userIds)
  await releaseReviews(tx, appPk, userIds)
}
