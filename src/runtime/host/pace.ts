import type { Plan } from '../../workflow/plan.ts'
import { MAX_KNOWN_PLANS } from '../limits.ts'
import type { Job } from './job.ts'

/** Weight of the newest figure in the average. */
const NEWEST = 0.2

/** How fast workers have been: the time that a plan takes for an input, as a moving average. */
export class Pace {
  readonly #msByPlan = new Map<string, number>()

  /** Learns that a worker took `ms` milliseconds for jobs of one plan. */
  note(jobs: readonly Job[], ms: number): void {
    const { hash } = jobs[0]!.request.plan
    const each = ms / jobs.reduce((sum, { start, end }) => sum + end - start, 0)
    const before = this.#msByPlan.get(hash)
    this.#msByPlan.delete(hash)
    this.#msByPlan.set(hash, before === undefined ? each : before + NEWEST * (each - before))
    if (this.#msByPlan.size > MAX_KNOWN_PLANS) this.#msByPlan.delete(this.#msByPlan.keys().next().value!)
  }

  /** Inputs that a worker does in a time, in milliseconds; 0 while nothing is known of the plan. */
  inputsWithin({ hash }: Plan, ms: number): number {
    const each = this.#msByPlan.get(hash)
    return each === undefined ? 0 : Math.floor(ms / Math.max(each, 0.1))
  }
}
