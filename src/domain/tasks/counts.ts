import { create } from '@bufbuild/protobuf'
import { type TaskStatusCountPerUser, TaskStatusCountPerUserSchema } from '../../contract/index.ts'
import type { RequestOf } from '../../contract/methods.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { countAssignments, countTaskAnnotations, type WorkerCount } from '../../store/repos/task-counts.ts'
import type { WorkerKind } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import { plainWorker } from '../annotations/present.ts'
import type { Call } from '../call.ts'
import { findTask } from './find.ts'
import { taskWorkers } from './workers.ts'

type CountRequest = RequestOf<'GetTaskInputCount'>
type Answer = { readonly appId: string; readonly taskId: string; readonly counts: TaskStatusCountPerUser[] }
type Column = 'pending' | 'awaitingReview' | 'success' | 'reviewDenied' | 'awaitingConsensusReview'

const ASSIGNMENTS: Readonly<Record<number, Column>> = {
  [StatusCode.TASK_ASSIGNMENT_PENDING]: 'pending',
  [StatusCode.TASK_ASSIGNMENT_AWAITING_REVIEW]: 'awaitingReview',
  [StatusCode.TASK_ASSIGNMENT_SUCCESS]: 'success',
  [StatusCode.TASK_ASSIGNMENT_REJECTED]: 'reviewDenied',
  [StatusCode.TASK_ASSIGNMENT_AWAITING_CONSENSUS_REVIEW]: 'awaitingConsensusReview',
}

const ANNOTATIONS: Readonly<Record<number, Column>> = {
  [StatusCode.ANNOTATION_PENDING]: 'pending',
  [StatusCode.ANNOTATION_AWAITING_REVIEW]: 'awaitingReview',
  [StatusCode.ANNOTATION_SUCCESS]: 'success',
  [StatusCode.ANNOTATION_REVIEW_DENIED]: 'reviewDenied',
  [StatusCode.ANNOTATION_AWAITING_CONSENSUS_REVIEW]: 'awaitingConsensusReview',
}

/** How many inputs of a task each worker has in each status. */
export async function countTaskInputs(call: Call, request: CountRequest): Promise<Answer> {
  const { row } = await findTask(call, request.taskId)
  return answer(call, request, await countAssignments(call.services.db.read, row.pk), ASSIGNMENTS)
}

/** How many annotations that were made for a task each worker has in each status. */
export async function countAnnotationsOfTask(call: Call, request: CountRequest): Promise<Answer> {
  const { row } = await findTask(call, request.taskId)
  return answer(call, request, await countTaskAnnotations(call.services.db.read, row.app_pk, row.id), ANNOTATIONS)
}

async function answer(
  call: Call,
  request: CountRequest,
  found: readonly WorkerCount[],
  columns: Readonly<Record<number, Column>>,
): Promise<Answer> {
  const { task } = await findTask(call, request.taskId)
  const counts = new Map<string, TaskStatusCountPerUser>()
  const countOf = (kind: WorkerKind, id: string): TaskStatusCountPerUser => {
    const name = `${kind} ${id}`
    const known = counts.get(name)
    if (known) return known
    const worker = plainWorker({ worker_kind: kind, worker_id: id })
    const made = create(TaskStatusCountPerUserSchema, { worker, userId: kind === 'user' ? id : '' })
    counts.set(name, made)
    return made
  }
  const wanted = wantedWorkers(request)
  // Workers with nothing are said as well, in the order of the task; others, such as its owner, follow.
  for (const { kind, id } of taskWorkers(task)) if (wanted(kind, id)) countOf(kind, id)
  for (const { worker_kind, worker_id, status_code, rows } of found) {
    const column = columns[status_code]
    if (column && wanted(worker_kind, worker_id)) countOf(worker_kind, worker_id)[column] += rows
  }
  return { appId: requireApp(call.target).id, taskId: task.id, counts: [...counts.values()] }
}

/** Whether a request wants to hear of a worker: of everybody, unless it names some. */
function wantedWorkers({ userIds, modelVersionIds, workflowVersionIds }: CountRequest) {
  const named = { user: userIds, model_version: modelVersionIds, workflow_version: workflowVersionIds }
  const any = Object.values(named).every((ids) => ids.length === 0)
  return (kind: WorkerKind, id: string): boolean => any || named[kind].includes(id)
}
