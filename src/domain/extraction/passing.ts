import { isAppError } from '../../base/errors.ts'
import { ServiceRefused } from '../../buckets/refused.ts'
import { StatusCode } from '../../contract/status-code.ts'

const TOO_MANY = 429

/** Whether an error of a fetch may be gone when it is tried again: the service is busy or cannot be reached. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ServiceRefused) return error.status >= 500 || error.status === TOO_MANY
  if (!isAppError(error)) return false
  if (error.code === StatusCode.INPUT_CONNECTION_FAILED) return true
  // Broken off or too slow; what the fetcher refuses for good has no cause.
  return error.code === StatusCode.INPUT_FAILED && error.cause !== undefined
}
