import type { Log } from '../../base/log.ts'
import type { StorageFailure } from '../errors.ts'
import type { Engine } from './engine.ts'
import { openSqlite } from './sqlite/engine.ts'

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
