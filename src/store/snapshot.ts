import { openSnapshotFile } from './dialect/open.ts'
import { type Reader, Session } from './session.ts'

export { DATABASE_FILE } from './dialect/open.ts'

/** A copy of the database that `Database.snapshot` wrote, open for reading. */
export interface Snapshot {
  readonly read: Reader
  [Symbol.dispose](): void
}

/** Opens a copy of the database for reading. */
export function openSnapshot(file: string): Snapshot {
  const opened = openSnapshotFile(file)
  return { read: new Session(opened, opened.read), [Symbol.dispose]: () => opened.close() }
}
