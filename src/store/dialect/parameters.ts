import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Parameter } from './engine.ts'

/**
 * Checks the values of a statement so that both engines accept and refuse the same.
 *
 * PostgreSQL has no zero character in text and would take undefined as null; SQLite is the other way round.
 * Throws an AppError for text that no caller may send, a TypeError for mistakes of the program.
 */
export function checkParameters(parameters: readonly unknown[]): readonly Parameter[] {
  for (const [index, value] of parameters.entries()) {
    if (typeof value === 'string' && value.includes('\0')) {
      throw new AppError(StatusCode.CONN_BAD_REQUEST_FORMAT, 'Text cannot contain the zero character: remove it')
    }
    if (!isParameter(value)) {
      throw new TypeError(`Parameter ${index + 1} of a statement cannot be ${describe(value)}`)
    }
  }
  return parameters as readonly Parameter[]
}

function isParameter(value: unknown): value is Parameter {
  switch (typeof value) {
    case 'string':
      return true
    case 'number':
      return Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value)
    case 'bigint':
      return BigInt.asIntN(64, value) === value
    default:
      return value === null || value instanceof Uint8Array
  }
}

function describe(value: unknown): string {
  if (typeof value === 'number') return `the number ${value}`
  return value === undefined ? 'undefined' : `of type ${typeof value}`
}
