import { closeSync, fsyncSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { parentPort, workerData } from 'node:worker_threads'
import { SqliteConnection } from './connection.ts'
import { type SqliteErrorShape, toErrorShape } from './protocol.ts'

/** Writes a compact copy of the database as of one moment and flushes it; answers null or the error. */
function copyDatabase(file: string, target: string): SqliteErrorShape | null {
  try {
    const connection = new SqliteConnection(file, 'read')
    try {
      connection.run('vacuum into ?', [target])
    } finally {
      connection.close()
    }
    // VACUUM INTO leaves flushing to the system.
    for (const path of [target, dirname(target)]) flush(path)
    return null
  } catch (error) {
    return toErrorShape(error)
  }
}

function flush(path: string): void {
  const descriptor = openSync(path, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

const { file, target } = workerData as { file: string; target: string }
parentPort?.postMessage(copyDatabase(file, target))
