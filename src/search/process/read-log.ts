import type { Reader } from '../../store/database.ts'
import { type EmbeddingChange, embeddingChanges, type LogMark, logToken } from '../../store/repos/embedding-log.ts'
import type { DamagedIndex } from '../../vectors/damaged.ts'
import type { VectorIndex } from '../../vectors/vector-index.ts'
import { CHANGES_PER_READ } from '../limits.ts'
import { applyChanges } from './apply-changes.ts'

/** How far the log was read. */
export interface Place {
  readonly mark: LogMark
  /** Changes that were applied and will be read again, as an older transaction was running beside them. */
  readonly ahead: ReadonlySet<number>
}

/**
 * Applies what the log has after a place to the indexes that are given for changes; `damaged` hears of those whose
 * files are. Returns the place then, or undefined where the log no longer goes back to it: rows of it go in order, and
 * the one that a mark names stays for as long as all after it do.
 */
export async function readLog(
  db: Reader,
  { mark, ahead }: Place,
  indexOf: (change: EmbeddingChange) => VectorIndex | undefined,
  damaged: (change: EmbeddingChange, error: DamagedIndex) => void,
): Promise<Place | undefined> {
  const nowAhead = new Set<number>()
  let [end, oldestRunning] = [mark, undefined as number | undefined]
  for (let after = 0; ; ) {
    const page = await embeddingChanges(db, mark, after, CHANGES_PER_READ)
    const { changes } = page
    const fresh = changes.filter(({ sequence }) => !ahead.has(sequence))
    await applyChanges(db, fresh, indexOf, damaged)
    for (const { sequence, token, settled } of changes) {
      if (!settled) nowAhead.add(sequence)
      if (sequence > end.sequence) end = { ...mark, sequence, token }
    }
    // What was settled when the first page was read has been read at the end.
    oldestRunning ??= page.oldestRunning
    if (changes.length < CHANGES_PER_READ) {
      const known = mark.sequence === 0 || (await logToken(db, mark.sequence)) === mark.token
      return known ? { mark: { ...end, oldestRunning }, ahead: nowAhead } : undefined
    }
    after = changes.at(-1)!.sequence
    await breathe()
  }
}

/** Lets what waits for the event loop in. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
