/**
 * Vectors are compared by direction: they are brought to length 1 when they enter, so that Euclidean and cosine
 * distance give one order, and the score of a pair is (1 + cosine) / 2 = 1 - d²/4: 1 same, 0.5 unrelated, 0 opposite.
 */

/** Brings a vector to length 1 in place; one of zeros stays as it is. Returns the vector. */
export function toUnit(vector: Float32Array): Float32Array {
  let sum = 0
  for (let index = 0; index < vector.length; index++) sum += vector[index]! * vector[index]!
  const length = Math.sqrt(sum)
  if (length === 0 || !Number.isFinite(length)) return vector
  for (let index = 0; index < vector.length; index++) vector[index] = vector[index]! / length
  return vector
}

/** Inner product in double precision, always added up in the same order, so that a pair has one score on all roads. */
export function dot(a: Float32Array, b: Float32Array, offset = 0): number {
  let sum = 0
  for (let index = 0; index < a.length; index++) sum += a[index]! * b[offset + index]!
  return sum
}

/** Score in 0..1 of a pair of unit vectors with this inner product; rounded, so that equal pairs are equal. */
export function scoreOf(cosine: number): number {
  const score = Math.round(((1 + cosine) / 2) * 1e7) / 1e7
  return Math.min(1, Math.max(0, score))
}
