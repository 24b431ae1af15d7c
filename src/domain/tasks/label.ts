import {
  TaskReview_TaskReviewStrategy as Review,
  TaskWorker_TaskWorkerStrategy as Strategy,
  type Task,
  type TaskAssignment,
} from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { listAnnotationRows } from '../../store/repos/annotation-lists.ts'
import { inputIds } from '../../store/repos/inputs.ts'
import { assignmentsByPk, assignmentsOf, setAssignmentStatus } from '../../store/repos/task-assignments.ts'
import type { Call } from '../call.ts'
import { orderBegins, orderIsPending, orderOf } from '../label-orders/follow-task.ts'
import { type Assignment, namedAssignments } from './assignments.ts'
import { consensusJob } from './consensus-job.ts'
import { callerId, demandWorker, findTask, type StoredTask } from './find.ts'
import { followAssignments } from './follow.ts'
import { handOut } from './hand-out.ts'
import { HANDED_OUT } from './limits.ts'
import { invalidTask, notForYou } from './problem.ts'
import { isSampled } from './sample.ts'

const { TASK_ASSIGNMENT_PENDING, TASK_ASSIGNMENT_SUCCESS } = StatusCode
const { TASK_ASSIGNMENT_AWAITING_REVIEW, TASK_ASSIGNMENT_AWAITING_CONSENSUS_REVIEW } = StatusCode

/**
 * What the caller has to label next: what he has not submitted yet, and only when there is nothing of that, up to ten
 * inputs more where workers get theirs as they ask. So asking again changes nothing.
 */
export async function startLabelling(call: Call, taskId: string): Promise<Assignment[]> {
  const stored = await findTask(call, taskId)
  demandWorker(call, stored)
  const me = { kind: 'user', id: callerId(call) } as const
  const { db } = call.services
  if (await orderIsPending(db.read, stored.row)) {
    await db.transact((tx) => orderBegins(tx, stored.row, call.services.clock.now()))
  }
  const open = await assignmentsOf(db.read, stored.row.pk, me, TASK_ASSIGNMENT_PENDING, HANDED_OUT)
  if (open.length > 0 || stored.task.worker?.strategy !== Strategy.DYNAMIC) return open
  return handOut(call, taskId)
}

/**
 * Says that the caller has labelled what is assigned to him. What the task's review asks for follows: nothing, people, or
 * looking whether labelers agree. What was submitted before stays as it is.
 */
export async function submitLabels(
  call: Call,
  taskId: string,
  named: readonly TaskAssignment[],
): Promise<Assignment[]> {
  return call.services.db.transact(async (tx) => {
    const stored = await findTask(call, taskId, tx)
    demandWorker(call, stored)
    const me = callerId(call)
    const found = await namedAssignments(call, tx, stored.row.pk, named, me)
    const foreign = found.find(({ worker_kind, worker_id }) => worker_kind !== 'user' || worker_id !== me)
    if (foreign) throw notForYou(`The assignment '${foreign.pk}' is somebody else's; only they can submit it.`)
    const open = found.filter(({ status_code }) => status_code === TASK_ASSIGNMENT_PENDING)
    await refuseEmpty(tx, stored, open)
    await submit(call, tx, stored, open)
    const pks = found.map(({ pk }) => pk)
    return assignmentsByPk(tx, stored.row.pk, pks)
  })
}

/** Refuses inputs about which nothing was said, where the label order of the task wants something of each. */
async function refuseEmpty(tx: Writer, { row, task }: StoredTask, open: readonly Assignment[]): Promise<void> {
  const order = await orderOf(tx, row)
  if (!order || order.allowEmptyTag) return
  for (const { input_pk, worker_kind, worker_id } of open) {
    const filter = { taskId: task.id, inputPks: [input_pk], workers: [{ kind: worker_kind, ids: [worker_id] }] }
    const [said] = await listAnnotationRows(tx, row.app_pk, filter, { newestFirst: true, limit: 1, offset: 0 })
    if (said) continue
    const id = (await inputIds(tx, [input_pk])).get(input_pk)
    throw invalidTask(
      `The input '${id}' has no annotation of yours for this task; its label order allows none without (allow_empty_tag).`,
    )
  }
}

async function submit(call: Call, tx: Writer, { row, task }: StoredTask, open: readonly Assignment[]): Promise<void> {
  const now = call.services.clock.now()
  const byStatus = Map.groupBy(open, ({ input_pk }) => statusAfterLabelling(task, row.pk, input_pk))
  for (const [status, own] of byStatus) {
    const pks = own.map(({ pk }) => pk)
    await setAssignmentStatus(tx, pks, status, now)
    await followAssignments(tx, { row, task }, own, ANNOTATION_AFTER.get(status)!, now)
  }
  if (task.review?.strategy !== Review.CONSENSUS || open.length === 0) return
  const args = { taskPk: row.pk, inputPks: open.map(({ input_pk }) => input_pk) }
  const options = { appPk: row.app_pk, concurrencyKey: `consensus:${row.pk}` }
  await call.services.jobs.enqueue(tx, consensusJob, args, options)
}

/** What annotations are when the assignment that they were made for is. */
const ANNOTATION_AFTER: ReadonlyMap<number, StatusCode> = new Map([
  [TASK_ASSIGNMENT_SUCCESS, StatusCode.ANNOTATION_SUCCESS],
  [TASK_ASSIGNMENT_AWAITING_REVIEW, StatusCode.ANNOTATION_AWAITING_REVIEW],
  [TASK_ASSIGNMENT_AWAITING_CONSENSUS_REVIEW, StatusCode.ANNOTATION_AWAITING_CONSENSUS_REVIEW],
])

function statusAfterLabelling(task: Task, taskPk: number, inputPk: number): StatusCode {
  switch (task.review?.strategy) {
    case Review.MANUAL:
      return isSampled(task, taskPk, inputPk) ? TASK_ASSIGNMENT_AWAITING_REVIEW : TASK_ASSIGNMENT_SUCCESS
    case Review.CONSENSUS:
      return TASK_ASSIGNMENT_AWAITING_CONSENSUS_REVIEW
    default:
      return TASK_ASSIGNMENT_SUCCESS
  }
}
