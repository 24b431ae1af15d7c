import { AppError } from '../base/errors.ts'
import { StatusCode } from '../contract/status-code.ts'
import { floatsOf } from './base64-floats.ts'
import type { Engine, EngineItem, EngineSetup } from './engine.ts'
import { eachItem, embeddingData } from './kit.ts'
import { invalidParam } from './params.ts'
import { dot, normalised } from './vectors.ts'

/** The vector of an item; throws AppError 30101 without one. */
export function vectorOfItem({ data }: EngineItem): readonly number[] {
  const vector = data.embeddings[0]?.vector
  if (vector) return vector
  throw new AppError(StatusCode.INPUT_UNSUPPORTED_FORMAT, 'The model works on embeddings; send embeddings.')
}

/**
 * Turns embeddings into others of the same length: y = P (x - m), of length 1 afterwards. `params.projection` has the
 * rows of P and `params.mean` m, as base64 of float32.
 */
export const projection: Engine = {
  name: 'projection',
  weights: [],
  load: async () => ({
    bytes: 0,
    dispose: async () => {},
    infer: (items, setup) => eachItem(items, async (item) => embeddingData(project(vectorOfItem(item), setup))),
  }),
}

function project(vector: readonly number[], { params }: EngineSetup): Float32Array {
  const [mean, matrix] = [floatsOf(params, 'mean'), floatsOf(params, 'projection')]
  const dims = mean.length
  if (matrix.length !== dims * dims) throw invalidParam('The parameters projection and mean do not fit together.')
  if (vector.length !== dims) {
    throw invalidParam(`The model was made for embeddings of ${dims} numbers, but this one has ${vector.length}.`)
  }
  const moved = Float64Array.from(vector, (value, at) => value - mean[at]!)
  const rows = Array.from({ length: dims }, (_, row) => dot(matrix.subarray(row * dims, (row + 1) * dims), moved))
  return normalised(rows)
}
