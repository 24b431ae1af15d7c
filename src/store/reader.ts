import type { Log } from '../base/log.ts'
import { openReadingEngine } from './dialect/open.ts'
import { type Reader, Session } from './session.ts'

/** A way to read the database from another process than the one that writes it. */
export interface OpenedReader {
  readonly read: Reader
  close(): Promise<void>
}

/** Opens a database that exists, for reading alone; sees every transaction that has been committed. */
export async function openReader(
  location: { readonly dataDir: string } | { readonly url: string },
  log: Log,
): Promise<OpenedReader> {
  const engine = await openReadingEngine(location, log)
  return { read: new Session(engine, engine.read), close: engine.close }
}
