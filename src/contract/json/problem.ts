import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../status-code.ts'

/**
 * A field of a request that can't be read.
 *
 * Thrown at the leaf with what is wrong; every level on the way up puts its own name or index in front, so the path
 * costs nothing while a request is in order.
 */
export class FieldProblem extends Error {
  path = ''

  /** Puts a field name (string) or list index (number) in front of the path. */
  within(segment: string | number): this {
    const rest = this.path === '' || this.path.startsWith('[') ? this.path : `.${this.path}`
    this.path = typeof segment === 'number' ? `[${segment}]${rest}` : `${segment}${rest}`
    return this
  }
}

/** The caller's view of a decoding error (11100 with the field path); any other error comes back as it is. */
export function asRequestError(error: unknown): unknown {
  if (!(error instanceof FieldProblem)) return error
  const where = error.path === '' ? 'The request body' : `Field ${error.path}`
  return new AppError(StatusCode.CONN_BAD_REQUEST_FORMAT, `${where} ${error.message}.`)
}
