import { join } from 'node:path'
import type { Log } from '../../base/log.ts'
import type { StorageFailure } from '../errors.ts'
import type { Dialect, Engine, RawConnection } from './engine.ts'
import { openSqlite, openSqliteSnapshot, SQLITE_FILE } from './sqlite/engine.ts'

export { openSqliteSnapshot as openSnapshotFile, SQLITE_FILE as DATABASE_FILE } from './sqlite/engine.ts'

/** Opens the engine that the location asks for; `onFailure` hears when writing became unsafe. */
export async function openEngine(
  location: { dataDir: string; bytesMax?: number } | { url: string },
  log: Log,
  onFailure: (failure: StorageFailure) => void,
): Promise<Engine> {
  if (!('url' in location)) return openSqlite(location, log, onFailure)
  // Loaded only where it is used, as most servers have no PostgreSQL.
  const { openPostgres } = await import('./postgres/engine.ts')
  return openPostgres(location.url, log)
}

/** Opens the engine for reading alone, beside the process that writes. */
export async function openReadingEngine(
  location: { readonly dataDir: string } | { readonly url: string },
  log: Log,
): Promise<Dialect & { readonly read: RawConnection; close(): Promise<void> }> {
  if ('url' in location) {
    const { openPostgres } = await import('./postgres/engine.ts')
    return openPostgres(location.url, log)
  }
  const opened = openSqliteSnapshot(join(location.dataDir, SQLITE_FILE))
  return { ...opened, close: async () => opened.close() }
}
