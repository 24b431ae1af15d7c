import { sql } from 'kysely'
import { StatusCode } from '../../contract/status-code.ts'
import type { Session } from '../session.ts'
import type { TableMaker } from './table-maker.ts'

/** Whether a task has deleted what earlier ones made, and the tasks of label orders by an index. */
export async function taskLinks(make: TableMaker, db: Session): Promise<void> {
  await db.schema
    .alterTable('tasks')
    .addColumn('previous_deleted', db.ops.types.bool, (column) => column.notNull().defaultTo(0))
    .execute()
  // Whatever has begun to annotate had deleted before.
  await sql`update tasks set previous_deleted = 1 where status_code <> ${sql.lit(StatusCode.TASK_IN_PROGRESS)}
    or exists (select 1 from task_assignments where task_assignments.task_pk = tasks.pk)`.execute(db)
  // Orders that are gone have left their ids with their tasks; those of an order are as old as it is, or newer.
  await sql`update tasks set label_order_id = '' where label_order_id <> '' and not exists (
    select 1 from label_orders where label_orders.app_pk = tasks.app_pk
      and label_orders.id = tasks.label_order_id and label_orders.created_at <= tasks.created_at)`.execute(db)
  await make.index('tasks', ['app_pk', 'label_order_id', 'pk'], { where: "label_order_id <> ''" })
}
