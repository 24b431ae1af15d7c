import type { Log } from '../../base/log.ts'
import type { StorageFailure } from '../errors.ts'
import type { Engine } from './engine.ts'
import { openPostgres } from './postgres/engine.ts'
import { openSqlite } from './sqlite/engine.ts'

export { openSqliteSnapshot as openSnapshotFile, SQLITE_FILE as DATABASE_FILE } from './sqlite/engine.ts'

/** Opens the engine that the location asks for; `onFailure` hears when writing became unsafe. */
export function openEngine(
  location: { dataDir: string; bytesMax?: number } | { url: string },
  log: Log,
  onFailure: (failure: StorageFailure) => void,
): Promise<Engine> {
  return 'url' in location ? openPostgres(location.url, log) : openSqlite(location, log, onFailure)
}
