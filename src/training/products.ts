/** The two products with a fixed matrix X (examples x dimensions, row by row) that a descent needs. */
export interface Products {
  readonly rows: number
  readonly dims: number
  /** X times the rows of `weights` (columns x dimensions): rows x columns, row by row. */
  scores(weights: Float64Array, columns: number): Promise<Float64Array | Float32Array>
  /** The rows of `residuals` (rows x columns, row by row), transposed, times X: columns x dimensions. */
  gradients(residuals: Float64Array, columns: number): Promise<Float64Array | Float32Array>
}

/** Both products in plain JavaScript with sums in double precision: exact, and slow for large matrices. */
export function plainProducts(matrix: Float32Array, dims: number): Products {
  const rows = matrix.length / dims
  return {
    rows,
    dims,
    async scores(weights, columns) {
      const out = new Float64Array(rows * columns)
      for (let row = 0; row < rows; row++) {
        const start = row * dims
        for (let column = 0; column < columns; column++) {
          const from = column * dims
          let sum = 0
          for (let at = 0; at < dims; at++) sum += matrix[start + at]! * weights[from + at]!
          out[row * columns + column] = sum
        }
      }
      return out
    },
    async gradients(residuals, columns) {
      const out = new Float64Array(columns * dims)
      for (let row = 0; row < rows; row++) {
        const start = row * dims
        for (let column = 0; column < columns; column++) {
          const by = residuals[row * columns + column]!
          if (by === 0) continue
          const to = column * dims
          for (let at = 0; at < dims; at++) out[to + at]! += by * matrix[start + at]!
        }
      }
      return out
    },
  }
}
