import type { TableMaker } from './table-maker.ts'

/** Collectors, and the inputs that they have taken and not looked at yet. */
export async function collectors(make: TableMaker): Promise<void> {
  await make.table('collectors', (t) =>
    t
      .family()
      .parent('app_pk', 'apps')
      .text('id')
      .bigint('status_code')
      .text('status_details')
      .bigint('model_pk')
      .bigint('version_pk')
      .bigint('caller_pk'),
  )
  await make.index('collectors', ['app_pk', 'id'], { unique: true })
  await make.index('collectors', ['app_pk', 'created_at desc', 'pk desc'])
  await make.index('collectors', ['model_pk'])
  await make.table('collected_inputs', (t) =>
    t
      .pk()
      .parent('app_pk', 'apps')
      .parent('collector_pk', 'collectors')
      .text('item_id')
      .text('doc')
      .bigint('created_at'),
  )
  await make.index('collected_inputs', ['collector_pk', 'item_id'], { unique: true })
  await make.index('collected_inputs', ['app_pk', 'pk'])
}
