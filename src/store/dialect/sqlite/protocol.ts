import type { MessagePort } from 'node:worker_threads'
import type { Parameter, RawResult } from '../engine.ts'

/** What the main thread asks the writer thread to do, in order; the first failing step ends the request. */
export type WriterStep =
  | { do: 'begin' }
  | { do: 'savepoint' }
  | { do: 'query'; sql: string; parameters: readonly Parameter[] }
  | { do: 'release' }
  | { do: 'rollback' }
  | { do: 'commit' }
  | { do: 'abandon' }
  | { do: 'close' }

/** One message to the writer thread. */
export interface WriterRequest {
  id: number
  steps: WriterStep[]
}

/** An error of SQLite as it crosses the thread border. */
export interface SqliteErrorShape {
  message: string
  /** SQLite's extended result code, when the error came from SQLite. */
  errcode?: number
}

/** The answer to one request: the result of its last step. */
export interface WriterAnswer {
  id: number
  result?: RawResult
  error?: SqliteErrorShape
  /** The error ended the whole group: everything in it is rolled back. */
  groupLost?: boolean
}

/** A message that the writer thread sends unasked. */
export interface WriterNotice {
  notice: 'ready' | 'checkpoint-failed' | 'open-failed'
  error?: SqliteErrorShape
}

/** What the writer thread gets at its start. */
export interface WriterThreadData {
  file: string
  port: MessagePort
  /** Counts answers, so that the main thread can look for one without asking the port. */
  answers: Int32Array
  /** Size limit of the database in pages, when there is one. */
  maxPages?: number
}

/** Flattens a thrown value to what may cross the thread border. */
export function toErrorShape(error: unknown): SqliteErrorShape {
  if (!(error instanceof Error)) return { message: String(error) }
  const errcode = (error as { errcode?: unknown }).errcode
  return typeof errcode === 'number' ? { message: error.message, errcode } : { message: error.message }
}
