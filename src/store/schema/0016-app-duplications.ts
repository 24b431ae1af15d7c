import type { TableMaker } from './table-maker.ts'

/** Jobs that copy one app into another. */
export async function appDuplications(make: TableMaker): Promise<void> {
  await make.table('app_duplications', (t) =>
    t
      .family()
      .parent('user_pk', 'users')
      .text('id')
      .bigint('status_code')
      .text('status_details')
      .bigint('destination_pk'),
  )
  await make.index('app_duplications', ['user_pk', 'id'], { unique: true })
  await make.index('app_duplications', ['user_pk', 'created_at desc', 'pk desc'])
}
