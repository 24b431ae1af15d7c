/**
 * Milliseconds per call of each function, the fastest of `rounds` rounds of `times` calls.
 *
 * The functions take turns, so that a busy moment of the machine hits all of them.
 */
export function fastest(rounds: number, times: number, functions: readonly (() => unknown)[]): number[] {
  const best = functions.map(() => Number.POSITIVE_INFINITY)
  for (let round = 0; round < rounds; round++) {
    functions.forEach((run, i) => {
      const start = performance.now()
      for (let n = 0; n < times; n++) run()
      best[i] = Math.min(best[i]!, (performance.now() - start) / times)
    })
  }
  return best
}
