import type { TableMaker } from './table-maker.ts'

/** Orders of labelling, each with a task. */
export async function labelOrders(make: TableMaker): Promise<void> {
  await make.table('label_orders', (t) => t.family().parent('app_pk', 'apps').text('id').bigint('status_code'))
  await make.index('label_orders', ['app_pk', 'id'], { unique: true })
  await make.index('label_orders', ['app_pk', 'created_at desc', 'pk desc'])
}
