import { StatusCode } from '../../contract/status-code.ts'
import type { Writer } from '../../store/database.ts'
import { setAssignmentStatus } from '../../store/repos/task-assignments.ts'
import {
  approvals,
  dismissReviews,
  forgetReviews,
  type Reviewed,
  setReviews,
  waitingForReview,
} from '../../store/repos/task-reviews.ts'
import type { Assignment } from './assignments.ts'
import type { StoredTask } from './find.ts'
import { followAssignments } from './follow.ts'
import { REVIEWED_TOGETHER } from './limits.ts'
import { everyReviewer } from './review-rules.ts'
import { reviewerIds } from './workers.ts'

/** What a reviewer may say of an assignment. */
export type Verdict = 'approve' | 'request changes' | 'reject'

/** What becomes of an assignment and of its annotations. */
export const AFTER: Readonly<Record<Verdict, { readonly assignment: StatusCode; readonly annotations: StatusCode }>> = {
  approve: {
    assignment: StatusCode.TASK_ASSIGNMENT_SUCCESS,
    annotations: StatusCode.ANNOTATION_SUCCESS,
  },
  'request changes': {
    assignment: StatusCode.TASK_ASSIGNMENT_PENDING,
    annotations: StatusCode.ANNOTATION_PENDING,
  },
  reject: {
    assignment: StatusCode.TASK_ASSIGNMENT_REJECTED,
    annotations: StatusCode.ANNOTATION_REVIEW_DENIED,
  },
}

/**
 * Carries out what a reviewer says of assignments that await review. An approval counts at once, unless all reviewers of
 * the task have to approve; a rejection is final, whoever else was to review; who asks for changes sends it back to the
 * labeler, and all review begins anew.
 */
export async function decide(
  tx: Writer,
  stored: StoredTask,
  userId: string,
  verdict: Verdict,
  assignments: readonly Assignment[],
  now: number,
): Promise<void> {
  if (assignments.length === 0) return
  const pks = assignments.map(({ pk }) => pk)
  if (verdict === 'request changes') await forgetReviews(tx, pks)
  else await setReviews(tx, assignments, userId, StatusCode.TASK_ASSIGNMENT_REVIEW_SUCCESS, now)
  const final =
    verdict === 'approve' && everyReviewer(stored.task) ? await approvedByAll(tx, stored, assignments) : assignments
  await carryOut(tx, stored, verdict, final, now)
}

/** Gives assignments, and the annotations that were made for them, what a final verdict makes of them. */
export async function carryOut(
  tx: Writer,
  stored: StoredTask,
  verdict: Verdict,
  final: readonly Assignment[],
  now: number,
): Promise<void> {
  const pks = final.map(({ pk }) => pk)
  if (verdict !== 'request changes') await dismissReviews(tx, pks, now)
  const after = AFTER[verdict]
  await setAssignmentStatus(tx, pks, after.assignment, now)
  await followAssignments(tx, stored, final, after.annotations, now)
}

async function approvedByAll(
  tx: Writer,
  { task }: StoredTask,
  assignments: readonly Assignment[],
): Promise<readonly Assignment[]> {
  const wanted = reviewerIds(task)
  const given = await approvals(
    tx,
    assignments.map(({ pk }) => pk),
  )
  return assignments.filter(({ pk }) => wanted.every((id) => given.get(pk)?.has(id)))
}

/** The next assignments of some workers that a reviewer has not decided. */
export const nextToDecide = (
  tx: Writer,
  { row, task }: StoredTask,
  of: { readonly userId: string; readonly workers: Reviewed; readonly submittedBy: number },
): Promise<Assignment[]> =>
  waitingForReview(tx, row.pk, {
    ...of,
    everybody: everyReviewer(task),
    takenToo: true,
    limit: REVIEWED_TOGETHER,
  })
