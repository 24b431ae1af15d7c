/** Scales a vector to length 1; a vector of zeros stays as it is. */
export function normalised(vector: ArrayLike<number>): Float32Array {
  let squares = 0
  for (let i = 0; i < vector.length; i++) squares += vector[i]! ** 2
  const factor = squares > 0 ? 1 / Math.sqrt(squares) : 0
  return Float32Array.from(vector, (value) => value * factor)
}

/** Dot product of two vectors of equal length. */
export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
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
