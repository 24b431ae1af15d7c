import type { LabelOrder } from '../../contract/index.ts'
import type { Row } from '../../store/schema/tables.ts'
import { requireApp } from '../access/target.ts'
import type { Call } from '../call.ts'
import { insertOne, present } from '../resource/verbs.ts'
import { insertTask, type ReadyTask, readyTask } from '../tasks/post.ts'
import { invalidTask } from '../tasks/problem.ts'
import { labelOrders } from './resource.ts'

/** Stores new label orders with their tasks, all or none. */
export async function postLabelOrders(call: Call, orders: readonly LabelOrder[]): Promise<LabelOrder[]> {
  const ready: { readonly order: LabelOrder; readonly task: ReadyTask }[] = []
  for (const order of orders) {
    if (!order.task) throw invalidTask('A label order has no task; say in it what shall be labelled.')
    ready.push({ order, task: await readyTask(call, order.task) })
  }
  const app = requireApp(call.target)
  const rows = await call.services.db.transact(async (tx) => {
    const stored: Row<'label_orders'>[] = []
    for (const { order, task } of ready) {
      const row = await insertOne(labelOrders, call, app, order, tx)
      await insertTask(call, tx, task, row.id)
      stored.push(row)
    }
    return stored
  })
  return present(labelOrders, call, rows)
}
