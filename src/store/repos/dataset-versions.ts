import type { Micros } from '../../base/clock.ts'
import { IDS_PER_STATEMENT_MAX } from '../limits.ts'
import type { Row } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'
import { releaseBlobs, retainBlob } from './blob-rows.ts'
import { insertRows } from './insert-rows.ts'

/** What the parts of a version are, as their blobs say it. */
export const CHUNK_CONTENT_TYPE = 'application/x-protobuf'

/** Pks of all versions of datasets. */
export async function versionPksOfDatasets(db: Reader, datasetPks: readonly number[]): Promise<number[]> {
  if (datasetPks.length === 0) return []
  const rows = await db.selectFrom('dataset_versions').select('pk').where('dataset_pk', 'in', datasetPks).execute()
  return rows.map(({ pk }) => pk)
}

/** Releases the blobs that versions name, in the transaction that deletes them. */
export async function releaseVersions(tx: Writer, versionPks: readonly number[], now: Micros): Promise<void> {
  for (let start = 0; start < versionPks.length; start += IDS_PER_STATEMENT_MAX) {
    const part = versionPks.slice(start, start + IDS_PER_STATEMENT_MAX)
    const chunks = await tx
      .deleteFrom('dataset_version_chunks')
      .where('version_pk', 'in', part)
      .returning('hash')
      .execute()
    const exports = await tx
      .deleteFrom('dataset_version_exports')
      .where('version_pk', 'in', part)
      .returning('hash')
      .execute()
    const hashes = [...chunks, ...exports].flatMap(({ hash }) => hash ?? [])
    await releaseBlobs(tx, hashes, now)
  }
}

/** Sets how far a version is, unless it was deleted. */
export async function setVersionStatus(
  tx: Writer,
  pk: number,
  status: { readonly code: number; readonly details: string },
  now: Micros,
): Promise<void> {
  await tx
    .updateTable('dataset_versions')
    .set((row) => ({
      status_code: status.code,
      status_details: status.details,
      modified_at: now,
      revision: row('revision', '+', 1),
    }))
    .where('pk', '=', pk)
    .execute()
}

/** Adds the next part of a version; after `put` of its content. */
export async function addChunk(tx: Writer, chunk: Row<'dataset_version_chunks'>, now: Micros): Promise<void> {
  await tx.insertInto('dataset_version_chunks').values(chunk).execute()
  await retainBlob(tx, { hash: chunk.hash, size: chunk.size, contentType: CHUNK_CONTENT_TYPE }, now)
  await tx
    .updateTable('dataset_versions')
    .set((row) => ({ inputs_count: row('inputs_count', '+', chunk.inputs) }))
    .where('pk', '=', chunk.version_pk)
    .execute()
}

/** The parts of a version in their order. */
export function chunksOf(db: Reader, versionPk: number): Promise<Row<'dataset_version_chunks'>[]> {
  return db
    .selectFrom('dataset_version_chunks')
    .selectAll()
    .where('version_pk', '=', versionPk)
    .orderBy('position')
    .execute()
}

/** Gives a version exactly these groups of metrics. */
export async function setGroups(
  tx: Writer,
  versionPk: number,
  groups: readonly Omit<Row<'dataset_version_groups'>, 'version_pk' | 'position'>[],
): Promise<void> {
  await tx.deleteFrom('dataset_version_groups').where('version_pk', '=', versionPk).execute()
  const rows = groups.map((group, position) => ({ version_pk: versionPk, position, ...group }))
  await insertRows(tx, 'dataset_version_groups', rows, [])
}

/** What groups of metrics are wanted; absent means any. */
export interface GroupFilter {
  readonly parentPaths?: readonly string[]
  readonly types?: readonly number[]
  /** As JSON. */
  readonly values?: readonly string[]
}

/** One page of a version's groups of metrics. */
export function listGroups(
  db: Reader,
  versionPk: number,
  { parentPaths, types, values }: GroupFilter,
  window: { readonly limit: number; readonly offset: number },
): Promise<Row<'dataset_version_groups'>[]> {
  let query = db.selectFrom('dataset_version_groups').selectAll().where('version_pk', '=', versionPk)
  if (parentPaths) query = query.where('parent_path', 'in', parentPaths)
  if (types) query = query.where('type', 'in', types)
  if (values) query = query.where('value', 'in', values)
  return query.orderBy('position').limit(window.limit).offset(window.offset).execute()
}

/** The group over all inputs of each version that has its metrics, by the version's pk. */
export async function totalGroups(db: Reader, versionPks: readonly number[]): Promise<Map<number, string>> {
  if (versionPks.length === 0) return new Map()
  const rows = await db
    .selectFrom('dataset_version_groups')
    .select(['version_pk', 'doc'])
    .where('version_pk', 'in', versionPks)
    .where('position', '=', 0)
    .execute()
  return new Map(rows.map(({ version_pk, doc }) => [version_pk, doc]))
}

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

/** Puts an export in the place of the one of this format, whose file is released. */
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
  await tx.insertInto('dataset_version_exports').values(row).execute()
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
