import type { Micros } from '../../base/clock.ts'
import { rowChanged } from '../errors.ts'
import { IDS_PER_STATEMENT_MAX } from '../limits.ts'
import type { Row } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'

/** A stored content as rows name it. */
export interface NamedBlob {
  /** SHA-256 in hexadecimal. */
  hash: string
  /** Bytes. */
  size: number
  contentType: string
}

/** Counts one more row that names the blob; in the same transaction as that row, after `put` of the content. */
export async function retainBlob(tx: Writer, blob: NamedBlob, now: Micros): Promise<void> {
  await tx
    .insertInto('blobs')
    .values({
      hash: blob.hash,
      size: blob.size,
      content_type: blob.contentType,
      ref_count: 1,
      created_at: now,
      modified_at: now,
    })
    .onConflict((conflict) =>
      conflict.column('hash').doUpdateSet((row) => ({ ref_count: row('blobs.ref_count', '+', 1), modified_at: now })),
    )
    .execute()
}

/** Counts one row less; a blob that no row names goes away with a later sweep. Throws when none was counted. */
export async function releaseBlob(tx: Writer, hash: string, now: Micros): Promise<void> {
  const { numUpdatedRows } = await tx
    .updateTable('blobs')
    .set((row) => ({ ref_count: row('ref_count', '-', 1), modified_at: now }))
    .where('hash', '=', hash)
    .where('ref_count', '>', 0)
    .executeTakeFirst()
  if (numUpdatedRows !== 1n) throw rowChanged(`The stored content ${hash}`)
}

/** What is known of a blob, or undefined when no row ever named it. */
export function getBlobRow(db: Reader, hash: string): Promise<Row<'blobs'> | undefined> {
  return db.selectFrom('blobs').selectAll().where('hash', '=', hash).executeTakeFirst()
}

/** Those of the hashes that rows name. */
export async function namedBlobs(db: Reader, hashes: readonly string[]): Promise<Set<string>> {
  const named = new Set<string>()
  for (let start = 0; start < hashes.length; start += IDS_PER_STATEMENT_MAX) {
    const part = hashes.slice(start, start + IDS_PER_STATEMENT_MAX)
    const rows = await db
      .selectFrom('blobs')
      .select('hash')
      .where('hash', 'in', part)
      .where('ref_count', '>', 0)
      .execute()
    for (const row of rows) named.add(row.hash)
  }
  return named
}

/** Forgets blobs that no row has named since `releasedBefore`; their content is left to the sweep. */
export async function forgetUnnamedBlobs(tx: Writer, releasedBefore: Micros): Promise<void> {
  await tx.deleteFrom('blobs').where('ref_count', '=', 0).where('modified_at', '<', releasedBefore).execute()
}
