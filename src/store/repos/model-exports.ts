import type { Micros } from '../../base/clock.ts'
import type { Row } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'

/** What is known of the export of a model version; undefined when nobody has asked for one. */
export function getModelExport(db: Reader, versionPk: number): Promise<Row<'model_version_exports'> | undefined> {
  return db.selectFrom('model_version_exports').selectAll().where('version_pk', '=', versionPk).executeTakeFirst()
}

/** Writes an export down, in place of an earlier one of the version. */
export async function putModelExport(tx: Writer, row: Row<'model_version_exports'>): Promise<void> {
  const { version_pk: _, ...rest } = row
  await tx
    .insertInto('model_version_exports')
    .values(row)
    .onConflict((conflict) => conflict.column('version_pk').doUpdateSet(rest))
    .execute()
}

/** Changes an export where it is still the one that is meant; says whether it was. */
export async function changeModelExport(
  tx: Writer,
  mediaId: string,
  change: Partial<Pick<Row<'model_version_exports'>, 'status_code' | 'status_details' | 'size'>>,
  now: Micros,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('model_version_exports')
    .set({ ...change, modified_at: now })
    .where('media_id', '=', mediaId)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

/** The file of an export of an app's model, by its address; undefined where it is not written. */
export function modelExportFile(db: Reader, appPk: number, mediaId: string) {
  return db
    .selectFrom('model_version_exports as export')
    .innerJoin('model_versions', 'model_versions.pk', 'export.version_pk')
    .innerJoin('models', 'models.pk', 'model_versions.model_pk')
    .innerJoin('model_version_files as file', 'file.version_pk', 'export.version_pk')
    .select(['file.hash', 'export.size'])
    .where('models.app_pk', '=', appPk)
    .where('export.media_id', '=', mediaId)
    .where('file.role', '=', 'export')
    .executeTakeFirst()
}
