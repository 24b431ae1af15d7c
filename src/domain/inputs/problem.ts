import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'

/** The refusal of an input that must not be stored. */
export const invalidInput = (details: string): AppError => new AppError(StatusCode.INPUT_INVALID_ARGUMENT, details)

/** An input that is not there. */
export const missingInput = (id: string): AppError =>
  new AppError(StatusCode.CONN_DOES_NOT_EXIST, `There is no input '${id}' in this app.`)
