import { AppError } from '../../base/errors.ts'
import { TaskWorker_TaskWorkerStrategy as Strategy } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { assignTaskJob } from './assign-job.ts'
import type { ReadyTask } from './post.ts'
import { isAuto, workerIds } from './workers.ts'

/** Begins the work of a task that was just stored, once the transaction commits. */
export async function beginTask(
  call: Call,
  tx: Writer,
  { pk }: Row<'tasks'>,
  { task, source }: ReadyTask,
): Promise<void> {
  if (isAuto(task)) {
    throw new AppError(
      StatusCode.TASK_NOT_IMPLEMENTED,
      'Tasks that a model or a workflow does by itself are not built; name users as workers.',
    )
  }
  // Where workers ask for inputs themselves, nothing is assigned before they do.
  if (task.worker?.strategy === Strategy.DYNAMIC || workerIds(task).length === 0) return
  const options = { appPk: requireApp(call.target).pk, concurrencyKey: `task:${pk}` }
  await call.services.jobs.enqueue(tx, assignTaskJob, { taskPk: pk, source }, options)
}
