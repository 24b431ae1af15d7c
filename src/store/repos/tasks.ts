import { ROWS_PER_DELETE_MAX } from '../limits.ts'
import type { Row, TaskRole } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'
import type { Condition } from './keyed.ts'

/** Puts other people into a role of a task, in their order. */
export async function setMembers(
  tx: Writer,
  taskPk: number,
  role: TaskRole,
  userIds: readonly string[],
): Promise<void> {
  await tx.deleteFrom('task_members').where('task_pk', '=', taskPk).where('role', '=', role).execute()
  if (userIds.length === 0) return
  const rows = userIds.map((user_id, place) => ({ task_pk: taskPk, role, user_id, place }))
  await tx.insertInto('task_members').values(rows).execute()
}

/** True of tasks in which one of some users has a role. */
export const withMember =
  (role: TaskRole, userIds: readonly string[]): Condition<'tasks'> =>
  (task) =>
    task.exists(
      task
        .selectFrom('task_members')
        .select('task_members.task_pk')
        .whereRef('task_members.task_pk', '=', 'tasks.pk')
        .where('task_members.role', '=', role)
        .where('task_members.user_id', 'in', userIds),
    )

/** Gives a task another status; does nothing to one that is gone. */
export async function setTaskStatus(
  tx: Writer,
  taskPk: number,
  status: { readonly code: number; readonly details?: string },
  now: number,
): Promise<void> {
  await tx
    .updateTable('tasks')
    .set((task) => ({
      status_code: status.code,
      status_details: status.details ?? '',
      modified_at: now,
      revision: task('revision', '+', 1),
    }))
    .where('pk', '=', taskPk)
    .execute()
}

/** Moves the place from which inputs are handed out next. */
export async function moveCursor(tx: Writer, { pk }: Pick<Row<'tasks'>, 'pk'>, cursor: number): Promise<void> {
  await tx.updateTable('tasks').set({ cursor }).where('pk', '=', pk).execute()
}

/** Deletes a part of the assignments of a task that is gone; says whether there was nothing left. */
export async function deletePartOfTask(tx: Writer, taskPk: number): Promise<boolean> {
  const part = tx.selectFrom('task_assignments').select('pk').where('task_pk', '=', taskPk).limit(ROWS_PER_DELETE_MAX)
  const { numDeletedRows } = await tx.deleteFrom('task_assignments').where('pk', 'in', part).executeTakeFirst()
  return numDeletedRows < BigInt(ROWS_PER_DELETE_MAX)
}

/** Whether a task is still there. */
export const taskIsThere = async (db: Reader, taskPk: number): Promise<boolean> =>
  (await db.selectFrom('tasks').select('pk').where('pk', '=', taskPk).executeTakeFirst()) !== undefined
