import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'

/** Writes what a job carries as JSON, refusing what is too large for a row. */
export function toJson(value: unknown, bytesMax: number, what: 'args' | 'state'): string {
  const text = JSON.stringify(value) ?? 'null'
  const bytes = Buffer.byteLength(text)
  if (bytes > bytesMax) {
    throw new AppError(
      StatusCode.CONN_INVALID_REQUEST,
      `The ${what} of a background job would have ${bytes} bytes; at most ${bytesMax} are stored, ask for less at once.`,
    )
  }
  return text
}
