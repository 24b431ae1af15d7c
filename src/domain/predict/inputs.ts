import { AppError } from '../../base/errors.ts'
import type { Input } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'

/** Refuses a list of inputs that is empty or longer than `most`. */
export function checkInputs(inputs: readonly Input[], most: number, what = 'inputs'): void {
  if (inputs.length === 0) {
    throw new AppError(StatusCode.PREDICT_INVALID_REQUEST, `The request has no ${what}; send at least one.`)
  }
  if (inputs.length > most) {
    throw new AppError(
      StatusCode.PREDICT_INVALID_REQUEST,
      `The request has ${inputs.length} ${what}; send at most ${most}.`,
    )
  }
}
