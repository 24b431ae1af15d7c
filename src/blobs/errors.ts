import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'

/** No blob has this hash. */
export function blobMissing(hash: string): AppError {
  return new AppError(StatusCode.CONN_DOES_NOT_EXIST, `There is no stored content ${hash}: upload it again`)
}

/** The stored bytes are not those that were put. */
export function blobDamaged(hash: string): AppError {
  return new AppError(
    StatusCode.INTERNAL_SERVER_ISSUE,
    `The stored content ${hash} is damaged: restore it from a backup or upload it again`,
  )
}

/** The range begins behind the last byte or ends before it begins. */
export function rangeOutside(size: number): AppError {
  return new AppError(StatusCode.CONN_INVALID_RANGE, `The range lies outside the ${size} bytes of the content`)
}

/** The content is longer than it may be. */
export function blobTooLarge(bytesMax: number): AppError {
  return new AppError(StatusCode.CONN_EXCEEDS_LIMITS, `The content is larger than ${bytesMax} bytes: send less`)
}

const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** Says in the contract's terms that the disk is full; every other error stays as it is. */
export function translateWriteError(error: unknown): unknown {
  if (!FULL.has((error as NodeJS.ErrnoException)?.code ?? '')) return error
  return new AppError(StatusCode.INTERNAL_RESOURCE_EXHAUSTED, 'The storage is full: free some space and try again', {
    cause: error,
  })
}
