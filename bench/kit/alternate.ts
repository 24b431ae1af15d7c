import { median, spread } from './statistics.ts'

/** Time of one call, in milliseconds: on the clock, and of the processor, all threads of this process together. */
interface Cost {
  readonly wallMs: number
  readonly cpuMs: number
}

/** What alternating rounds of two ways to do the same have cost. */
export interface Compared {
  /** Medians over all rounds. */
  readonly ours: Cost
  readonly baseline: Cost
  /** Cost of ours divided by that of the baseline, one figure for each round. */
  readonly wallRatios: readonly number[]
  readonly cpuRatios: readonly number[]
}

/**
 * Runs two ways to do the same in turns, `calls` times each per round, so that what else the machine does hits both.
 * The first round warms up and does not count.
 */
export async function alternate(
  rounds: number,
  calls: number,
  ours: () => Promise<unknown>,
  baseline: () => Promise<unknown>,
): Promise<Compared> {
  const costs: [Cost, Cost][] = []
  for (let round = 0; round <= rounds; round++) {
    // In changing order, because the second one of a round finds a warmer cache.
    const oursFirst = round % 2 === 0
    const first = await costOf(calls, oursFirst ? ours : baseline)
    const second = await costOf(calls, oursFirst ? baseline : ours)
    if (round > 0) costs.push(oursFirst ? [first, second] : [second, first])
  }
  const middle = (side: 0 | 1): Cost => ({
    wallMs: median(costs.map((pair) => pair[side].wallMs)),
    cpuMs: median(costs.map((pair) => pair[side].cpuMs)),
  })
  return {
    ours: middle(0),
    baseline: middle(1),
    wallRatios: costs.map(([mine, theirs]) => mine.wallMs / theirs.wallMs),
    cpuRatios: costs.map(([mine, theirs]) => mine.cpuMs / theirs.cpuMs),
  }
}

/** Range of the ratios and the other clock, for a result's note. */
export function noteOf({ ours, baseline, wallRatios, cpuRatios }: Compared): string {
  return (
    `CPU ratio ${spread(cpuRatios, 2)}; on the clock ${ours.wallMs.toFixed(2)} and ${baseline.wallMs.toFixed(2)} ms, ` +
    `ratio ${median(wallRatios).toFixed(2)} (${spread(wallRatios, 2)})`
  )
}

async function costOf(calls: number, run: () => Promise<unknown>): Promise<Cost> {
  const cpu = process.cpuUsage()
  const start = performance.now()
  for (let call = 0; call < calls; call++) await run()
  const wallMs = (performance.now() - start) / calls
  const { user, system } = process.cpuUsage(cpu)
  return { wallMs, cpuMs: (user + system) / 1000 / calls }
}
