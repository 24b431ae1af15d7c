import type { TableMaker } from './table-maker.ts'

/** Values that callers count, with their tags, and views of public things. */
export async function statistics(make: TableMaker): Promise<void> {
  await make.table('stat_values', (t) => t.pk().parent('app_pk', 'apps').bigint('time').real('value'))
  await make.index('stat_values', ['app_pk', 'time', 'pk'])
  await make.table('stat_value_tags', (t) =>
    t
      .parent('value_pk', 'stat_values')
      .text('tag_group')
      .text('tag')
      .bigint('app_pk')
      .key(['value_pk', 'tag_group', 'tag']),
  )
  await make.index('stat_value_tags', ['app_pk', 'tag_group', 'tag', 'value_pk'])
  await make.table('views', (t) =>
    t.text('kind').parent('app_pk', 'apps').text('object_id').bigint('views').key(['kind', 'app_pk', 'object_id']),
  )
  await make.index('views', ['kind', 'views desc', 'app_pk', 'object_id'])
}
