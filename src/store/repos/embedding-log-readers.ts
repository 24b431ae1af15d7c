import type { Micros } from '../../base/clock.ts'
import { LOG_ROWS_PER_PRUNING } from '../limits.ts'
import type { Writer } from '../session.ts'
import type { LogMark } from './embedding-log.ts'

/** Notes how far back a reader of the log of embeddings may still want to read. */
export async function noteLogReader(tx: Writer, reader: string, mark: LogMark, now: Micros): Promise<void> {
  const row = { sequence: mark.sequence, oldest_running: mark.oldestRunning, seen_at: now }
  await tx
    .insertInto('embedding_log_readers')
    .values({ reader, ...row })
    .onConflict((conflict) => conflict.column('reader').doUpdateSet(row))
    .execute()
}

/**
 * Removes some of the rows that all readers have behind them; those that were not seen since a time are forgotten.
 * Answers whether there may be more. The rows that marks name stay, so a reader sees from its own whether it has been
 * left behind: rows go in order, and while its row is there, so are all after it.
 */
export async function pruneLog(tx: Writer, seenSince: Micros): Promise<boolean> {
  await tx.deleteFrom('embedding_log_readers').where('seen_at', '<', seenSince).execute()
  const { sequence, oldestRunning } = await tx
    .selectFrom('embedding_log_readers')
    .select(({ fn }) => [fn.min('sequence').as('sequence'), fn.min('oldest_running').as('oldestRunning')])
    .executeTakeFirstOrThrow()
  if (sequence === null) return false
  const rows = await tx
    .selectFrom('embedding_log')
    .select(['pk', 'transaction_number'])
    .where('pk', '<', sequence)
    .orderBy('pk')
    .limit(LOG_ROWS_PER_PRUNING)
    .execute()
  // Where transactions overlap, one that some reader has not seen may have a low pk; nothing behind it goes.
  const open = rows.findIndex((row) => row.transaction_number > 0 && row.transaction_number >= oldestRunning)
  const done = open === -1 ? rows : rows.slice(0, open)
  const last = done.at(-1)
  if (last) await tx.deleteFrom('embedding_log').where('pk', '<=', last.pk).execute()
  return done.length === LOG_ROWS_PER_PRUNING
}
