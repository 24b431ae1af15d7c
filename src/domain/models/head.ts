import type { JsonObject, JsonValue } from '@bufbuild/protobuf'
import type { Concept } from '../../contract/index.ts'
import { headOf } from '../../engines/embedding-classifier.ts'
import { invalidModel } from './checks.ts'
import { HEAD_DIMENSIONS_MAX, HEAD_WEIGHTS_MAX } from './limits.ts'

/**
 * The large parameters of a linear head as the caller wrote them: a row of weights and a bias for each concept, as
 * lists or as base64 of float32.
 */
export interface HeadParams {
  readonly weights: JsonValue
  readonly bias?: JsonValue
}

/** Whether parameters bring a head. */
export const bringsHead = ({ weights, bias }: JsonObject): boolean => weights !== undefined || bias !== undefined

/**
 * Takes a head out of the parameters of a version. Throws AppError 21202 when the engine could not compute with it
 * or when it is too large.
 */
export function takeHead(params: JsonObject, concepts: readonly Concept[]): { head: HeadParams; rest: JsonObject } {
  const { weights = null, bias, ...rest } = params
  const { rows, dimensions, activation } = headOf({ params, concepts })
  if (dimensions > HEAD_DIMENSIONS_MAX || dimensions * rows.length > HEAD_WEIGHTS_MAX) {
    throw invalidModel(
      `The head has ${rows.length} rows of ${dimensions} numbers; use at most ${HEAD_DIMENSIONS_MAX} in a row and ${HEAD_WEIGHTS_MAX} in all.`,
    )
  }
  return { head: bias === undefined ? { weights } : { weights, bias }, rest: { ...rest, activation } }
}
