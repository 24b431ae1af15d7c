import type { Micros } from '../../base/clock.ts'
import type { Row } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'
import { releaseBlobs, retainBlob } from './blob-rows.ts'

/** Exports of versions. */
export async function exportsOf(db: Reader, versionPks: readonly number[]): Promise<Row<'dataset_version_exports'>[]> {
  if (versionPks.length === 0) return []
  return db.selectFrom('dataset_version_exports').selectAll().where('version_pk', 'in', versionPks).execute()
}

/** One export. */
export function getExport(
  db: Reader,
  versionPk: number,
  format: number,
): Promise<Row<'dataset_version_exports'> | undefined> {
  return db
    .selectFrom('dataset_version_exports')
    .selectAll()
    .where('version_pk', '=', versionPk)
    .where('format', '=', format)
    .executeTakeFirst()
}

/** Releases all files that exports of versions have, in the transaction that deletes the versions. */
export async function releaseExports(tx: Writer, versionPks: readonly number[], now: Micros): Promise<void> {
  const parts = await tx
    .deleteFrom('dataset_version_export_parts')
    .where('version_pk', 'in', versionPks)
    .returning('hash')
    .execute()
  const files = await tx
    .deleteFrom('dataset_version_exports')
    .where('version_pk', 'in', versionPks)
    .returning('hash')
    .execute()
  await releaseBlobs(
    tx,
    [...parts, ...files].flatMap(({ hash }) => hash ?? []),
    now,
  )
}

/** Puts an export in the place of the one of this format, of which everything is released. */
export async function putExport(tx: Writer, row: Row<'dataset_version_exports'>, now: Micros): Promise<void> {
  const gone = await tx
    .deleteFrom('dataset_version_exports')
    .where('version_pk', '=', row.version_pk)
    .where('format', '=', row.format)
    .returning('hash')
    .execute()
  await releaseBlobs(
    tx,
    gone.flatMap(({ hash }) => hash ?? []),
    now,
  )
  await dropExportParts(tx, row.version_pk, row.format, now)
  await tx.insertInto('dataset_version_exports').values(row).execute()
}

/** Adds the next part of an export that is being written; after `put` of its content. */
export async function addExportPart(
  tx: Writer,
  part: Row<'dataset_version_export_parts'>,
  contentType: string,
  now: Micros,
): Promise<void> {
  await tx.insertInto('dataset_version_export_parts').values(part).execute()
  await retainBlob(tx, { hash: part.hash, size: part.size, contentType }, now)
}

/** What is there of an export that is being written, in the order of its file. */
export function exportParts(
  db: Reader,
  versionPk: number,
  format: number,
): Promise<Row<'dataset_version_export_parts'>[]> {
  return db
    .selectFrom('dataset_version_export_parts')
    .selectAll()
    .where('version_pk', '=', versionPk)
    .where('format', '=', format)
    .orderBy('position')
    .execute()
}

/** Forgets the parts of an export, whose contents are released. */
export async function dropExportParts(tx: Writer, versionPk: number, format: number, now: Micros): Promise<void> {
  const gone = await tx
    .deleteFrom('dataset_version_export_parts')
    .where('version_pk', '=', versionPk)
    .where('format', '=', format)
    .returning('hash')
    .execute()
  await releaseBlobs(
    tx,
    gone.map(({ hash }) => hash),
    now,
  )
}

/** Changes an export that a job works on; false when it was replaced or deleted. */
export async function changeExport(
  tx: Writer,
  mediaId: string,
  change: Partial<Pick<Row<'dataset_version_exports'>, 'status_code' | 'status_details' | 'hash' | 'size'>>,
  now: Micros,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('dataset_version_exports')
    .set({ ...change, modified_at: now })
    .where('media_id', '=', mediaId)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

/** The finished export with this address in an app, with the visibility of what it belongs to. */
export function exportFile(db: Reader, appPk: number, mediaId: string) {
  return db
    .selectFrom('dataset_version_exports as export')
    .innerJoin('dataset_versions', 'dataset_versions.pk', 'export.version_pk')
    .innerJoin('datasets', 'datasets.pk', 'dataset_versions.dataset_pk')
    .select(['export.hash', 'export.size', 'datasets.visibility', 'dataset_versions.visibility as version_visibility'])
    .where('datasets.app_pk', '=', appPk)
    .where('export.media_id', '=', mediaId)
    .where('export.hash', 'is not', null)
    .executeTakeFirst()
}
