import assert from 'node:assert/strict'

/** The largest difference between two lists, relative to the largest magnitude in the expected one. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  assert.equal(actual.length, expected.length)
  let scale = 0
  let difference = 0
  for (let i = 0; i < expected.length; i++) {
    scale = Math.max(scale, Math.abs(expected[i]!))
    // Not Math.max alone: a NaN must not pass.
    const distance = Math.abs(actual[i]! - expected[i]!)
    if (!(distance <= difference)) difference = distance
  }
  return scale === 0 ? difference : difference / scale
}

/** Fails when two lists differ by more than `tolerance`, relative to the largest magnitude. */
export function assertClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
  what: string,
): void {
  const error = relativeError(actual, expected)
  assert.ok(error <= tolerance, `${what}: relative error ${error} exceeds ${tolerance}`)
}
