import { AppError } from '../../base/errors.ts'
import type { Call } from '../call.ts'
import { type FoundModel, type ModelRef, resolveModel } from '../models/resolve.ts'
import { cannotTrain } from './problem.ts'

/** The embedder that a training was promised; throws AppError 21106 when it is gone or hidden. */
export async function baseOfRecord(call: Call, ref: ModelRef): Promise<FoundModel> {
  try {
    return await resolveModel(call, ref)
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    throw cannotTrain(`The base embedder '${ref.modelId}' of the version cannot be used any more: ${error.details}`)
  }
}
