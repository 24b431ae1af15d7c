import type { Task } from '../../contract/index.ts'
import { Scope } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { setMembers } from '../../store/repos/tasks.ts'
import type { Row } from '../../store/schema/tables.ts'
import { demandScope } from '../access/demand.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { insertOne, present } from '../resource/verbs.ts'
import { readyAuto } from './auto-worker.ts'
import { beginTask } from './begin.ts'
import { checkMembers, checkTask } from './check.ts'
import { normalTask, tasks } from './resource.ts'
import { findSource, type Source } from './source.ts'
import { isAuto, reviewerIds, workerIds } from './workers.ts'

/** A task whose source was found, about to be stored. */
export interface ReadyTask {
  readonly task: Task
  readonly source: Source
  /** Of the model or workflow that annotates; 0 where people do. */
  readonly versionPk: number
}

/** Stores new tasks, all or none, and begins their work. */
export async function postTasks(call: Call, given: readonly Task[]): Promise<Task[]> {
  const ready: ReadyTask[] = []
  for (const task of given) ready.push(await readyTask(call, task))
  const rows = await call.services.db.transact(async (tx) => {
    const stored: Row<'tasks'>[] = []
    for (const one of ready) stored.push(await insertTask(call, tx, one, ''))
    return stored
  })
  return present(tasks, call, rows)
}

/** Finds what a task names beside people and concepts, before anything is written. */
export async function readyTask(call: Call, task: Task): Promise<ReadyTask> {
  normalTask(task, call)
  await checkMembers(call, [...workerIds(task), ...reviewerIds(task)])
  const source = await findSource(call, task.inputSource)
  if (!isAuto(task)) return { task, source, versionPk: 0 }
  demandScope(call.target, Scope.Predict)
  // Its annotations may bring concepts that the app does not have.
  demandScope(call.target, Scope.Concepts_Add)
  demandDeleting(call, task)
  await checkTask(task, call, call.services.db.read)
  const { worker, annotates } = await readyAuto(call, task)
  task.worker!.workers = [worker]
  return { task, source, versionPk: annotates.pk ?? 0 }
}

/** Demands what a task that deletes annotations of other tasks needs of whoever asks for it. */
export function demandDeleting(call: Call, { deletePreviousAnnotations }: Task): void {
  if (deletePreviousAnnotations) demandScope(call.target, Scope.Annotations_Delete)
}

/** Stores a task with its people and begins its work, in the caller's transaction. */
export async function insertTask(
  call: Call,
  tx: Writer,
  { task, source, versionPk }: ReadyTask,
  labelOrderId: string,
): Promise<Row<'tasks'>> {
  const status_code = StatusCode.TASK_IN_PROGRESS
  const extra = { status_code, status_details: '', label_order_id: labelOrderId, version_pk: versionPk, cursor: 0 }
  const row = await insertOne(tasks, call, requireApp(call.target), task, tx, extra)
  await setMembers(tx, row.pk, 'worker', workerIds(task))
  await setMembers(tx, row.pk, 'reviewer', reviewerIds(task))
  await beginTask(call, tx, row, { task, source, versionPk })
  return row
}
