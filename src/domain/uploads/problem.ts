import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'

/** What is asked does not fit the upload as it is. */
export const uploadConflict = (details: string): AppError => new AppError(StatusCode.UPLOAD_CONFLICT, details)

/** An upload that could never be taken. */
export const invalidUpload = (details: string): AppError => new AppError(StatusCode.CONN_INVALID_REQUEST, details)

/** No upload of the app has this id. */
export const missingUpload = (id: string): AppError =>
  new AppError(StatusCode.CONN_DOES_NOT_EXIST, `There is no upload '${id}' in this app.`)

/** The upload has ended without its content. */
export function endedUpload(id: string, code: number, details: string): AppError {
  if (code === StatusCode.UPLOAD_EXPIRED) return new AppError(code, `The upload '${id}' has expired; begin a new one.`)
  if (code === StatusCode.UPLOAD_CANCELED) return new AppError(code, `The upload '${id}' was deleted; begin a new one.`)
  return new AppError(StatusCode.UPLOAD_FAILED, `The upload '${id}' has failed; begin a new one. ${details}`.trimEnd())
}
