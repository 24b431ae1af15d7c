import type { ExpressionBuilder } from 'kysely'
import { StatusCode } from '../../contract/status-code.ts'
import { inParts } from '../parts.ts'
import type { Row, Schema, WorkerKind } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'

const { TASK_ASSIGNMENT_AWAITING_REVIEW, TASK_ASSIGNMENT_REVIEW_PENDING } = StatusCode
const { TASK_ASSIGNMENT_REVIEW_SUCCESS, TASK_ASSIGNMENT_REVIEW_DISMISSED } = StatusCode

/** Whose work is reviewed; empty for everybody's. */
export type Reviewed = readonly { readonly kind: WorkerKind; readonly id: string }[]

type OnAssignments = ExpressionBuilder<Pick<Schema, 'task_assignments'>, 'task_assignments'>

const byWorkers = (workers: Reviewed) => (eb: OnAssignments) =>
  eb.or(
    // A kind at a time: SQLite takes no condition of a thousand alternatives.
    [...Map.groupBy(workers, ({ kind }) => kind)].map(([kind, own]) =>
      eb.and([
        eb('task_assignments.worker_kind', '=', kind),
        eb(
          'task_assignments.worker_id',
          'in',
          own.map(({ id }) => id),
        ),
      ]),
    ),
  )

const awaiting = (db: Reader, taskPk: number, workers: Reviewed, limit: number) => {
  const query = db
    .selectFrom('task_assignments')
    .selectAll('task_assignments')
    .where('task_assignments.task_pk', '=', taskPk)
    .where('task_assignments.status_code', '=', TASK_ASSIGNMENT_AWAITING_REVIEW)
    .orderBy('task_assignments.pk')
    .limit(limit)
  return workers.length === 0 ? query : query.where((eb) => byWorkers(workers)(eb as never))
}

/** What a reviewer has taken and not decided yet. */
export function takenForReview(
  db: Reader,
  taskPk: number,
  userId: string,
  workers: Reviewed,
  limit: number,
): Promise<Row<'task_assignments'>[]> {
  // Found by what he has taken, which is little, and not among all that waits.
  let query = db
    .selectFrom('task_reviews')
    .innerJoin('task_assignments', 'task_assignments.pk', 'task_reviews.assignment_pk')
    .selectAll('task_assignments')
    .where('task_reviews.task_pk', '=', taskPk)
    .where('task_reviews.user_id', '=', userId)
    .where('task_reviews.status_code', '=', TASK_ASSIGNMENT_REVIEW_PENDING)
    .where('task_assignments.status_code', '=', TASK_ASSIGNMENT_AWAITING_REVIEW)
    .orderBy('task_reviews.assignment_pk')
    .limit(limit)
  if (workers.length > 0) query = query.where((eb) => byWorkers(workers)(eb as never))
  return query.execute()
}

/**
 * What waits for a review: for one by this user, where everybody has to agree, else what nobody has taken. With
 * `submittedBy`, only what has waited since then.
 */
export function waitingForReview(
  db: Reader,
  taskPk: number,
  wish: {
    readonly userId: string
    readonly everybody: boolean
    readonly takenToo?: boolean
    readonly workers: Reviewed
    readonly submittedBy?: number
    readonly limit: number
  },
): Promise<Row<'task_assignments'>[]> {
  let query = awaiting(db, taskPk, wish.workers, wish.limit).where((eb) => {
    let reviews = eb
      .selectFrom('task_reviews')
      .select('task_reviews.user_id')
      .whereRef('task_reviews.assignment_pk', '=', 'task_assignments.pk')
    if (wish.everybody) reviews = reviews.where('task_reviews.user_id', '=', wish.userId)
    if (wish.takenToo) reviews = reviews.where('task_reviews.status_code', '<>', TASK_ASSIGNMENT_REVIEW_PENDING)
    return eb.not(eb.exists(reviews))
  })
  if (wish.submittedBy !== undefined) query = query.where('task_assignments.modified_at', '<=', wish.submittedBy)
  return query.execute()
}

