import { sql } from 'kysely'
import { StatusCode } from '../../contract/status-code.ts'
import { inParts } from '../parts.ts'
import type { NewRow, Row } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'

const COLUMNS = ['input_pk', 'task_pk', 'worker_kind', 'worker_id'] as const
/** Somebody, or something, that works on a task. */
interface Worker {
  readonly kind: Row<'task_assignments'>['worker_kind']
  readonly id: string
}

const SUBMITTED = [
  StatusCode.TASK_ASSIGNMENT_SUCCESS,
  StatusCode.TASK_ASSIGNMENT_AWAITING_REVIEW,
  StatusCode.TASK_ASSIGNMENT_AWAITING_CONSENSUS_REVIEW,
  StatusCode.TASK_ASSIGNMENT_REJECTED,
]

/** Rows that one statement adds; each has seven values. */
const ROWS_PER_INSERT = 250

/** Assigns inputs; what is assigned already stays as it is. */
export async function addAssignments(tx: Writer, rows: readonly NewRow<'task_assignments'>[]): Promise<void> {
  for (let start = 0; start < rows.length; start += ROWS_PER_INSERT) {
    await tx
      .insertInto('task_assignments')
      .values(rows.slice(start, start + ROWS_PER_INSERT))
      .onConflict((conflict) => conflict.columns(COLUMNS).doNothing())
      .execute()
  }
}

/** Assignments of a task by their pks, in the order of the pks. */
export async function assignmentsByPk(
  db: Reader,
  taskPk: number,
  pks: readonly number[],
): Promise<Row<'task_assignments'>[]> {
  const found: Row<'task_assignments'>[] = []
  for (const part of inParts(pks)) {
    const rows = await db
      .selectFrom('task_assignments')
      .selectAll()
      .where('pk', 'in', part)
      // As a sum, which no index answers: else SQLite reads all that the task has assigned.
      .where(sql<boolean>`${sql.ref('task_pk')} + 0 = ${taskPk}`)
      .orderBy('pk')
      .execute()
    found.push(...rows)
  }
  return found
}

/** What is assigned to a worker of a task in a status, the first first. */
export function assignmentsOf(
  db: Reader,
  taskPk: number,
  worker: Worker,
  statusCode: number,
  limit: number,
): Promise<Row<'task_assignments'>[]> {
  return db
    .selectFrom('task_assignments')
    .selectAll()
    .where('task_pk', '=', taskPk)
    .where('worker_kind', '=', worker.kind)
    .where('worker_id', '=', worker.id)
    .where('status_code', '=', statusCode)
    .orderBy('pk')
    .limit(limit)
    .execute()
}

/** What of a task is in a status after an assignment, in the order of the pks. */
export function assignmentsAfter(
  db: Reader,
  taskPk: number,
  statusCode: number,
  after: number,
  limit: number,
): Promise<Row<'task_assignments'>[]> {
  return db
    .selectFrom('task_assignments')
    .selectAll()
    .where('task_pk', '=', taskPk)
    .where('status_code', '=', statusCode)
    .where('pk', '>', after)
    .orderBy('pk')
    .limit(limit)
    .execute()
}

/** All that is assigned of some inputs in a task, by the input's pk. */
export async function assignmentsOfInputs(
  db: Reader,
  taskPk: number,
  inputPks: readonly number[],
): Promise<Map<number, Row<'task_assignments'>[]>> {
  const found = new Map<number, Row<'task_assignments'>[]>()
  for (const part of inParts(inputPks)) {
    const rows = await db
      .selectFrom('task_assignments')
      .selectAll()
      .where('input_pk', 'in', part)
      .where('task_pk', '=', taskPk)
      .orderBy('pk')
      .execute()
    for (const row of rows) {
      const own = found.get(row.input_pk)
      if (own) own.push(row)
      else found.set(row.input_pk, [row])
    }
  }
  return found
}

/** Gives assignments another status. */
export async function setAssignmentStatus(
  tx: Writer,
  pks: readonly number[],
  statusCode: number,
  now: number,
): Promise<void> {
  for (const part of inParts(pks)) {
    await tx
      .updateTable('task_assignments')
      .set({ status_code: statusCode, modified_at: now })
      .where('pk', 'in', part)
      .execute()
  }
}

/** What is assigned of an input in a task to a worker. */
export function assignmentOfInput(
  db: Reader,
  taskPk: number,
  inputPk: number,
  worker: Worker,
): Promise<Row<'task_assignments'> | undefined> {
  return db
    .selectFrom('task_assignments')
    .selectAll()
    .where('input_pk', '=', inputPk)
    .where('task_pk', '=', taskPk)
    .where('worker_kind', '=', worker.kind)
    .where('worker_id', '=', worker.id)
    .executeTakeFirst()
}

/** What a worker of a task has submitted, the newest assignments first. */
export async function submittedOf(
  db: Reader,
  taskPk: number,
  worker: Worker,
  limit: number,
): Promise<Row<'task_assignments'>[]> {
  const found: Row<'task_assignments'>[] = []
  // A status at a time, as an index has the assignments of each in order.
  for (const status of SUBMITTED) {
    const rows = await db
      .selectFrom('task_assignments')
      .selectAll()
      .where('task_pk', '=', taskPk)
      .where('worker_kind', '=', worker.kind)
      .where('worker_id', '=', worker.id)
      .where('status_code', '=', status)
      .orderBy('pk', 'desc')
      .limit(limit)
      .execute()
    found.push(...rows)
  }
  return found.sort((a, b) => b.pk - a.pk).slice(0, limit)
}
