import { TaskWorker_TaskWorkerStrategy as Strategy } from '../../contract/index.ts'
import type { Writer } from '../../store/database.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { assignTaskJob } from './assign-job.ts'
import { beginAuto } from './auto-job.ts'
import type { ReadyTask } from './post.ts'
import { isAuto, workerIds } from './workers.ts'

/** Begins the work of a task, once the transaction commits. */
export async function beginTask(
  call: Call,
  tx: Writer,
  { pk }: Row<'tasks'>,
  { task, source }: ReadyTask,
): Promise<void> {
  const { jobs } = call.services
  const appPk = requireApp(call.target).pk
  if (isAuto(task)) return beginAuto(jobs, tx, appPk, { taskPk: pk, source })
  // Where workers ask for inputs themselves, nothing is assigned before they do.
  if (task.worker?.strategy === Strategy.DYNAMIC || workerIds(task).length === 0) return
  await jobs.enqueue(tx, assignTaskJob, { taskPk: pk, source }, { appPk, concurrencyKey: `task:${pk}` })
}
