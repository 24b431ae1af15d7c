import { DatabaseError } from 'pg'
import { AppError } from '../../../base/errors.ts'
import { StatusCode } from '../../../contract/status-code.ts'
import { ConstraintViolated, DuplicateKey, RetryableConflict, StorageFull } from '../../errors.ts'

/** Turns an error of PostgreSQL, or of the way to it, into one of ../../errors.ts. */
export function translatePostgresError(error: unknown): Error {
  if (error instanceof AppError) return error
  if (!(error instanceof DatabaseError)) return connectionError(error)
  const code = error.code ?? ''
  switch (code) {
    case '23505':
      return new DuplicateKey(error.table ?? 'a table', keyColumns(error), error)
    case '40001':
    case '40P01':
    case '55P03':
      return new RetryableConflict(error)
    case '53100':
      return new StorageFull(error)
    case '53300':
      return new AppError(
        StatusCode.DATABASE_TOO_MANY_CLIENTS,
        'The database has no free connection: try again later',
        {
          cause: error,
        },
      )
    case '57014':
      return new AppError(StatusCode.DATABASE_STATEMENT_TIMEOUT, 'The request took too long: repeat it', {
        cause: error,
      })
    case '25006':
      return new AppError(StatusCode.INTERNAL_DATABASE_ISSUE, 'The database is not writable here: use a transaction', {
        cause: error,
      })
    default:
      return code.startsWith('23') ? new ConstraintViolated(error) : error
  }
}

/** The detail reads `Key (user_pk, id)=(1, x) already exists.` in the server's language; the brackets stay. */
function keyColumns(error: DatabaseError): string[] {
  return /\(([^)]*)\)=\(/.exec(error.detail ?? '')?.[1]?.split(', ') ?? []
}

const CONNECTION_ERRORS = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'ENOTFOUND', 'ETIMEDOUT', 'EPIPE'])

function connectionError(error: unknown): Error {
  const original = error instanceof Error ? error : new Error(String(error))
  const code = (original as NodeJS.ErrnoException).code ?? ''
  const lost = CONNECTION_ERRORS.has(code) || /connection (terminated|timeout)|timeout exceeded/i.test(original.message)
  if (!lost) return original
  return new AppError(StatusCode.DATABASE_FAIL_TO_GET_CONNECTIONS, 'The database cannot be reached: try again later', {
    cause: original,
  })
}
