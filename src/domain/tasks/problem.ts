import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'

/** The refusal of a task that must not be stored, or of a request about tasks that makes no sense. */
export const invalidTask = (details: string): AppError => new AppError(StatusCode.CONN_INVALID_REQUEST, details)

/** The refusal of something that a task, as it is now, does not allow. */
export const taskConflict = (details: string): AppError => new AppError(StatusCode.TASK_CONFLICT, details)

/** The refusal of somebody who has no part in a task. */
export const notForYou = (details: string): AppError => new AppError(StatusCode.TASK_PERMISSION_DENIED, details)

/** The refusal of a task that is not in the app. */
export const missingTask = (id: string): AppError =>
  new AppError(StatusCode.TASK_MISSING, `There is no task '${id}' here, or it is not visible to this key.`)
