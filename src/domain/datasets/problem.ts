import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'

/** The refusal of a dataset, or of something in one, that must not be stored. */
export const invalidDataset = (details: string): AppError => new AppError(StatusCode.CONN_INVALID_REQUEST, details)

/** The refusal of what the state of a version does not allow. */
export const versionConflict = (details: string): AppError => new AppError(StatusCode.DATASET_VERSION_CONFLICT, details)
