import type { Micros } from '../../base/clock.ts'
import { inParts } from '../parts.ts'
import type { Row } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'
import { releaseBlobs, retainBlob } from './blob-rows.ts'
import { releaseExports } from './dataset-exports.ts'
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
  for (const part of inParts(versionPks)) {
    const chunks = await tx
      .deleteFrom('dataset_version_chunks')
      .where('version_pk', 'in', part)
      .returning('hash')
      .execute()
    await releaseBlobs(
      tx,
      chunks.map(({ hash }) => hash),
      now,
    )
    await releaseExports(tx, part, now)
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
