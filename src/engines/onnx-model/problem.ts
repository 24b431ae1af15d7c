import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'

/** What is wrong with a model that a user brings, as one sentence for its status; AppError 21105. */
export const uploadProblem = (details: string, cause?: unknown): AppError =>
  new AppError(StatusCode.MODEL_UPLOADING_FAILED, details, { cause })
