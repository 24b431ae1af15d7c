import type { Micros } from '../../base/clock.ts'
import { rowChanged } from '../errors.ts'
import { inParts } from '../parts.ts'
import type { Row } from '../schema/tables.ts'
import type { Reader, Writer } from '../session.ts'

/** Rows of one insert, which has six values for each. */
const BLOBS_PER_INSERT_MAX = 100

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

/** Counts one more row for each entry, of which several may name the same blob; otherwise as `retainBlob`. */
export async function retainBlobs(tx: Writer, blobs: readonly NamedBlob[], now: Micros): Promise<void> {
  const counts = new Map<string, { blob: NamedBlob; count: number }>()
  for (const blob of blobs) {
    const known = counts.get(blob.hash)
    if (known) known.count++
    else counts.set(blob.hash, { blob, count: 1 })
  }
  // In one order for all, so that transactions which name the same contents wait for each other and never in a circle.
  const inOrder = [...counts.values()].sort((a, b) => (a.blob.hash < b.blob.hash ? -1 : 1))
  const rows = inOrder.map(({ blob, count }) => ({
    hash: blob.hash,
    size: blob.size,
    content_type: blob.contentType,
    ref_count: count,
    created_at: now,
    modified_at: now,
  }))
  for (let start = 0; start < rows.length; start += BLOBS_PER_INSERT_MAX) {
    await tx
      .insertInto('blobs')
      .values(rows.slice(start, start + BLOBS_PER_INSERT_MAX))
      .onConflict((conflict) =>
        conflict.column('hash').doUpdateSet((row) => ({
          ref_count: row('blobs.ref_count', '+', row.ref('excluded.ref_count')),
          modified_at: now,
        })),
      )
      .execute()
  }
}

/** Counts one row less for each entry; otherwise as `releaseBlob`. */
export async function releaseBlobs(tx: Writer, hashes: readonly string[], now: Micros): Promise<void> {
  const counts = new Map<string, number>()
  for (const hash of hashes) counts.set(hash, (counts.get(hash) ?? 0) + 1)
  const byCount = Map.groupBy([...counts.keys()].sort(), (hash) => counts.get(hash)!)
  for (const [count, group] of byCount) {
    for (const part of inParts(group)) {
      const { numUpdatedRows } = await tx
        .updateTable('blobs')
        .set((row) => ({ ref_count: row('ref_count', '-', count), modified_at: now }))
        .where('hash', 'in', part)
        .where('ref_count', '>=', count)
        .executeTakeFirst()
      if (numUpdatedRows !== BigInt(part.length)) throw rowChanged('Stored contents')
    }
  }
}

/** What is known of a blob, or undefined when no row ever named it. */
export function getBlobRow(db: Reader, hash: string): Promise<Row<'blobs'> | undefined> {
  return db.selectFrom('blobs').selectAll().where('hash', '=', hash).executeTakeFirst()
}

/** Those of the hashes that rows name. */
export async function namedBlobs(db: Reader, hashes: readonly string[]): Promise<Set<string>> {
  const named = new Set<string>()
  for (const part of inParts(hashes)) {
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
