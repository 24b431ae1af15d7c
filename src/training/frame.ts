/** How vectors are seen while they are learned from: moved so that their mean is 0, scaled to mean square length 1. */
export interface Frame {
  readonly mean: Float64Array
  /** What the moved vectors are divided by. */
  readonly scale: number
}

/**
 * The frame of vectors (examples x dimensions, row by row). Moving changes nothing of the minimum, only how fast it is
 * found, as biases are not decayed; scaling makes one strength fit embedders of all sizes.
 */
export function frameOf(matrix: Float32Array, dims: number): Frame {
  const rows = matrix.length / dims
  const mean = new Float64Array(dims)
  let squares = 0
  for (let row = 0; row < rows; row++) {
    const start = row * dims
    for (let at = 0; at < dims; at++) {
      const value = matrix[start + at]!
      mean[at]! += value
      squares += value * value
    }
  }
  let ofMean = 0
  for (let at = 0; at < dims; at++) {
    mean[at]! /= rows
    ofMean += mean[at]! * mean[at]!
  }
  const spread = squares / rows - ofMean
  // All the same, or so near that the difference is rounding: nothing can be learned, and nothing may be divided by it.
  return { mean, scale: spread > 1e-12 * Math.max(squares / rows, 1e-30) ? Math.sqrt(spread) : 1 }
}
