import type { Task } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Reader } from '../../store/database.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { workerOf } from '../inputs/caller.ts'
import { findRow, toStored } from '../resource/verbs.ts'
import { notForYou, taskConflict } from './problem.ts'
import { tasks } from './resource.ts'
import { isAuto, reviewerIds, workerIds } from './workers.ts'

/** A task as it is stored. */
export interface StoredTask {
  readonly row: Row<'tasks'>
  readonly task: Task
}

/** A task of the call's app; throws AppError 54102. */
export async function findTask(call: Call, id: string, reader: Reader = call.services.db.read): Promise<StoredTask> {
  const row = await findRow(tasks, reader, requireApp(call.target), id, call)
  return { row, task: toStored(tasks, row).message }
}

/** User id of whoever calls. */
export const callerId = (call: Call): string => workerOf(call).id

/** Refuses everybody who is no worker of a task, and tasks whose inputs nobody labels (any more). */
export function demandWorker(call: Call, { row, task }: StoredTask): void {
  if (isAuto(task)) {
    throw taskConflict(`The task '${task.id}' is done by a model or a workflow; there is nothing for people to label.`)
  }
  if (call.target.rights === 'viewer') {
    throw notForYou('You are no collaborator of the app, or have left the app; ask its owner for an invitation.')
  }
  if (!workerIds(task).includes(callerId(call))) {
    throw notForYou(`You are no worker of the task '${task.id}'; its workers are named when it is created.`)
  }
  if (row.status_code !== StatusCode.TASK_IN_PROGRESS) {
    throw taskConflict(`The task '${task.id}' is not in progress; give it the status TASK_IN_PROGRESS 54001 first.`)
  }
}

/** Refuses everybody who is no reviewer of a task, and tasks that were given up. */
export function demandReviewer(call: Call, { row, task }: StoredTask): void {
  if (!reviewerIds(task).includes(callerId(call))) {
    throw notForYou(`You are no reviewer of the task '${task.id}'; name yourself in its review.users.`)
  }
  if (row.status_code === StatusCode.TASK_WONT_DO) {
    throw taskConflict(`The task '${task.id}' was given up; give it the status TASK_IN_PROGRESS 54001 first.`)
  }
}