/** Writes what a reviewer says of assignments, or that he is to say something. */
export async function setReviews(
  tx: Writer,
  assignments: readonly Pick<Row<'task_assignments'>, 'pk' | 'task_pk'>[],
  userId: string,
  statusCode: number,
  now: number,
): Promise<void> {
  if (assignments.length === 0) return
  const rows = assignments.map(({ pk, task_pk }) => ({
    assignment_pk: pk,
    task_pk,
    user_id: userId,
    status_code: statusCode,
    modified_at: now,
  }))
  await tx
    .insertInto('task_reviews')
    .values(rows)
    .onConflict((conflict) =>
      conflict.columns(['assignment_pk', 'user_id']).doUpdateSet({ status_code: statusCode, modified_at: now }),
    )
    .execute()
}

/** Tells the others who had taken assignments that these are decided. */
export async function dismissReviews(tx: Writer, pks: readonly number[], now: number): Promise<void> {
  for (const part of inParts(pks)) {
    await tx
      .updateTable('task_reviews')
      .set({ status_code: TASK_ASSIGNMENT_REVIEW_DISMISSED, modified_at: now })
      .where('assignment_pk', 'in', part)
      .where('status_code', '=', TASK_ASSIGNMENT_REVIEW_PENDING)
      .execute()
  }
}

/** Forgets what was said of assignments that are labelled again. */
export async function forgetReviews(tx: Writer, pks: readonly number[]): Promise<void> {
  for (const part of inParts(pks)) await tx.deleteFrom('task_reviews').where('assignment_pk', 'in', part).execute()
}

/** Lets others have what was taken by people who are no reviewers of a task any more. */
export async function leaveTaken(tx: Writer, taskPk: number): Promise<void> {
  await tx
    .deleteFrom('task_reviews')
    .where('task_pk', '=', taskPk)
    .where('status_code', '=', TASK_ASSIGNMENT_REVIEW_PENDING)
    .where('user_id', 'not in', (eb) => reviewersOf(eb, taskPk))
    .execute()
}

const reviewersOf = <T extends keyof Schema>(eb: ExpressionBuilder<Schema, T>, taskPk: number) =>
  (eb as unknown as ExpressionBuilder<Schema, never>)
    .selectFrom('task_members')
    .select('task_members.user_id')
    .where('task_members.task_pk', '=', taskPk)
    .where('task_members.role', '=', 'reviewer')

/** What awaits review though enough have approved it: one of them, or everybody who is a reviewer now. */
export function approvedEnough(
  db: Reader,
  taskPk: number,
  everybody: boolean,
  limit: number,
): Promise<Row<'task_assignments'>[]> {
  let query = awaiting(db, taskPk, [], limit).where((eb) =>
    eb.exists(
      eb
        .selectFrom('task_reviews')
        .select('task_reviews.user_id')
        .whereRef('task_reviews.assignment_pk', '=', 'task_assignments.pk')
        .where('task_reviews.status_code', '=', TASK_ASSIGNMENT_REVIEW_SUCCESS),
    ),
  )
  if (everybody) {
    query = query.where((eb) => {
      const approvers = eb
        .selectFrom('task_reviews')
        .select('task_reviews.user_id')
        .whereRef('task_reviews.assignment_pk', '=', 'task_assignments.pk')
        .where('task_reviews.status_code', '=', TASK_ASSIGNMENT_REVIEW_SUCCESS)
      const others = reviewersOf(eb as never, taskPk).where('task_members.user_id', 'not in', approvers as never)
      return eb.and([eb.exists(reviewersOf(eb as never, taskPk)), eb.not(eb.exists(others))])
    })
  }
  return query.execute()
}

/** User ids of those who have approved assignments, by the assignment's pk. */
export async function approvals(db: Reader, pks: readonly number[]): Promise<Map<number, Set<string>>> {
  const found = new Map<number, Set<string>>()
  for (const part of inParts(pks)) {
    const rows = await db
      .selectFrom('task_reviews')
      .select(['assignment_pk', 'user_id'])
      .where('assignment_pk', 'in', part)
      .where('status_code', '=', TASK_ASSIGNMENT_REVIEW_SUCCESS)
      .execute()
    for (const { assignment_pk, user_id } of rows) {
      const own = found.get(assignment_pk)
      if (own) own.add(user_id)
      else found.set(assignment_pk, new Set([user_id]))
    }
  }
  return found
}
