import { dirname } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { SqliteConnection } from './connection.ts'
import { flushPath } from './flush-path.ts'
import { type ErrorShape, toErrorShape } from './flush-protocol.ts'

/** Writes a compact copy of the database as of one moment and flushes it; answers null or the error. */
function copyDatabase(file: string, target: string): ErrorShape | null {
  try {
    const connection = new SqliteConnection(file, 'read')
    try {
      connection.run('vacuum into ?', [target])
    } finally {
      connection.close()
    }
    // VACUUM INTO leaves flushing to the system.
    for (const path of [target, dirname(target)]) flushPath(path)
    return null
  } catch (error) {
    return toErrorShape(error)
  }
}

const { file, target } = workerData as { file: string; target: string }
parentPort?.postMessage(copyDatabase(file, target))
