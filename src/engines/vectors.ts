/** Scales a vector to length 1; a vector of zeros stays as it is. */
export function normalised(vector: ArrayLike<number>): Float32Array {
  let squares = 0
  for (let i = 0; i < vector.length; i++) squares += vector[i]! ** 2
  const factor = squares > 0 ? 1 / Math.sqrt(squares) : 0
  const unit = new Float32Array(vector.length)
  for (let i = 0; i < unit.length; i++) unit[i] = vector[i]! * factor
  return unit
}

/** Dot product of two vectors of equal length. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}

/** A row of numbers, as short as its values allow. */
export type Row = Float32Array | Float64Array

/**
 * Dot products of rows with a vector of their length. Four rows at a time, because each sum has to wait for its last
 * addition; every sum adds up in the order of the numbers, as `dot` does, so the results are the same.
 */
export function dots(rows: readonly Row[], vector: ArrayLike<number>): number[] {
  const sums: number[] = []
  let at = 0
  for (; at + 4 <= rows.length; at += 4) {
    const [row0, row1, row2, row3] = [rows[at]!, rows[at + 1]!, rows[at + 2]!, rows[at + 3]!]
    let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0]
    for (let i = 0; i < vector.length; i++) {
      const value = vector[i]!
      sum0 += row0[i]! * value
      sum1 += row1[i]! * value
      sum2 += row2[i]! * value
      sum3 += row3[i]! * value
    }
    sums.push(sum0, sum1, sum2, sum3)
  }
  for (; at < rows.length; at++) sums.push(dot(rows[at]!, vector))
  return sums
}

/** Softmax over a list, safe for large values. */
export function softmax(values: ArrayLike<number>): number[] {
  let top = Number.NEGATIVE_INFINITY
  for (let i = 0; i < values.length; i++) top = Math.max(top, values[i]!)
  const exponents = Array.from(values, (value) => Math.exp(value - top))
  const total = exponents.reduce((sum, value) => sum + value, 0)
  return exponents.map((value) => value / total)
}

/** The logistic function. */
export function sigmoid(value: number): number {
  return 1 / (1 + Math.exp(-value))
}
