import { StatusCode } from '../contract/status-code.ts'
import { DETAILS_CHARS_MAX } from './limits.ts'

/**
 * The one error that handlers and everything below them throw on purpose.
 *
 * `code` is a status code of the contract; `details` is one sentence for the caller that says what to do.
 * The cause stays in the logs and is never sent. Anything else that is thrown counts as internal.
 */
export class AppError extends Error {
  readonly code: StatusCode
  readonly details: string

  constructor(code: StatusCode, details: string, options?: { cause?: unknown }) {
    const shown =
      details.length > DETAILS_CHARS_MAX ? `${details.slice(0, DETAILS_CHARS_MAX).toWellFormed()}...` : details
    super(`${StatusCode[code] ?? code}: ${shown}`, options)
    this.name = 'AppError'
    this.code = code
    this.details = shown
  }
}

/** Narrows an unknown thrown value to AppError, also across a process boundary where the prototype is lost. */
export function isAppError(error: unknown): error is AppError {
  return error instanceof AppError
}
