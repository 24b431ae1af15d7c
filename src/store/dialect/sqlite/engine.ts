import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { SqliteAdapter, SqliteQueryCompiler } from 'kysely'
import { AppError } from '../../../base/errors.ts'
import { lockFolder } from '../../../base/folder-lock.ts'
import type { Log } from '../../../base/log.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import type { StorageFailure } from '../../errors.ts'
import type { Dialect, Engine, RawConnection } from '../engine.ts'
import { checkParameters } from '../parameters.ts'
import { SqliteConnection } from './connection.ts'
import { translateSqliteError } from './errors.ts'
import type { ErrorShape } from './flush-protocol.ts'
import { Flusher } from './flusher.ts'
import { GroupCommit } from './group-commit.ts'
import { sqliteOps } from './ops.ts'

/** Name of the database file in the data folder. */
export const SQLITE_FILE = 'limpid.db'

/** Where the embedded database is and how large it may grow. */
export interface SqliteOptions {
  dataDir: string
  /** Size limit in bytes; writing beyond it fails as on a full disk. */
  bytesMax?: number
}

const PAGE_BYTES = 4096

/** Opens the embedded database; statements run in this thread, everything that waits for the disk in another. */
export async function openSqlite(
  options: SqliteOptions,
  log: Log,
  onFailure: (failure: StorageFailure) => void,
): Promise<Engine> {
  const lock = lockFolder(options.dataDir, 'database')
  const file = join(options.dataDir, SQLITE_FILE)
  const opened: SqliteConnection[] = []
  const open = (access: 'read' | 'write'): SqliteConnection => {
    const connection = new SqliteConnection(file, access)
    opened.push(connection)
    return connection
  }
  try {
    const writer = open('write')
    if (options.bytesMax !== undefined)
      writer.run(`pragma max_page_count = ${Math.ceil(options.bytesMax / PAGE_BYTES)}`)
    const reader = open('read')
    const flusher = new Flusher(file)
    const groups = new GroupCommit(writer, reader, flusher, log, onFailure)
    return assemble({ file, writer, reader, flusher, groups, unlock: lock.release })
  } catch (error) {
    for (const connection of opened) connection.close()
    lock.release()
    throw translateSqliteError(error)
  }
}

const sqliteDialect: Dialect = {
  ops: sqliteOps,
  createAdapter: () => new SqliteAdapter(),
  createQueryCompiler: () => new SqliteQueryCompiler(),
}

function readThrough(reader: SqliteConnection): RawConnection {
  return {
    query: async (sql, parameters) => {
      try {
        return reader.run(sql, checkParameters(parameters))
      } catch (error) {
        throw translateSqliteError(error)
      }
    },
    version: () => reader.version,
  }
}

/** Opens the copy that `snapshot` wrote, for reading. */
export function openSqliteSnapshot(file: string): Dialect & { read: RawConnection; close(): void } {
  const reader = new SqliteConnection(file, 'read')
  return { ...sqliteDialect, read: readThrough(reader), close: () => reader.close() }
}

interface Parts {
  file: string
  writer: SqliteConnection
  reader: SqliteConnection
  flusher: Flusher
  groups: GroupCommit
  unlock(): void
}

function assemble({ file, writer, reader, flusher, groups, unlock }: Parts): Engine {
  return {
    ...sqliteDialect,
    sole: true,
    read: readThrough(reader),
    transact: (work) => groups.transact(work),
    // The lock on the data folder keeps other processes out.
    exclusively: (work) => work(),
    snapshot: (target) => snapshot(file, target),
    close: async () => {
      await groups.idle()
      reader.close()
      writer.close()
      try {
        await flusher.close(groups.failure !== undefined)
      } finally {
        unlock()
      }
    },
  }
}

/** Copies the database as of now in a thread with its own connection, so that neither reads nor writes wait for it. */
async function snapshot(file: string, target: string): Promise<void> {
  if (existsSync(target)) {
    throw new AppError(StatusCode.CONN_INVALID_REQUEST, `The file ${target} exists: choose a new one for the copy`)
  }
  const worker = new Worker(new URL('./snapshot-thread.ts', import.meta.url), { workerData: { file, target } })
  const [error] = (await once(worker, 'message')) as [ErrorShape | null]
  await worker.terminate()
  if (error) throw translateSqliteError(error)
}
