import type { Micros } from '../base/clock.ts'
import { StatusCode } from '../contract/status-code.ts'
import type { Writer } from '../store/database.ts'
import { pruneJobs } from '../store/repos/job-lists.ts'
import {
  anyLapsed,
  endJob,
  freeOrphans,
  heldLeases,
  type Job,
  jobsToCancel,
  keepLeases,
  lapsedJobs,
  putBack,
} from '../store/repos/jobs.ts'
import type { AnyJob } from './define.ts'
import { LeaseLost } from './errors.ts'
import { ATTEMPTS_MAX, HOUSEKEEPING_MS, HOUSEKEEPING_ROWS_MAX, JOBS_KEPT_MS } from './limits.ts'
import type { Run, RunServices } from './run.ts'
import { viewJob } from './view.ts'

/** What upkeep sees of the runner. */
export interface Watched<Env> {
  running(): readonly Run<Env>[]
  wake(): void
}

/** What has to be done again and again beside running jobs: keeping leases, taking over, cancelling, pruning. */
export class Upkeep<Env> {
  readonly #services: RunServices<Env>
  readonly #definitions: ReadonlyMap<string, AnyJob<Env>>
  readonly #cancel: (id: string) => Promise<unknown>
  readonly #timers: NodeJS.Timeout[] = []
  readonly #busy = new Set<Promise<void>>()

  constructor(
    services: RunServices<Env>,
    definitions: ReadonlyMap<string, AnyJob<Env>>,
    cancel: (id: string) => Promise<unknown>,
  ) {
    this.#services = services
    this.#definitions = definitions
    this.#cancel = cancel
  }

  async start(watched: Watched<Env>): Promise<void> {
    const { db, timing } = this.#services
    await this.#takeOver(db.sole ? Number.MAX_SAFE_INTEGER : this.#services.clock.now())
    await this.#cancelWanted()
    this.#every(timing.heartbeatMs, () => this.keepLeases(watched.running()))
    this.#every(HOUSEKEEPING_MS, () => this.#tidy().then(() => watched.wake()))
    if (db.sole) return
    this.#every(timing.pollMs, async () => {
      await this.#cancelWanted()
      if (await this.#takeOver(this.#services.clock.now())) watched.wake()
    })
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    await Promise.all(this.#busy)
  }

  #every(ms: number, work: () => Promise<unknown>): void {
    let idle = true
    const timer = setInterval(() => {
      if (!idle) return
      idle = false
      const busy = work()
        .then(() => undefined)
        .catch((error: unknown) => this.#services.log.warn({ err: error }, 'upkeep of the job queue failed'))
        .finally(() => {
          idle = true
          this.#busy.delete(busy)
        })
      this.#busy.add(busy)
    }, ms)
    timer.unref()
    this.#timers.push(timer)
  }

  /** Says that this server still runs its jobs, and ends the runs of those that it has lost. */
  async keepLeases(runs: readonly Run<Env>[]): Promise<void> {
    const { db, desk, clock, timing } = this.#services
    if (runs.length === 0) return
    const tokens = runs.map(({ token }) => token)
    const until = clock.now() + timing.leaseMs * 1000
    try {
      const held = await (db.sole ? heldLeases(db.read, tokens) : desk.write((tx) => keepLeases(tx, tokens, until)))
      for (const run of runs) {
        if (held.has(run.token)) run.leaseUntil = until
        else run.abort(new LeaseLost())
      }
    } finally {
      // With the database out of reach another server may believe that this one is gone.
      if (!db.sole) for (const run of runs) if (run.leaseUntil < clock.now()) run.abort(new LeaseLost())
    }
  }

  /** Puts back what servers left that are gone. */
  async #takeOver(before: Micros): Promise<boolean> {
    const { db, desk, log } = this.#services
    let any = false
    while (await anyLapsed(db.read, before)) {
      any = true
      const jobs = await desk.write(async (tx) => {
        const lapsed = await lapsedJobs(tx, before, HOUSEKEEPING_ROWS_MAX)
        for (const job of lapsed) await this.#putBack(tx, job)
        return lapsed
      })
      if (jobs.length === 0) break
      for (const { id, kind } of jobs) log.info({ job: id, kind }, 'a job of a server that stopped goes on')
    }
    return any
  }

  async #putBack(tx: Writer, job: Job): Promise<void> {
    const { clock, env } = this.#services
    const now = clock.now()
    const definition = this.#definitions.get(job.kind)
    if (job.attempts < (definition?.attempts ?? ATTEMPTS_MAX)) {
      await putBack(tx, job.pk, job.lease_token, { runAfter: now, attempts: job.attempts }, now)
      return
    }
    const details = `The server stopped ${job.attempts} times while it ran this job; look into its log.`
    const end = { status: 'failed', error: { code: StatusCode.INTERNAL_UNCATEGORIZED, details } } as const
    const row = await endJob(tx, job.pk, undefined, end, now)
    if (row) await definition?.settled?.(tx, viewJob(row), env)
  }

  async #cancelWanted(): Promise<void> {
    for (const job of await jobsToCancel(this.#services.db.read, HOUSEKEEPING_ROWS_MAX)) {
      if (this.#definitions.has(job.kind)) await this.#cancel(job.id)
    }
  }

  async #tidy(): Promise<void> {
    const { desk, clock } = this.#services
    const before = clock.now() - JOBS_KEPT_MS * 1000
    let pruned: number
    do {
      pruned = await desk.write((tx) => pruneJobs(tx, before, HOUSEKEEPING_ROWS_MAX))
    } while (pruned === HOUSEKEEPING_ROWS_MAX)
    await desk.write((tx) => freeOrphans(tx, clock.now()))
  }
}
