import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'

/** A row with the same unique columns exists; `table` and `columns` name the key as far as the engine tells. */
export class DuplicateKey extends AppError {
  readonly table: string
  readonly columns: readonly string[]

  constructor(table: string, columns: readonly string[], cause?: unknown) {
    super(
      StatusCode.DATABASE_DUPLICATE_KEY,
      `An entry of ${table} with the same ${columns.join(' and ')} already exists`,
      { cause },
    )
    this.name = 'DuplicateKey'
    this.table = table
    this.columns = columns
  }
}

/** A row names a parent that does not exist, or breaks another rule that the schema checks. */
export class ConstraintViolated extends AppError {
  constructor(cause?: unknown) {
    super(
      StatusCode.DATABASE_CONSTRAINT_VIOLATED,
      'The change contradicts other stored data: read the resource again and repeat the request',
      { cause },
    )
    this.name = 'ConstraintViolated'
  }
}

/** Two transactions met in a way that the database solved by refusing one; `transact` repeats it by itself. */
export class RetryableConflict extends AppError {
  constructor(cause?: unknown) {
    super(StatusCode.DATABASE_DEADLOCK_DETECTED, 'Too many changes of the same data at once: repeat the request', {
      cause,
    })
    this.name = 'RetryableConflict'
  }
}

/** More changes wait than memory should hold. */
export const tooManyWaiting = (): AppError =>
  new AppError(StatusCode.DATABASE_FAIL_TO_GET_CONNECTIONS, 'Too many changes are waiting: try again later')

/** The disk or the quota is full: the change was not made, reading goes on. */
export class StorageFull extends AppError {
  constructor(cause?: unknown) {
    super(StatusCode.INTERNAL_RESOURCE_EXHAUSTED, 'The storage is full: free some space and repeat the request', {
      cause,
    })
    this.name = 'StorageFull'
  }
}

/** The storage itself failed (input/output error, damaged file, lost thread): nothing may be written any more. */
export class StorageFailure extends AppError {
  constructor(reason: string, cause?: unknown) {
    super(
      StatusCode.INTERNAL_DATABASE_ISSUE,
      `The database cannot be written (${reason}): check the disk and restart the server`,
      { cause },
    )
    this.name = 'StorageFailure'
  }
}

/** The stored row is not the one the caller has read: somebody changed or deleted it in between. */
export function rowChanged(what: string, cause?: unknown): AppError {
  return new AppError(
    StatusCode.DATABASE_INVALID_ROWS_AFFECTED,
    `${what} was changed or deleted by another request: read it again and repeat the change`,
    { cause },
  )
}
