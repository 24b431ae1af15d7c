import { BACKOFF_FIRST_MS, BACKOFF_MS_MAX } from './limits.ts'

/** Pauses between attempts: twice as long each time. */
export interface Backoff {
  readonly firstMs: number
  readonly maxMs: number
}

const USUAL: Backoff = { firstMs: BACKOFF_FIRST_MS, maxMs: BACKOFF_MS_MAX }

/**
 * Milliseconds to wait after the `attempt`-th attempt (from 1) failed. The last half of the pause is left to chance
 * (0 to 1), so that jobs that failed together do not come again together.
 */
export function pauseAfter(attempt: number, backoff: Backoff = USUAL, chance = Math.random()): number {
  const whole = Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(attempt - 1, 30))
  return Math.round(whole * (0.5 + chance / 2))
}
