import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'

/** Why a version cannot be trained, as it stands in its status afterwards. */
export const cannotTrain = (details: string, code: StatusCode = StatusCode.MODEL_TRAINING_FAILED): AppError =>
  new AppError(code, details)

/** Whether an error is one that a version is left with. */
export const isTrainingProblem = (error: unknown): error is AppError =>
  error instanceof AppError &&
  (error.code === StatusCode.MODEL_TRAINING_FAILED || error.code === StatusCode.MODEL_TRAINING_NO_DATA)
