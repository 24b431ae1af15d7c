import type { Setup } from './setup.ts'

/** Runs work in one setup for about `ms` milliseconds; answers inputs per second. */
export type Measure = (setup: Setup, ms: number) => Promise<number>

/** The best setup that was found, with its rate and that of the plain one, in inputs per second. */
export interface Found {
  readonly setup: Setup
  readonly rate: number
  readonly plainRate: number
}

/** Part of the time that goes into a first look at all candidates; the rest compares the best of them. */
const FIRST_LOOK = 0.5
/** Candidates that are compared after the first look, beside the plain one. */
const FINALISTS = 3
/** Rounds of that comparison: in turns, so that whatever else the machine does hits all of them. */
const ROUNDS = 3
/** A setup has to be that much faster than the plain one, as the plain one answers a single input soonest. */
const GAIN_MIN = 1.03
/** A batch that takes longer than its time slice has nothing to gain from being larger. */
const SLOW_BATCH = 1

/**
 * Finds the fastest of several setups in `budgetMs` milliseconds: a short look at all, then the best in turns. The
 * first candidate is the plain one; it is taken unless another is clearly faster. `now` is a clock in milliseconds.
 */
export async function search(
  candidates: readonly Setup[],
  measure: Measure,
  budgetMs: number,
  now: () => number,
): Promise<Found> {
  const plain = candidates[0]!
  const end = now() + budgetMs
  const rates = new Map<Setup, number>()
  const lookEnd = now() + budgetMs * FIRST_LOOK
  for (const [at, setup] of candidates.entries()) {
    const slice = (lookEnd - now()) / (candidates.length - at)
    if (setup !== plain && (slice <= 0 || isSlow(setup, candidates, rates, slice))) continue
    rates.set(setup, await measure(setup, Math.max(slice, 0)))
  }
  const best = [...rates.keys()].sort((a, b) => rates.get(b)! - rates.get(a)!).slice(0, FINALISTS)
  const finalists = best.includes(plain) ? best : [plain, ...best]
  const sums = new Map(finalists.map((setup) => [setup, rates.get(setup)!]))
  let rounds = 1
  for (let round = 0; round < ROUNDS && now() < end; round++) {
    const slice = (end - now()) / ((ROUNDS - round) * finalists.length)
    for (const setup of finalists) sums.set(setup, sums.get(setup)! + (await measure(setup, slice)))
    rounds++
  }
  const rateOf = (setup: Setup): number => sums.get(setup)! / rounds
  const fastest = finalists.reduce((a, b) => (rateOf(b) > rateOf(a) ? b : a))
  const setup = rateOf(fastest) >= rateOf(plain) * GAIN_MIN ? fastest : plain
  return { setup, rate: rateOf(setup), plainRate: rateOf(plain) }
}

/** Whether one batch of this size would take longer than its slice, going by the smaller batches of the same shape. */
function isSlow(setup: Setup, all: readonly Setup[], rates: ReadonlyMap<Setup, number>, sliceMs: number): boolean {
  const smaller = all.filter(
    (other) => other.threads === setup.threads && other.batch < setup.batch && rates.has(other),
  )
  const rate = rates.get(smaller.at(-1) ?? all[0]!)
  return rate !== undefined && (setup.batch * setup.workers * 1000) / rate > sliceMs * SLOW_BATCH
}
