import type { Session } from '../session.ts'
import type { TableMaker } from './table-maker.ts'

/** Modules, their versions, in which apps those are installed, and the keys that callers have made for installs. */
export async function modules(make: TableMaker, db: Session): Promise<void> {
  await make.table('modules', (t) =>
    t.family().parent('app_pk', 'apps').text('id').text('description').bigint('visibility').bool('is_bookmark'),
  )
  await make.index('modules', ['app_pk', 'id'], { unique: true })
  await make.index('modules', ['app_pk', 'modified_at desc', 'pk desc'])
  await make.table('module_versions', (t) =>
    t.family().parent('module_pk', 'modules').text('id').bigint('visibility').bool('approved'),
  )
  await make.index('module_versions', ['module_pk', 'id'], { unique: true })
  await make.table('installed_module_versions', (t) =>
    t.family().parent('app_pk', 'apps').text('id').parent('version_pk', 'module_versions').bigint('visibility'),
  )
  await make.index('installed_module_versions', ['app_pk', 'id'], { unique: true })
  await make.index('installed_module_versions', ['version_pk'])
  await db.schema
    .alterTable('credentials')
    .addColumn('install_pk', db.ops.types.bigint, (column) =>
      column.references('installed_module_versions.pk').onDelete('cascade'),
    )
    .execute()
  await make.index('credentials', ['install_pk'], { where: 'install_pk is not null' })
}
