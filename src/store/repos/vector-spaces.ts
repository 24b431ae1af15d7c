import { CommitMemory } from '../commit-memory.ts'
import type { Reader } from '../session.ts'
import type { VectorSpace } from './embedding-log.ts'

const APPS_REMEMBERED = 1_000
const spacesRemembered = new CommitMemory<VectorSpace[]>(APPS_REMEMBERED)

/** The spaces that an app has vectors in. */
export function spacesOfApp(db: Reader, appPk: number): Promise<readonly VectorSpace[]> {
  return spacesRemembered.get(db, String(appPk), () => findSpaces(db, appPk))
}

/** Looks them up by jumping from one to the next. */
async function findSpaces(db: Reader, appPk: number): Promise<VectorSpace[]> {
  const spaces: VectorSpace[] = []
  for (let after = -1; ; ) {
    const row = await db
      .selectFrom('embeddings')
      .select(['model_version_pk', 'dimension'])
      .where('app_pk', '=', appPk)
      .where('model_version_pk', '>', after)
      .orderBy('model_version_pk')
      .limit(1)
      .executeTakeFirst()
    if (!row) return spaces
    after = row.model_version_pk
    spaces.push({ appPk, versionPk: after, dimension: row.dimension })
  }
}

/** Pks of the model versions with an id, for which there are seldom several. */
export async function versionPksOf(db: Reader, versionId: string): Promise<number[]> {
  const rows = await db.selectFrom('model_versions').select('pk').where('id', '=', versionId).execute()
  return rows.map(({ pk }) => pk)
}

/** The id of the model of an app that a version is of. */
export async function modelOfVersion(db: Reader, appPk: number, versionId: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('model_versions')
    .innerJoin('models', 'models.pk', 'model_versions.model_pk')
    .select('models.id')
    .where('model_versions.id', '=', versionId)
    .where('models.app_pk', '=', appPk)
    .executeTakeFirst()
  return row?.id
}

/** The vectors of an input in a space. */
export async function vectorsOfInput(db: Reader, inputPk: number, space: VectorSpace): Promise<Uint8Array[]> {
  const rows = await db
    .selectFrom('embeddings')
    .select('vector')
    .where('input_pk', '=', inputPk)
    .where('model_version_pk', '=', space.versionPk)
    .where('dimension', '=', space.dimension)
    .orderBy('pk')
    .execute()
  return rows.map(({ vector }) => vector)
}
