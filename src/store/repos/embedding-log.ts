import { inParts } from '../parts.ts'
import type { Row } from '../schema/tables.ts'
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
  /** No change with a lower transaction can appear any more. */
  readonly settled: boolean
}

/** How far the log has been read; the token tells a row from one that a crash has taken back. */
export interface LogMark {
  /** Pk of the newest row that was seen; 0 where there was none. */
  readonly sequence: number
  readonly token: string
  /** Rows of transactions from this one on may have been seen or not. */
  readonly oldestRunning: number
}

/** A part of the log, as it was at one moment. */
export interface LogPage {
  readonly changes: readonly EmbeddingChange[]
  /** The oldest transaction that was still running. */
  readonly oldestRunning: number
}

/**
 * Changes since a mark that have a higher pk than `after`, in the order of pks; among them some that had been seen
 * already where transactions overlap. A change can be seen as soon as it is committed, whatever else is running.
 */
export async function embeddingChanges(db: Reader, mark: LogMark, after: number, limit: number): Promise<LogPage> {
  const rows = await db
    .selectFrom('embedding_log')
    .selectAll()
    .select((eb) => [
      db.ops.settled(eb.ref('transaction_number')).as('settled'),
      db.ops.oldestRunning.as('oldest_running'),
    ])
    .where((eb) => db.ops.since(eb.ref('pk'), eb.ref('transaction_number'), mark))
    .where('pk', '>', after)
    .orderBy('pk')
    .limit(limit)
    .execute()
  const changes = rows.map((row) => ({
    appPk: row.app_pk,
    versionPk: row.model_version_pk,
    dimension: row.dimension,
    sequence: row.pk,
    token: row.token,
    embeddingPk: row.embedding_pk,
    added: row.added === 1,
    settled: Boolean(row.settled),
  }))
  return { changes, oldestRunning: rows[0]?.oldest_running ?? mark.oldestRunning }
}

/** The token of a sequence number, or undefined where the log does not have it (any more). */
export async function logToken(db: Reader, sequence: number): Promise<string | undefined> {
  const row = await db.selectFrom('embedding_log').select('token').where('pk', '=', sequence).executeTakeFirst()
  return row?.token
}

/** The end of the log. */
export async function endOfLog(db: Reader): Promise<LogMark> {
  const row = await db
    .selectFrom('embedding_log')
    .select(['pk', 'token'])
    .select(db.ops.oldestRunning.as('oldest_running'))
    .orderBy('pk', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row ? { sequence: row.pk, token: row.token, oldestRunning: row.oldest_running } : START_OF_LOG
}

/** Before everything. */
export const START_OF_LOG: LogMark = { sequence: 0, token: '', oldestRunning: 0 }

/** An embedding: what it belongs to and its vector, little-endian 32-bit floats. */
export interface StoredVector {
  readonly pk: number
  readonly inputPk: number
  readonly annotationPk: number
  readonly vector: Uint8Array
}

/** Embeddings by their pks. Those that are gone are left out. */
export async function vectorsOf(db: Reader, pks: readonly number[]): Promise<Map<number, StoredVector>> {
  const found = new Map<number, StoredVector>()
  for (const part of inParts(pks)) {
    const rows = await db.selectFrom('embeddings').select(STORED).where('pk', 'in', part).execute()
    for (const row of rows) found.set(row.pk, stored(row))
  }
  return found
}

/** A page of the vectors of a space, in the order of their pks. */
export async function vectorsOfSpace(
  db: Reader,
  space: VectorSpace,
  afterPk: number,
  limit: number,
): Promise<StoredVector[]> {
  const rows = await db
    .selectFrom('embeddings')
    .select(STORED)
    .where('app_pk', '=', space.appPk)
    .where('model_version_pk', '=', space.versionPk)
    .where('dimension', '=', space.dimension)
    .where('pk', '>', afterPk)
    .orderBy('pk')
    .limit(limit)
    .execute()
  return rows.map(stored)
}

const STORED = ['pk', 'input_pk', 'annotation_pk', 'vector'] as const

const stored = (row: Pick<Row<'embeddings'>, (typeof STORED)[number]>): StoredVector => ({
  pk: row.pk,
  inputPk: row.input_pk,
  annotationPk: row.annotation_pk,
  vector: row.vector,
})
