import { sql } from 'kysely'
import type { WorkerKind } from '../schema/tables.ts'
import type { Reader } from '../session.ts'

/** How much of one worker is in one status. */
export interface WorkerCount {
  readonly worker_kind: WorkerKind
  readonly worker_id: string
  readonly status_code: number
  readonly rows: number
}

/** How many reviews of one reviewer are in one status. */
export interface ReviewCount {
  readonly user_id: string
  readonly status_code: number
  /** Of the assignments that are reviewed. */
  readonly of_status: number
  readonly rows: number
}

/** How many assignments each worker of a task has in each status. */
export async function countAssignments(db: Reader, taskPk: number): Promise<WorkerCount[]> {
  const rows = await db
    .selectFrom('task_assignments')
    .select(['worker_kind', 'worker_id', 'status_code'])
    .select(({ fn }) => fn.countAll<number | string>().as('rows'))
    .where('task_pk', '=', taskPk)
    .groupBy(['worker_kind', 'worker_id', 'status_code'])
    .execute()
  return rows.map((row) => ({ ...row, rows: Number(row.rows) }))
}

/** How many annotations of a task each worker has in each status. */
export async function countTaskAnnotations(db: Reader, appPk: number, taskId: string): Promise<WorkerCount[]> {
  const rows = await db
    .selectFrom('annotations')
    .select(['worker_kind', 'worker_id', 'status_code'])
    .select(({ fn }) => fn.countAll<number | string>().as('rows'))
    .where('app_pk', '=', appPk)
    .where('task_id', '=', taskId)
    // In the words of the index.
    .where(sql<boolean>`task_id <> ''`)
    .groupBy(['worker_kind', 'worker_id', 'status_code'])
    .execute()
  return rows.map((row) => ({ ...row, rows: Number(row.rows) }))
}

/** How many reviews each reviewer of a task has in each status, by the status of what is reviewed. */
export async function countReviews(db: Reader, taskPk: number): Promise<ReviewCount[]> {
  const rows = await db
    .selectFrom('task_reviews')
    .innerJoin('task_assignments', 'task_assignments.pk', 'task_reviews.assignment_pk')
    .select(['task_reviews.user_id', 'task_reviews.status_code', 'task_assignments.status_code as of_status'])
    .select(({ fn }) => fn.countAll<number | string>().as('rows'))
    .where('task_reviews.task_pk', '=', taskPk)
    .groupBy(['task_reviews.user_id', 'task_reviews.status_code', 'task_assignments.status_code'])
    .execute()
  return rows.map((row) => ({ ...row, rows: Number(row.rows) }))
}
