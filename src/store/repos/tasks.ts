import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely'
import { StatusCode } from '../../contract/status-code.ts'
import { ROWS_PER_DELETE_MAX } from '../limits.ts'
import type { Row, Schema, TaskRole } from '../schema/tables.ts'
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

/** User ids of the workers and reviewers of an app's tasks, by the tasks' ids. */
export async function tasksWithMembers(
  db: Reader,
  appPk: number,
  ids: readonly string[],
): Promise<Map<string, Set<string>>> {
  const rows = await db
    .selectFrom('tasks')
    .leftJoin('task_members', 'task_members.task_pk', 'tasks.pk')
    .select(['tasks.id', 'task_members.user_id'])
    .where('tasks.app_pk', '=', appPk)
    .where('tasks.id', 'in', ids)
    .execute()
  const found = new Map<string, Set<string>>()
  for (const { id, user_id } of rows) {
    const members = found.get(id) ?? new Set()
    if (user_id !== null) members.add(user_id)
    found.set(id, members)
  }
  return found
}

/** Whether a user reviews a task of an app. */
export async function reviewsTask(db: Reader, appPk: number, id: string, userId: string): Promise<boolean> {
  const row = await db
    .selectFrom('tasks')
    .innerJoin('task_members', 'task_members.task_pk', 'tasks.pk')
    .select('tasks.pk')
    .where('tasks.app_pk', '=', appPk)
    .where('tasks.id', '=', id)
    .where('task_members.role', '=', 'reviewer')
    .where('task_members.user_id', '=', userId)
    .executeTakeFirst()
  return row !== undefined
}

/** True of the tasks of some label orders. */
export const withOrder =
  (orderIds: readonly string[]): Condition<'tasks'> =>
  (task) =>
    task.and([ofAnOrder, task('label_order_id', 'in', orderIds)])

/** The tasks of an app that have some of the users as workers. */
export function tasksOfWorkers(db: Reader, appPk: number, userIds: readonly string[]): Promise<Row<'tasks'>[]> {
  return db
    .selectFrom('tasks')
    .selectAll()
    .where('app_pk', '=', appPk)
    .where((task) => withMember('worker', userIds)(task as never))
    .execute()
}

/** Takes away what users have not labelled of a task. */
export async function releaseAssigned(tx: Writer, taskPk: number, userIds: readonly string[]): Promise<void> {
  await tx
    .deleteFrom('task_assignments')
    .where('task_pk', '=', taskPk)
    .where('worker_kind', '=', 'user')
    .where('worker_id', 'in', userIds)
    .where('status_code', '=', StatusCode.TASK_ASSIGNMENT_PENDING)
    .execute()
}

/** Takes away what users have not reviewed of the tasks of an app. */
export async function releaseReviews(tx: Writer, appPk: number, userIds: readonly string[]): Promise<void> {
  await tx
    .deleteFrom('task_reviews')
    .where('task_pk', 'in', (eb) => eb.selectFrom('tasks').select('tasks.pk').where('tasks.app_pk', '=', appPk))
    .where('user_id', 'in', userIds)
    .where('status_code', '=', StatusCode.TASK_ASSIGNMENT_REVIEW_PENDING)
    .execute()
}

/** The tasks of label orders of an app. */
export function tasksOfOrders(db: Reader, appPk: number, orderIds: readonly string[]): Promise<Row<'tasks'>[]> {
  if (orderIds.length === 0) return Promise.resolve([])
  return db
    .selectFrom('tasks')
    .selectAll()
    .where('app_pk', '=', appPk)
    .where(ofAnOrder)
    .where('label_order_id', 'in', orderIds)
    .orderBy('pk')
    .execute()
}

/** Which annotations of earlier tasks a task replaces. */
export interface Replaced {
  readonly worker: {
    readonly kind: 'model' | 'workflow'
    readonly id: string
    readonly appId: string
    readonly userId: string
  }
  /** Of the app, each by its id or its name; none for all. */
  readonly concepts: readonly { readonly id: string; readonly name: string }[]
  readonly by: Pick<Row<'tasks'>, 'pk' | 'created_at'>
  readonly limit: number
}

/** True of annotations of tasks that were made before one; where their task is gone, of those that are older than it. */
function ofEarlierTask(eb: ExpressionBuilder<Schema, 'annotations'>, by: Replaced['by']): Expression<SqlBool> {
  const tasks = eb
    .selectFrom('tasks')
    .select('tasks.pk')
    .whereRef('tasks.app_pk', '=', 'annotations.app_pk')
    .whereRef('tasks.id', '=', 'annotations.task_id')
  const gone = eb.not(eb.exists(tasks))
  return eb.or([
    eb.exists(tasks.where('tasks.pk', '<', by.pk)),
    eb.and([gone, eb('annotations.created_at', '<=', by.created_at)]),
  ])
}

