import type { Micros } from '../../base/clock.ts'
import { inParts } from '../parts.ts'
import type { VersionFileRole } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'
import { type NamedBlob, releaseBlob, retainBlob } from './blob-rows.ts'

/** Hash of each stored content of a model version, by role. */
export type VersionFiles = Readonly<Partial<Record<VersionFileRole, string>>>

/** The stored contents that a model version names. */
export async function versionFiles(db: Reader, versionPk: number): Promise<VersionFiles> {
  const rows = await db
    .selectFrom('model_version_files')
    .select(['role', 'hash'])
    .where('version_pk', '=', versionPk)
    .execute()
  return Object.fromEntries(rows.map(({ role, hash }) => [role, hash]))
}

/** Names a content in a version, which has none of this role yet; after `put` of the content. */
export async function addVersionFile(
  tx: Writer,
  versionPk: number,
  role: VersionFileRole,
  blob: NamedBlob,
  now: Micros,
): Promise<void> {
  await tx.insertInto('model_version_files').values({ version_pk: versionPk, role, hash: blob.hash }).execute()
  await retainBlob(tx, blob, now)
}

/** Forgets a content of a version; does nothing where it has none of this role. */
export async function dropVersionFile(
  tx: Writer,
  versionPk: number,
  role: VersionFileRole,
  now: Micros,
): Promise<void> {
  const rows = await tx
    .deleteFrom('model_version_files')
    .where('version_pk', '=', versionPk)
    .where('role', '=', role)
    .returning('hash')
    .execute()
  for (const { hash } of rows) await releaseBlob(tx, hash, now)
}

/** Releases what versions name, in the transaction that deletes them (with which the rows go by themselves). */
export async function releaseFilesOfVersions(tx: Writer, versionPks: readonly number[], now: Micros): Promise<void> {
  for (const part of inParts(versionPks)) {
    const rows = await tx.deleteFrom('model_version_files').where('version_pk', 'in', part).returning('hash').execute()
    for (const { hash } of rows) await releaseBlob(tx, hash, now)
  }
}

/** The same for all versions of models. */
export async function releaseFilesOfModels(tx: Writer, modelPks: readonly number[], now: Micros): Promise<void> {
  for (const part of inParts(modelPks)) {
    const rows = await tx
      .selectFrom('model_version_files')
      .innerJoin('model_versions', 'model_versions.pk', 'model_version_files.version_pk')
      .select('model_versions.pk')
      .distinct()
      .where('model_versions.model_pk', 'in', part)
      .execute()
    const pks = rows.map(({ pk }) => pk)
    await releaseFilesOfVersions(tx, pks, now)
  }
}

/** Versions in a status, oldest first. */
export async function versionsInStatus(db: Reader, statusCode: number): Promise<number[]> {
  const rows = await db
    .selectFrom('model_versions')
    .select('pk')
    .where('status_code', '=', statusCode)
    .orderBy('pk')
    .execute()
  return rows.map(({ pk }) => pk)
}
