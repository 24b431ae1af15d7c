import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'

/** The refusal of an evaluation that makes no sense. */
export const invalidEvaluation = (details: string): AppError =>
  new AppError(StatusCode.EVALUATION_INVALID_ARGUMENT, details)

/** Why an evaluation that was begun came to nothing. */
export const evaluationFailed = (details: string): AppError => new AppError(StatusCode.EVALUATION_FAILED, details)
