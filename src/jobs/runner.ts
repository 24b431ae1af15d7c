import { setTimeout as pause } from 'node:timers/promises'
import type { Micros } from '../base/clock.ts'
import { newId } from '../base/ids.ts'
import type { Writer } from '../store/database.ts'
import { claimJob, type Job, nextDue, readyKinds, releaseDue } from '../store/repos/jobs.ts'
import type { AnyJob } from './define.ts'
import { LeaseLost, ServerStops } from './errors.ts'
import { DRAIN_MS_MAX, HOUSEKEEPING_ROWS_MAX, JOBS_AT_ONCE, JOBS_OF_KIND_AT_ONCE } from './limits.ts'
import { Run, type RunEnd, type RunServices } from './run.ts'
import type { Upkeep } from './upkeep.ts'

/** Told of every run that ended. */
export type RunObserver = (kind: string, end: RunEnd, seconds: number) => void

interface Running<Env> {
  readonly lane: number
  readonly kind: string
  readonly run: Run<Env>
  readonly done: Promise<void>
}

/** Takes jobs from the queue and runs them, a few at a time of each kind and in all. */
export class Runner<Env> {
  readonly #services: RunServices<Env>
  readonly #definitions: ReadonlyMap<string, AnyJob<Env>>
  readonly #upkeep: Upkeep<Env>
  readonly #running = new Map<string, Running<Env>>()
  readonly #observers: RunObserver[] = []
  /** The lane that was served last, by kind. */
  #served: ReadonlyMap<string, number> = new Map()
  /** In the order in which they are served; turned after each claim. */
  readonly #kinds: string[]
  #state: 'new' | 'open' | 'closed' = 'new'
  #turning: Promise<void> | undefined
  #again = false
  #timer: NodeJS.Timeout | undefined
  #nextEnd: PromiseWithResolvers<void> | undefined

  constructor(services: RunServices<Env>, definitions: ReadonlyMap<string, AnyJob<Env>>, upkeep: Upkeep<Env>) {
    this.#services = services
    this.#definitions = definitions
    this.#kinds = [...definitions.keys()]
    this.#upkeep = upkeep
  }

  /** Takes up what a stopped server has left, and all that comes. */
  async start(): Promise<void> {
    if (this.#state !== 'new') return
    this.#state = 'open'
    await this.#upkeep.start({
      running: () => [...this.#running.values()].map(({ run }) => run),
      wake: () => this.wake(),
    })
    this.wake()
  }

  /** Looks into the queue soon. */
  wake(): void {
    if (this.#state !== 'open') return
    this.#again = true
    this.#turning ??= this.#turn().finally(() => {
      this.#turning = undefined
      if (this.#again) this.wake()
    })
  }

