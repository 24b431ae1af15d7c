import { AppError } from '../../../base/errors.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import { ConstraintViolated, DuplicateKey, RetryableConflict, StorageFailure, StorageFull } from '../../errors.ts'
import type { ErrorShape } from './flush-protocol.ts'

const BUSY = 5
const READ_ONLY = 8
const IO_ERROR = 10
const CORRUPT = 11
const FULL = 13
const CANNOT_OPEN = 14
const CONSTRAINT = 19
const NOT_A_DATABASE = 26
const CONSTRAINT_PRIMARY_KEY = 1555
const CONSTRAINT_UNIQUE = 2067

/** Turns an error of SQLite into one of ../../errors.ts, or returns it as it is when it is a programming mistake. */
export function translateSqliteError(error: unknown): Error {
  if (error instanceof AppError) return error
  const shape = error as ErrorShape
  const original = error instanceof Error ? error : new Error(shape.message)
  if (shape.errcode === undefined) return original
  if (shape.errcode === CONSTRAINT_UNIQUE || shape.errcode === CONSTRAINT_PRIMARY_KEY) return duplicateKey(original)
  switch (shape.errcode & 0xff) {
    case CONSTRAINT:
      return new ConstraintViolated(original)
    case BUSY:
      return new RetryableConflict(original)
    case FULL:
      return new StorageFull(original)
    case IO_ERROR:
    case CORRUPT:
    case NOT_A_DATABASE:
    case CANNOT_OPEN:
      return new StorageFailure(original.message, original)
    case READ_ONLY:
      return new AppError(StatusCode.INTERNAL_DATABASE_ISSUE, 'The database is not writable here: use a transaction', {
        cause: original,
      })
    default:
      return original
  }
}

/** SQLite names the key in its message: `UNIQUE constraint failed: apps.user_pk, apps.id`. */
function duplicateKey(error: Error): DuplicateKey {
  const names = /failed: (.+)$/.exec(error.message)?.[1]?.split(', ') ?? []
  const table = names[0]?.split('.')[0] ?? 'a table'
  return new DuplicateKey(
    table,
    names.map((name) => name.slice(name.indexOf('.') + 1)),
    error,
  )
}
