import type { MediaItem } from '../../media/prepare/prepared.ts'
import { MAX_MEDIA_BATCH_BYTES, MAX_MEDIA_BATCH_ITEMS } from '../limits.ts'

/** Cuts items into batches: at least one per process if there are enough, of limited count and bytes. */
export function cutBatches(items: readonly MediaItem[], workers: number): MediaItem[][] {
  const size = Math.max(1, Math.min(MAX_MEDIA_BATCH_ITEMS, Math.ceil(items.length / workers)))
  const batches: MediaItem[][] = []
  let batch: MediaItem[] = []
  let bytes = 0
  for (const item of items) {
    const own = 'bytes' in item.source ? item.source.bytes.length : 0
    if (batch.length > 0 && (batch.length >= size || bytes + own > MAX_MEDIA_BATCH_BYTES)) {
      batches.push(batch)
      batch = []
      bytes = 0
    }
    batch.push(item)
    bytes += own
  }
  if (batch.length > 0) batches.push(batch)
  return batches
}
