import type { Micros } from '../base/clock.ts'
import type { BlobStore } from '../blobs/blob-store.ts'
import type { Database } from '../store/database.ts'
import { forgetUnnamedBlobs, namedBlobs } from '../store/repos/blob-rows.ts'

/** How long content that no row names is kept, in microseconds: far longer than a row takes to follow its content. */
export const UNNAMED_BLOB_KEPT_MICROS = 60 * 60 * 1_000_000

/** Removes content that no row has named for the grace period; returns how many blobs went. Safe to run twice. */
export async function sweepBlobs(
  db: Database,
  blobs: BlobStore,
  now: Micros,
  keptMicros = UNNAMED_BLOB_KEPT_MICROS,
): Promise<number> {
  const before = now - keptMicros
  await db.transact((tx) => forgetUnnamedBlobs(tx, before))
  return blobs.sweep(before, (hashes) => namedBlobs(db.read, hashes))
}
