import type { TableMaker } from './table-maker.ts'

/** How far back each reader of the log of embeddings may still want to read, so that what is older can go. */
export async function embeddingLogReaders(make: TableMaker): Promise<void> {
  await make.table('embedding_log_readers', (t) =>
    t.text('reader').bigint('sequence').bigint('oldest_running').bigint('seen_at').key(['reader']),
  )
}
