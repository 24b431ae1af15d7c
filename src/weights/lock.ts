/** A lock between processes that share one folder. */
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'

/** How often a waiting process tries again. */
const LOCK_POLL_MS = 200
const SQLITE_BUSY = 5

function tryLock(path: string): DatabaseSync | undefined {
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    database.exec('BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database.close()
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return undefined
    throw error
  }
}

/**
 * Runs `work` while no other process or store holds the lock at `path`, a file that is created and stays empty.
 *
 * The lock is SQLite's lock on its own file: the operating system drops it when the holder dies, so a crash can never
 * leave it behind. Rejects with the reason of `signal` when that aborts the wait.
 */
export async function withLock<T>(path: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  let held = tryLock(path)
  while (!held) {
    await delay(LOCK_POLL_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
    held = tryLock(path)
  }
  try {
    return await work()
  } finally {
    held.close()
  }
}
