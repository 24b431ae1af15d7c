import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Database, Writer } from '../store/database.ts'
import { endJob, type Job, type JobEnd, putBack, saveProgress } from '../store/repos/jobs.ts'
import { pauseAfter } from './backoff.ts'
import type { AnyJob, Checkpoint, JobContext } from './define.ts'
import type { Desk } from './desk.ts'
import { describeError, isFinal, LeaseLost, ServerStops, TryAgain } from './errors.ts'
import { toJson } from './json.ts'
import { ATTEMPTS_MAX, type JobTiming, STATE_BYTES_MAX } from './limits.ts'
import { viewJob } from './view.ts'

/** What a run needs of the program. */
export interface RunServices<Env> {
  readonly db: Database
  readonly desk: Desk
  readonly clock: Clock
  readonly log: Log
  readonly env: Env
  readonly timing: JobTiming
}

/** How a run ended; `released` jobs are in the queue again, `lost` ones are somebody else's business. */
export type RunEnd = JobEnd['status'] | 'released' | 'lost'

/** One run of a claimed job in this server. */
export class Run<Env> {
  readonly token: string
  /** When the lease ends unless it is prolonged. */
  leaseUntil: number
  readonly #row: Job
  readonly #definition: AnyJob<Env>
  readonly #services: RunServices<Env>
  readonly #log: Log
  readonly #abort = new AbortController()

  constructor(row: Job, token: string, definition: AnyJob<Env>, services: RunServices<Env>) {
    this.#row = row
    this.token = token
    this.leaseUntil = row.lease_until ?? 0
    this.#definition = definition
    this.#services = services
    this.#log = services.log.child({ job: row.id, kind: row.kind })
  }

  get id(): string {
    return this.#row.id
  }

  /** Tells the run to end. */
  abort(reason: LeaseLost | ServerStops): void {
    this.#abort.abort(reason)
  }

  /** Runs the job and writes down how it ended. Never rejects. */
  async start(): Promise<RunEnd> {
    try {
      return await this.#settle(await this.#execute())
    } catch (error) {
      if (error instanceof LeaseLost) return 'lost'
      // The lease ends by itself, after which the job is tried again.
      this.#log.error({ err: error }, 'how a job ended could not be stored')
      return 'lost'
    }
  }

  /** Puts the job back although it still runs here, which from now on can write nothing. */
  async release(): Promise<void> {
    const { pk, attempts } = this.#row
    await this.#services.desk.write((tx) => {
      const now = this.#services.clock.now()
      return putBack(tx, pk, this.token, { runAfter: now, attempts: Math.max(0, attempts - 1) }, now)
    })
  }

  async #execute(): Promise<{ error?: unknown }> {
    try {
      await this.#definition.run(this.#context())
      return {}
    } catch (error) {
      return { error: error ?? new Error('a job threw nothing') }
    }
  }

  async #settle({ error }: { error?: unknown }): Promise<RunEnd> {
    if (error === undefined) return this.#end({ status: 'succeeded', forgetArgs: this.#definition.bulky })
    const { reason } = this.#abort.signal
    if (reason instanceof LeaseLost || error instanceof LeaseLost) return 'lost'
    if (reason instanceof ServerStops) {
      await this.release()
      return 'released'
    }
    const { attempts } = this.#row
    const final = isFinal(error) || attempts >= (this.#definition.attempts ?? ATTEMPTS_MAX)
    const cause = error instanceof TryAgain ? error.cause : error
    this.#log[final ? 'error' : 'warn'](
      { err: cause, attempt: attempts },
      final ? 'a job failed' : 'a job is tried again',
    )
    if (final) return this.#end({ status: 'failed', error: describeError(error) })
    return this.#retry(error)
  }

  #retry(error: unknown): Promise<RunEnd> {
    const { pk, attempts } = this.#row
    const wanted = error instanceof TryAgain ? error.afterMs : undefined
    const pauseMs = wanted ?? pauseAfter(attempts, this.#definition.backoff)
    return this.#services.desk.write(async (tx) => {
      const now = this.#services.clock.now()
      const back = { runAfter: now + pauseMs * 1000, attempts, error: describeError(error) }
      return (await putBack(tx, pk, this.token, back, now)) ? 'released' : 'lost'
    })
  }

  #end(end: JobEnd): Promise<RunEnd> {
    const { desk, clock, env } = this.#services
    return desk.write(async (tx) => {
      const row = await endJob(tx, this.#row.pk, this.token, end, clock.now())
      if (!row) return 'lost'
      await this.#definition.settled?.(tx, viewJob({ ...row, args: this.#row.args }), env)
      return end.status
    })
  }

  #context(): JobContext<unknown, unknown, Env> {
    const run = this
    const row = this.#row
    const { appPk, userPk, args, ...view } = viewJob(row)
    let state = view.state
    return {
      id: row.id,
      args,
      appPk,
      userPk,
      get state() {
        return state
      },
      get done() {
        return row.done
      },
      get total() {
        return row.total ?? undefined
      },
      attempt: row.attempts,
      lastAttempt: row.attempts >= (this.#definition.attempts ?? ATTEMPTS_MAX),
      signal: this.#abort.signal,
      log: this.#log,
      services: this.#services.env,
      async checkpoint(work) {
        const reached = await run.#checkpoint(work)
        if (reached?.state !== undefined) state = reached.state
      },
    }
  }

  async #checkpoint(
    work: (tx: Writer) => Promise<Checkpoint<unknown> | undefined>,
  ): Promise<Checkpoint<unknown> | undefined> {
    const { db, clock, timing } = this.#services
    const row = this.#row
    this.#abort.signal.throwIfAborted()
    const { reached, until } = await db.transact(async (tx) => {
      const reached = await work(tx)
      const now = clock.now()
      const until = now + timing.leaseMs * 1000
      const progress = {
        ...(reached?.state === undefined ? {} : { state: toJson(reached.state, STATE_BYTES_MAX, 'state') }),
        ...(reached?.done === undefined ? {} : { done: reached.done }),
        ...(reached?.total === undefined ? {} : { total: reached.total }),
      }
      if (!(await saveProgress(tx, row, { token: this.token, until }, progress, now))) throw new LeaseLost()
      return { reached, until }
    })
    this.leaseUntil = until
    if (reached?.done !== undefined && reached.done > row.done) row.attempts = 1
    row.done = reached?.done ?? row.done
    row.total = reached?.total ?? row.total
    return reached
  }
}
