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
import {
  addAssignments,
  assignmentsByPk,
  assignmentsOf,
  assignmentsOfInputs,
  countAssigned,
  setAssignmentStatus,
} from '../../store/repos/task-assignments.ts'
import { moveCursor } from '../../store/repos/tasks.ts'
import type { Call } from '../call.ts'
import { orderBegins, orderOf } from '../label-orders/follow-task.ts'
import { type Assignment, namedAssignments } from './assignments.ts'
import { labelersToAgree } from './check.ts'
import { consensusJob } from './consensus-job.ts'
import { callerId, demandWorker, findTask, type StoredTask } from './find.ts'
import { followAssignments } from './follow.ts'
import { HANDED_OUT, LOOKED_AT_TOGETHER } from './limits.ts'
import { invalidTask, notForYou } from './problem.ts'
import { isSampled } from './sample.ts'
import { countSource, findSource, nextOfSource, type Source } from './source.ts'

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
  if (stored.row.label_order_id !== '')
    await db.transact((tx) => orderBegins(tx, stored.row, call.services.clock.now()))
  const open = await assignmentsOf(db.read, stored.row.pk, me, TASK_ASSIGNMENT_PENDING, HANDED_OUT)
  if (open.length > 0 || stored.task.worker?.strategy !== Strategy.DYNAMIC) return open
  const source = await findSource(call, stored.task.inputSource)
  return db.transact(async (tx) => {
    const now = await findTask(call, taskId, tx)
    demandWorker(call, now)
    const meanwhile = await assignmentsOf(tx, now.row.pk, me, TASK_ASSIGNMENT_PENDING, HANDED_OUT)
    if (meanwhile.length > 0) return meanwhile
    await handOut(tx, now, source, me.id, call.services.clock.now())
    return assignmentsOf(tx, now.row.pk, me, TASK_ASSIGNMENT_PENDING, HANDED_OUT)
  })
}

/**
 * Assigns the next inputs of a source to a worker: those that nobody has, or, where several labelers have to agree, not
 * enough of them. The task's cursor stands where all inputs before it have been handed out; what has come to the source
 * behind it is looked for once there is nothing before it any more.
 */
async function handOut(
  tx: Writer,
  { row, task }: StoredTask,
  source: Source,
  userId: string,
  now: number,
): Promise<void> {
  const perInput = Math.max(1, labelersToAgree(task))
  const chosen: number[] = []
  let cursor = row.cursor
  let unbroken = true
  const look = async (from: number, until: number): Promise<void> => {
    for (let after = from; chosen.length < HANDED_OUT && after < until; ) {
      const pks = await nextOfSource(tx, source, { after, limit: LOOKED_AT_TOGETHER, for: 'people' })
      if (pks.length === 0) return
      const assigned = await assignmentsOfInputs(tx, row.pk, pks)
      for (const pk of pks) {
        if (chosen.length === HANDED_OUT || pk > until) return
        const own = assigned.get(pk) ?? []
        const takes = own.length < perInput && own.every(({ worker_id }) => worker_id !== userId)
        if (takes) chosen.push(pk)
        unbroken &&= own.length + (takes ? 1 : 0) >= perInput
        if (unbroken && pk > cursor) cursor = pk
      }
      after = pks.at(-1)!
    }
  }
  await look(row.cursor, Number.POSITIVE_INFINITY)
  if (chosen.length < HANDED_OUT && row.cursor > 0) {
    const assigned = (await countAssigned(tx, row.pk)) + chosen.length
    if (assigned < (await countSource(tx, source)) * perInput) await look(0, row.cursor)
  }
  await addAssignments(
    tx,
    chosen.map((input_pk) => ({
      task_pk: row.pk,
      input_pk,
      worker_kind: 'user',
      worker_id: userId,
      status_code: TASK_ASSIGNMENT_PENDING,
      created_at: now,
      modified_at: now,
    })),
  )
  if (cursor !== row.cursor) await moveCursor(tx, row, cursor)
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
