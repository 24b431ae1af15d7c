import { IDS_PER_STATEMENT_MAX } from '../limits.ts'
import type { Reader } from '../session.ts'

/** Embeddings that can be compared with each other: of one app, one model version and one length. */
export interface VectorSpace {
  readonly appPk: number
  readonly versionPk: number
  readonly dimension: number
}

/** One line of the log of embeddings. */
export interface EmbeddingChange extends VectorSpace {
  readonly sequence: number
  readonly token: string
  readonly embeddingPk: number
  readonly added: boolean
}

/** The changes after a sequence number, in order. */
export async function embeddingChanges(db: Reader, after: number, limit: number): Promise<EmbeddingChange[]> {
  const rows = await db
    .selectFrom('embedding_log')
    .selectAll()
    .where('pk', '>', after)
    .where((eb) => db.ops.settled(eb.ref('transaction_number')))
    .orderBy('pk')
    .limit(limit)
    .execute()
  return rows.map((row) => ({
    appPk: row.app_pk,
    versionPk: row.model_version_pk,
    dimension: row.dimension,
    sequence: row.pk,
    token: row.token,
    embeddingPk: row.embedding_pk,
    added: row.added === 1,
  }))
}

/** The token of a sequence number, or undefined where the log does not have it (any more). */
export async function logToken(db: Reader, sequence: number): Promise<string | undefined> {
  const row = await db.selectFrom('embedding_log').select('token').where('pk', '=', sequence).executeTakeFirst()
  return row?.token
}

/** The newest settled line of the log. */
export async function newestChange(db: Reader): Promise<{ sequence: number; token: string } | undefined> {
  const row = await db
    .selectFrom('embedding_log')
    .select(['pk', 'token'])
    .where((eb) => db.ops.settled(eb.ref('transaction_number')))
    .orderBy('pk', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row && { sequence: row.pk, token: row.token }
}

/** Vectors by pk of their embeddings; little-endian 32-bit floats. Those that are gone are left out. */
export async function vectorsOf(db: Reader, pks: readonly number[]): Promise<Map<number, Uint8Array>> {
  const found = new Map<number, Uint8Array>()
  for (let at = 0; at < pks.length; at += IDS_PER_STATEMENT_MAX) {
    const part = pks.slice(at, at + IDS_PER_STATEMENT_MAX)
    const rows = await db.selectFrom('embeddings').select(['pk', 'vector']).where('pk', 'in', part).execute()
    for (const { pk, vector } of rows) found.set(pk, vector)
  }
  return found
}

/** A page of the vectors of a space, in the order of their pks. */
export async function vectorsOfSpace(
  db: Reader,
  space: VectorSpace,
  afterPk: number,
  limit: number,
): Promise<{ pk: number; vector: Uint8Array }[]> {
  return db
    .selectFrom('embeddings')
    .select(['pk', 'vector'])
    .where('app_pk', '=', space.appPk)
    .where('model_version_pk', '=', space.versionPk)
    .where('dimension', '=', space.dimension)
    .where('pk', '>', afterPk)
    .orderBy('pk')
    .limit(limit)
    .execute()
}
