/** What the main thread asks the flush thread to do. */
export interface FlushRequest {
  id: number
  do: 'flush' | 'checkpoint' | 'close'
}

/** An error of SQLite or of the system as it crosses the thread border. */
export interface ErrorShape {
  message: string
  /** SQLite's extended result code, when the error came from SQLite. */
  errcode?: number
}

/** The answer to one request. */
export interface FlushAnswer {
  id: number
  error?: ErrorShape
}

/** Flattens a thrown value to what may cross the thread border. */
export function toErrorShape(error: unknown): ErrorShape {
  if (!(error instanceof Error)) return { message: String(error) }
  const errcode = (error as { errcode?: unknown }).errcode
  return typeof errcode === 'number' ? { message: error.message, errcode } : { message: error.message }
}
