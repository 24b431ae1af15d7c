import type { Generated } from 'kysely'
import type { Micros } from '../../base/clock.ts'
import type { Bool, FamilyColumns } from './columns.ts'
import type { WorkerKind } from './data-tables.ts'

/** The document is the Task message. */
export interface TasksTable extends FamilyColumns {
  app_pk: number
  id: string
  status_code: number
  status_details: string
  visibility: number
  /** Empty for none, as `source_id`. */
  label_order_id: string
  /** Task_TaskInputSource_Type of the contract. */
  source_type: number
  source_id: string
  /** Of the model or workflow that annotates by itself; 0 where people do. */
  version_pk: number
  /** Pk of the input that was handed out last, where workers get inputs as they ask for them. */
  cursor: number
  /** Whether what earlier tasks made is deleted, which a task does once. */
  previous_deleted: Generated<Bool>
}

export type TaskRole = 'worker' | 'reviewer'

/** The people of a task. */
export interface TaskMembersTable {
  task_pk: number
  role: TaskRole
  user_id: string
  /** In the order of the task's list. */
  place: number
}

/** An input that somebody, or something, has to work on; `pk` is also the id that callers know. */
export interface TaskAssignmentsTable {
  pk: Generated<number>
  /** No foreign key: the rows of a deleted task go part by part afterwards. */
  task_pk: number
  input_pk: number
  worker_kind: WorkerKind
  worker_id: string
  status_code: number
  created_at: Micros
  modified_at: Micros
}

/** The document is the LabelOrder message; its task is a row of its own that names it. */
export interface LabelOrdersTable extends FamilyColumns {
  app_pk: number
  id: string
  status_code: number
}

/** What a reviewer says, or is to say, of an assignment. */
export interface TaskReviewsTable {
  assignment_pk: number
  task_pk: number
  user_id: string
  status_code: number
  modified_at: Micros
}
