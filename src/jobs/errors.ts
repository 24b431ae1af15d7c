import { isAppError } from '../base/errors.ts'
import { httpStatusOf } from '../base/http-status.ts'
import { StatusCode } from '../contract/status-code.ts'
import { ERROR_DETAILS_MAX } from './limits.ts'

/** Thrown by a job that wants another attempt, after a pause of its own choice where `afterMs` is given. */
export class TryAgain extends Error {
  readonly afterMs: number | undefined

  constructor(cause: unknown, afterMs?: number) {
    super('The job wants another attempt', { cause })
    this.name = 'TryAgain'
    this.afterMs = afterMs
  }
}

/** The job is no longer this server's: it was cancelled or deleted, or another server has taken it over. */
export class LeaseLost extends Error {
  constructor() {
    super('The job is no longer run here')
    this.name = 'LeaseLost'
  }
}

/** The server stops: the job goes back into the queue. */
export class ServerStops extends Error {
  constructor() {
    super('The server is shutting down')
    this.name = 'ServerStops'
  }
}

const PASSING = [408, 429, 499]

/** Whether an error says that trying again is of no use: the caller's fault by its HTTP status. */
export function isFinal(error: unknown): boolean {
  if (!isAppError(error)) return false
  const status = httpStatusOf(error.code)
  return status < 500 && !PASSING.includes(status)
}

/** What is kept of an error for whoever looks at the job. */
export function describeError(error: unknown): { code: number; details: string } {
  if (error instanceof TryAgain) return describeError(error.cause)
  if (isAppError(error)) return { code: error.code, details: error.details.slice(0, ERROR_DETAILS_MAX) }
  return {
    code: StatusCode.INTERNAL_UNCATEGORIZED,
    details: 'The server could not finish this job; its log says more under the id of the job.',
  }
}
