import type { TaskAssignment, Worker } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Reader, Writer } from '../../store/database.ts'
import { assignmentsByPk } from '../../store/repos/task-assignments.ts'
import {
  approvals,
  type Reviewed,
  setReviews,
  takenForReview,
  waitingForReview,
} from '../../store/repos/task-reviews.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { type Assignment, namedAssignments } from './assignments.ts'
import { AFTER, decide, nextToDecide, type Verdict } from './decide.ts'
import { callerId, demandReviewer, findTask, type StoredTask } from './find.ts'
import { HANDED_OUT, REVIEWED_AT_ONCE, REVIEWED_TOGETHER } from './limits.ts'
import { invalidTask, taskConflict } from './problem.ts'
import { reviewTaskJob } from './review-job.ts'
import { everyReviewer } from './review-rules.ts'
import { refOf, type TaskWorkerRef, taskWorkers } from './workers.ts'

const { TASK_ASSIGNMENT_AWAITING_REVIEW, TASK_ASSIGNMENT_REVIEW_PENDING } = StatusCode

/**
 * What the caller has to review next: what he has taken and not decided yet, and only when there is nothing of that, up
 * to ten assignments more of what awaits review.
 */
export async function startReview(call: Call, taskId: string, workers: readonly Worker[]): Promise<Assignment[]> {
  const { db, clock } = call.services
  const { taken, next } = await toReview(call, taskId, workers, db.read)
  // Reviewers ask again and again, so nothing is written where there is nothing to take.
  if (taken.length > 0 || next.length === 0) return taken
  return db.transact(async (tx) => {
    const now = await toReview(call, taskId, workers, tx)
    if (now.taken.length > 0) return now.taken
    await setReviews(tx, now.next, callerId(call), TASK_ASSIGNMENT_REVIEW_PENDING, clock.now())
    return now.next
  })
}

/** What the caller has taken, and where that is nothing what he may take. */
async function toReview(call: Call, taskId: string, workers: readonly Worker[], reader: Reader) {
  const stored = await findTask(call, taskId, reader)
  demandReviewer(call, stored)
  const { pk } = stored.row
  const userId = callerId(call)
  const of = amongWorkers(stored, workers)
  if (of.length === 0 && workers.length > 0) return { taken: [], next: [] }
  const taken = await takenForReview(reader, pk, userId, of, HANDED_OUT)
  if (taken.length > 0) return { taken, next: [] }
  const everybody = everyReviewer(stored.task)
  const next = await waitingForReview(reader, pk, { userId, everybody, workers: of, limit: HANDED_OUT })
  return { taken, next }
}

/** What a request says to review: assignments by their ids, or all of some workers. */
export interface ToReview {
  readonly taskAssignments: readonly TaskAssignment[]
  readonly workers: readonly Worker[]
}

/** Carries out a review of assignments, or of all work of some workers, which may go on in the background. */
export async function review(
  call: Call,
  taskId: string,
  { taskAssignments, workers }: ToReview,
  verdict: Verdict,
): Promise<Assignment[]> {
  if (taskAssignments.length > 0 && workers.length > 0) {
    throw invalidTask('The request names both task_assignments and workers; send one of them.')
  }
  if (workers.length === 0) return reviewNamed(call, taskId, taskAssignments, verdict)
  return reviewWorkers(call, taskId, workers, verdict)
}

function reviewNamed(
  call: Call,
  taskId: string,
  assignments: readonly TaskAssignment[],
  verdict: Verdict,
): Promise<Assignment[]> {
  const { db, clock } = call.services
  return db.transact(async (tx) => {
    const stored = await findTask(call, taskId, tx)
    demandReviewer(call, stored)
    const found = await namedAssignments(call, tx, stored.row.pk, assignments)
    const open = await undecided(tx, stored, callerId(call), found, verdict)
    await decide(tx, stored, callerId(call), verdict, open, clock.now())
    return assignmentsByPk(
      tx,
      stored.row.pk,
      found.map(({ pk }) => pk),
    )
  })
}

/** Those that still are to be decided: saying the same again changes nothing, saying something else is refused. */
async function undecided(
  tx: Writer,
  { task }: StoredTask,
  userId: string,
  found: readonly Assignment[],
  verdict: Verdict,
): Promise<Assignment[]> {
  const other = found.find(
    ({ status_code }) => status_code !== TASK_ASSIGNMENT_AWAITING_REVIEW && status_code !== AFTER[verdict].assignment,
  )
  if (other) {
    throw taskConflict(
      `The assignment '${other.pk}' does not await review, its status is ${StatusCode[other.status_code]}; ask for those that do with REVIEW_START.`,
    )
  }
  const open = found.filter(({ status_code }) => status_code === TASK_ASSIGNMENT_AWAITING_REVIEW)
  if (verdict !== 'approve' || !everyReviewer(task)) return open
  const given = await approvals(
    tx,
    open.map(({ pk }) => pk),
  )
  return open.filter(({ pk }) => !given.get(pk)?.has(userId))
}

async function reviewWorkers(
  call: Call,
  taskId: string,
  workers: readonly Worker[],
  verdict: Verdict,
): Promise<Assignment[]> {
  const { db, clock, jobs } = call.services
  const stored = await findTask(call, taskId)
  demandReviewer(call, stored)
  const of = known(stored, workers)
  const userId = callerId(call)
  const submittedBy = clock.now()
  const done: number[] = []
  for (;;) {
    const more = await db.transact(async (tx) => {
      const now = await findTask(call, taskId, tx)
      const next = await nextToDecide(tx, now, { userId, workers: of, submittedBy })
      await decide(tx, now, userId, verdict, next, clock.now())
      if (next.length === REVIEWED_TOGETHER && done.length + next.length >= REVIEWED_AT_ONCE) {
        const args = { taskPk: now.row.pk, userId, workers: of, verdict, submittedBy }
        await jobs.enqueue(tx, reviewTaskJob, args, { appPk: requireApp(call.target).pk })
      }
      return next.map(({ pk }) => pk)
    })
    done.push(...more)
    if (more.length < REVIEWED_TOGETHER || done.length >= REVIEWED_AT_ONCE) break
  }
  return assignmentsByPk(db.read, stored.row.pk, done)
}

function known(stored: StoredTask, workers: readonly Worker[]): Reviewed {
  const of = amongWorkers(stored, workers)
  const names = new Set(of.map(nameOf))
  const stranger = named(workers).find((one) => !names.has(nameOf(one)))
  if (!stranger) return of
  throw invalidTask(`There is no worker '${stranger.id}' in the task '${stored.task.id}'; name its workers.`)
}

/** Those workers of a task that a request names. */
function amongWorkers({ task }: StoredTask, workers: readonly Worker[]): Reviewed {
  const names = new Set(named(workers).map(nameOf))
  return taskWorkers(task).filter((one) => names.has(nameOf(one)))
}

const nameOf = ({ kind, id }: TaskWorkerRef): string => `${kind} ${id}`

const named = (workers: readonly Worker[]): Reviewed => workers.map((one) => refOf(one) ?? { kind: 'user', id: '' })