  /** Ends the run of a job that is no longer this server's. */
  drop(id: string): void {
    for (const { run } of this.#running.values()) if (run.id === id) run.abort(new LeaseLost())
  }

  /** Resolves with the next end of a run here. */
  nextEnd(): Promise<void> {
    this.#nextEnd ??= Promise.withResolvers()
    return this.#nextEnd.promise
  }

  recheck(): Promise<void> {
    return this.#upkeep.keepLeases([...this.#running.values()].map(({ run }) => run))
  }

  observe(observer: RunObserver): void {
    this.#observers.push(observer)
  }

  /** Resolves when nothing runs here and nothing is ready to run. */
  async idle(): Promise<void> {
    while (this.#state === 'open') {
      if (this.#turning) await this.#turning
      else if (this.#running.size > 0) await Promise.all([...this.#running.values()].map(({ done }) => done))
      else if ((await readyKinds(this.#services.db.read, this.#kinds)).length > 0) this.wake()
      else return
    }
  }

  /** Takes no more jobs, and puts those that run back into the queue as if they had not been begun. */
  async close(): Promise<void> {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#again = false
    clearTimeout(this.#timer)
    await this.#upkeep.close()
    await this.#turning
    const ends = Promise.all([...this.#running.values()].map(({ done }) => done))
    for (const { run } of this.#running.values()) run.abort(new ServerStops())
    const inTime = new AbortController()
    await Promise.race([ends, pause(DRAIN_MS_MAX, undefined, { signal: inTime.signal }).catch(() => undefined)])
    inTime.abort()
    for (const { run } of this.#running.values()) {
      await run.release().catch((error: unknown) => {
        this.#services.log.warn({ err: error, job: run.id }, 'a job that runs on could not be put back')
      })
    }
  }

  async #turn(): Promise<void> {
    while (this.#again && this.#state === 'open') {
      this.#again = false
      try {
        await this.#take()
        this.#wakeLater(await this.#nextLook())
      } catch (error) {
        this.#services.log.warn({ err: error }, 'the job queue could not be read; trying again')
        this.#wakeLater(this.#services.timing.pollMs)
      }
    }
  }

  async #take(): Promise<void> {
    const { db, desk, clock } = this.#services
    const due = await nextDue(db.read)
    if (due !== undefined && due <= clock.now()) {
      await desk.write((tx) => releaseDue(tx, clock.now(), HOUSEKEEPING_ROWS_MAX))
      this.#again = true
    }
    const kinds = await readyKinds(
      db.read,
      this.#kinds.filter((kind) => this.#room(kind) > 0),
    )
    if (kinds.length === 0 || this.#running.size >= JOBS_AT_ONCE) return
    const { taken, served } = await desk.write((tx) => this.#claim(tx, kinds, clock.now()))
    this.#served = served
    this.#kinds.push(this.#kinds.shift()!)
    for (const job of taken) await this.#begin(job)
    if (taken.length > 0) this.#again = true
  }

  #room(kind: string): number {
    let running = 0
    for (const other of this.#running.values()) if (other.kind === kind) running++
    return (this.#definitions.get(kind)?.concurrency ?? JOBS_OF_KIND_AT_ONCE) - running
  }

  /** As many jobs as there is room for, one of each kind after the other. */
  async #claim(tx: Writer, kinds: readonly string[], now: Micros) {
    const served = new Map(this.#served)
    const taken: Job[] = []
    const left = new Map(kinds.map((kind) => [kind, this.#room(kind)]))
    const lanes = this.#lanes()
    const open = [...kinds]
    while (open.length > 0 && this.#running.size + taken.length < JOBS_AT_ONCE) {
      const kind = open.shift()!
      const lease = { token: newId(), until: now + this.#services.timing.leaseMs * 1000 }
      const full = this.#fullLanes(kind, lanes)
      const job = await claimJob(tx, kind, served.get(kind) ?? Number.MIN_SAFE_INTEGER, lease, now, full)
      if (!job) continue
      taken.push(job)
      lanes.push({ kind, lane: job.lane })
      served.set(kind, job.lane)
      left.set(kind, left.get(kind)! - 1)
      if (left.get(kind)! > 0) open.push(kind)
    }
    return { taken, served }
  }

  /** The lanes of what runs, one entry for each job. */
  #lanes(): { readonly kind: string; readonly lane: number }[] {
    return [...this.#running.values()].map(({ kind, lane }) => ({ kind, lane }))
  }

  /** Lanes in which as many jobs of a kind run as one may have. */
  #fullLanes(kind: string, running: readonly { readonly kind: string; readonly lane: number }[]): number[] {
    const most = this.#definitions.get(kind)?.concurrencyPerApp
    if (most === undefined) return []
    const counts = new Map<number, number>()
    for (const one of running) if (one.kind === kind) counts.set(one.lane, (counts.get(one.lane) ?? 0) + 1)
    return [...counts].filter(([, count]) => count >= most).map(([lane]) => lane)
  }

  async #begin(job: Job): Promise<void> {
    const definition = this.#definitions.get(job.kind)
    const token = job.lease_token
    if (!definition || token === null) return
    const run = new Run(job, token, definition, this.#services)
    if (this.#state !== 'open') return run.release()
    const startedAt = performance.now()
    const done = run.start().then((end) => {
      this.#running.delete(token)
      for (const observe of this.#observers) observe(job.kind, end, (performance.now() - startedAt) / 1000)
      this.#nextEnd?.resolve()
      this.#nextEnd = undefined
      this.wake()
    })
    this.#running.set(token, { kind: job.kind, lane: job.lane, run, done })
  }

  /** Milliseconds until there may be something new that nobody here tells of. */
  async #nextLook(): Promise<number | undefined> {
    const { db, clock, timing } = this.#services
    const due = await nextDue(db.read)
    const untilDue = due === undefined ? undefined : Math.max(1, Math.ceil((due - clock.now()) / 1000))
    if (db.sole) return untilDue
    return Math.min(untilDue ?? timing.pollMs, timing.pollMs)
  }

  #wakeLater(ms: number | undefined): void {
    clearTimeout(this.#timer)
    if (ms === undefined || this.#state !== 'open') return
    this.#timer = setTimeout(() => this.wake(), Math.min(ms, TIMER_MS_MAX))
    this.#timer.unref()
  }
}

/** Longer timers than this would fire at once. */
const TIMER_MS_MAX = 2 ** 31 - 1
