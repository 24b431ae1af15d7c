import { AppError } from '../../base/errors.ts'

/** An error about the settings of a node with the name of the node; anything else as it is. */
export const nodeProblem = (nodeId: string, error: unknown): unknown =>
  error instanceof AppError ? new AppError(error.code, `Node "${nodeId}": ${error.details}`) : error
