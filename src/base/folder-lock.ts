import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StatusCode } from '../contract/status-code.ts'
import { AppError } from './errors.ts'

/** A folder held by this process until `release` is called or the process ends, however it ends. */
export interface FolderLock {
  release(): void
}

/**
 * Takes the exclusive lock `name` on a folder (created when missing); a second holder gets an AppError that says who.
 *
 * The lock is SQLite's own file lock on an empty file, because Node has no call for file locks: the operating system
 * drops it with the process, so a killed holder never blocks a restart. Nothing else in this process may open
 * `<name>.lock`: closing a second handle would drop the lock (a rule of POSIX locks).
 */
export function lockFolder(folder: string, name: string): FolderLock {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const holderFile = join(folder, `${name}.pid`)
  const handle = new DatabaseSync(join(folder, `${name}.lock`), { timeout: 0 })
  try {
    handle.exec('pragma journal_mode = off')
    handle.exec('begin exclusive')
  } catch (cause) {
    handle.close()
    const holder = readHolder(holderFile)
    throw new AppError(
      StatusCode.INTERNAL_DATABASE_ISSUE,
      `The folder ${folder} is in use by another process${holder}: stop that one or choose another folder`,
      { cause },
    )
  }
  writeFileSync(holderFile, `${process.pid}\n`)
  return { release: () => handle.close() }
}

/** The process id is only a hint for the message: it may be missing or that of an older holder. */
function readHolder(file: string): string {
  try {
    const pid = readFileSync(file, 'utf8').trim()
    return /^\d+$/.test(pid) ? ` (process ${pid})` : ''
  } catch {
    return ''
  }
}