/** Notes that a task has deleted what earlier ones made. */
export async function notePreviousDeleted(tx: Writer, taskPk: number): Promise<void> {
  await tx.updateTable('tasks').set({ previous_deleted: 1 }).where('pk', '=', taskPk).execute()
}

/** Leaves the tasks of label orders that are deleted, or of all of an app, without an order. */
export async function leaveOrders(tx: Writer, appPk: number, orderIds: readonly string[] | 'all'): Promise<void> {
  let change = tx.updateTable('tasks').set({ label_order_id: '' }).where('app_pk', '=', appPk).where(ofAnOrder)
  if (orderIds !== 'all') change = change.where('label_order_id', 'in', orderIds)
  await change.execute()
}

/** In the words of the index. */
const ofAnOrder = sql<boolean>`label_order_id <> ''`

/** Annotations that earlier tasks, which may be gone since, have made by a model or workflow, whichever of its versions it was. */
export async function previousAutoAnnotations(db: Reader, appPk: number, wish: Replaced): Promise<number[]> {
  const { kind, id, appId, userId } = wish.worker
  const home = { app: appId, user: userId }
  let query = db
    .selectFrom('annotations')
    .select('annotations.pk')
    .where('annotations.app_pk', '=', appPk)
    .where(sql<boolean>`task_id <> ''`)
    .where((eb) => ofEarlierTask(eb, wish.by))
    .where('annotations.worker_kind', '=', kind === 'model' ? 'model_version' : 'workflow_version')
    .where('annotations.worker_pk', 'in', (eb) =>
      kind === 'model'
        ? eb
            .selectFrom('model_versions')
            .innerJoin('models', 'models.pk', 'model_versions.model_pk')
            .innerJoin('apps', 'apps.pk', 'models.app_pk')
            .innerJoin('users', 'users.pk', 'apps.user_pk')
            .select('model_versions.pk')
            .where('models.id', '=', id)
            .where('apps.id', '=', home.app)
            .where('users.id', '=', home.user)
        : eb
            .selectFrom('workflow_versions')
            .innerJoin('workflows', 'workflows.pk', 'workflow_versions.workflow_pk')
            .innerJoin('apps', 'apps.pk', 'workflows.app_pk')
            .innerJoin('users', 'users.pk', 'apps.user_pk')
            .select('workflow_versions.pk')
            .where('workflows.id', '=', id)
            .where('apps.id', '=', home.app)
            .where('users.id', '=', home.user),
    )
    .limit(wish.limit)
  if (wish.concepts.length > 0) {
    const ids = wish.concepts.flatMap((one) => one.id || [])
    const names = wish.concepts.flatMap((one) => (one.id === '' ? one.name : []))
    query = query.where((eb) =>
      eb.exists(
        eb
          .selectFrom('annotation_concepts')
          .innerJoin('concepts', 'concepts.pk', 'annotation_concepts.concept_pk')
          .select('concepts.pk')
          .whereRef('annotation_concepts.annotation_pk', '=', 'annotations.pk')
          .where((own) =>
            own.or([
              ...(ids.length > 0 ? [own('concepts.id', 'in', ids)] : []),
              ...(names.length > 0 ? [own('concepts.name', 'in', names)] : []),
            ]),
          ),
      ),
    )
  }
  return (await query.execute()).map(({ pk }) => pk)
}

/** What a task of auto-annotation has said that a reviewer wants said anew. */
export async function annotationsToSayAnew(db: Reader, task: Row<'tasks'>): Promise<number[]> {
  const rows = await db
    .selectFrom('annotations')
    .select('annotations.pk')
    .where('annotations.app_pk', '=', task.app_pk)
    .where(sql<boolean>`task_id <> ''`)
    .where('annotations.task_id', '=', task.id)
    .where('annotations.worker_kind', 'in', ['model_version', 'workflow_version'])
    .where('annotations.status_code', '=', StatusCode.ANNOTATION_PENDING)
    .where('annotations.created_at', '>=', task.created_at)
    .where('annotations.input_pk', 'in', (eb) =>
      eb
        .selectFrom('task_assignments')
        .select('task_assignments.input_pk')
        .where('task_assignments.task_pk', '=', task.pk)
        .where('task_assignments.status_code', '=', StatusCode.TASK_ASSIGNMENT_PENDING),
    )
    .execute()
  return rows.map(({ pk }) => pk)
}

/** Lets what could not be annotated, or shall be anew, be tried again. */
export async function dropPending(tx: Writer, taskPk: number): Promise<void> {
  await tx
    .deleteFrom('task_assignments')
    .where('task_pk', '=', taskPk)
    .where('status_code', '=', StatusCode.TASK_ASSIGNMENT_PENDING)
    .execute()
}
