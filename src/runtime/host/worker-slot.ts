import { AppError } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import type { WeightFiles } from '../../engines/engine.ts'
import type { InputResult, Plan } from '../../workflow/plan.ts'
import { packToWorker, unpackFromWorker } from '../codec.ts'
import { MAX_KNOWN_PLANS, MAX_START_BACKOFF_MS } from '../limits.ts'
import type { FromWorker, RunRequest, ToWorker, WorkerStats } from '../protocol.ts'
import type { WorkerSettings } from '../worker/settings.ts'
import type { Job } from './job.ts'
import { WorkerProcess } from './worker-process.ts'

const ENTRY = new URL('../worker/entry.ts', import.meta.url)

/** Times and sizes that a pool may set for its workers. */
export interface SlotLimits {
  readonly maxStartMs: number
  readonly startBackoffMs: number
  readonly cancelGraceMs: number
  readonly maxWorkMs: number
  readonly stopGraceMs: number
  readonly maxRssBytes: number
}

/** What a slot tells its pool. */
export interface SlotEvents {
  /** The worker can take a job. */
  idle(): void
  /** The worker ended while it worked on jobs that are still wanted; `hung` when it was killed for taking too long. */
  died(jobs: readonly Job[], hung: boolean): void
  /** The worker has answered all that it was given at once, in `ms` milliseconds. */
  worked(jobs: readonly Job[], ms: number): void
  /** What the worker made of the inputs of one job that is still wanted. */
  answered(job: Job, answer: readonly InputResult[] | AppError): void
  /** Something changed that those who wait for ready or for closing want to look at. */
  changed(): void
}

type State = 'starting' | 'idle' | 'busy' | 'stopping' | 'waiting' | 'closed'

interface Question {
  readonly id: number
  readonly resolve: (stats: WorkerStats | undefined) => void
}

/** One place for a worker: starts a process, keeps it supplied with work, and replaces it when it ends. */
export class WorkerSlot {
  readonly #settings: WorkerSettings
  readonly #limits: SlotLimits
  readonly #events: SlotEvents
  readonly #log: Log
  readonly #plans = new Set<string>()
  readonly #questions = new Set<Question>()
  readonly engines = new Set<string>()
  #state: State = 'waiting'
  #process: WorkerProcess<ToWorker, FromWorker> | undefined
  #timer: NodeJS.Timeout | undefined
  /** What the worker works on: one job, or several of the same plan. */
  #jobs: readonly Job[] = []
  #since = 0
  #hung = false
  #cancelled = false
  #closing = false
  #nextId = 1
  #jobId = 0
  #last: WorkerStats | undefined
  /** Failed starts in a row. */
  startFailures = 0
  /** Why the last start failed. */
  startFailure = ''

  constructor(settings: WorkerSettings, limits: SlotLimits, log: Log, events: SlotEvents) {
    this.#settings = settings
    this.#limits = limits
    this.#log = log
    this.#events = events
    this.#start()
  }

  get idle(): boolean {
    return this.#state === 'idle'
  }

  get alive(): boolean {
    return this.#state === 'idle' || this.#state === 'busy'
  }

  get busy(): boolean {
    return this.#jobs.length > 0
  }

  /** Whether the worker works on a plan at this moment. */
  worksOn({ hash }: Plan): boolean {
    return this.#jobs[0]?.request.plan.hash === hash
  }

  get closed(): boolean {
    return this.#state === 'closed'
  }

  /** Figures as last heard. */
  get lastStats(): WorkerStats | undefined {
    return this.#last
  }

  /** Whether the worker has been given work for all engines with weights of a plan before. */
  hasEnginesOf(plan: Plan): boolean {
    return plan.nodes.every((node) => node.weights.length === 0 || this.engines.has(node.engine))
  }

  /**
   * Gives the idle worker jobs that are alike (see `canJoin`), to be worked on together. Throws AppError when they are
   * too large to be sent; the worker stays idle.
   */
  run(jobs: readonly Job[]): void {
    const { plan, files, options, setup } = jobs[0]!.request
    const { onText, ...sent } = options
    const known = this.#plans.has(plan.hash)
    const request: RunRequest = {
      planHash: plan.hash,
      ...(!known && { plan }),
      files: neededFiles(plan, files),
      inputs: jobs.flatMap(({ request: { inputs }, start, end }) => inputs.slice(start, end)),
      options: sent,
      ...(onText && { inPieces: true }),
      threads: setup.threads,
    }
    const id = this.#nextId++
    this.#process!.send({ type: 'run', id, request })
    this.#remember(plan)
    this.#jobs = jobs
    this.#since = performance.now()
    this.#jobId = id
    this.#state = 'busy'
    this.#hung = false
    this.#cancelled = false
    this.#after(this.#limits.maxWorkMs, () => {
      this.#log.error({ worker: this.#process?.pid, ms: this.#limits.maxWorkMs }, 'a worker hangs and is killed')
      this.#hung = true
      this.#process?.kill()
    })
  }

  /**
   * Tells the worker to stop when nothing of its work is wanted any more, now that this request is not; a worker that
   * does not react in time is killed.
   */
  cancel(request: Job['request']): void {
    if (this.#state !== 'busy' || this.#cancelled) return
    if (!this.#jobs.some((job) => job.request === request) || wanted(this.#jobs).length > 0) return
    this.#cancelled = true
    this.#process!.send({ type: 'cancel', id: this.#jobId })
    this.#after(this.#limits.cancelGraceMs, () => {
      this.#log.warn({ worker: this.#process?.pid }, 'a worker does not react to a cancellation and is killed')
      this.#process?.kill()
    })
  }

  /** Asks the worker for its figures, or to unload engines first; undefined when it ends before it answers. */
  ask(question: { type: 'stats' } | { type: 'unload'; engine?: string }): Promise<WorkerStats | undefined> {
    if (!this.alive) return Promise.resolve(undefined)
    if (question.type === 'unload') this.engines.clear()
    const id = this.#nextId++
    return new Promise((resolve) => {
      this.#questions.add({ id, resolve })
      this.#process!.send({ ...question, id })
    })
  }

  /** Ends the worker for good: at once when `force` is set, else as soon as it has stopped by itself. */
  close(force: boolean): void {
    if (this.#state === 'closed') return
    if (this.#state === 'waiting') {
      clearTimeout(this.#timer)
      this.#state = 'closed'
      this.#events.changed()
      return
    }
    this.#closing = true
    if (force || this.#state === 'starting') this.#process?.kill()
    else this.#stop()
  }

  #start(): void {
    this.#state = 'starting'
    this.#plans.clear()
    this.engines.clear()
    const worker = new WorkerProcess<ToWorker, FromWorker>({
      entry: ENTRY,
      pack: packToWorker,
      unpack: unpackFromWorker,
      settings: this.#settings,
      log: this.#log,
      onMessage: (message) => this.#take(message),
      onExit: (reason) => this.#exited(worker, reason),
    })
    this.#process = worker
    this.#after(this.#limits.maxStartMs, () => worker.kill())
  }

  #take(message: FromWorker): void {
    if (message.type === 'ready') {
      if (this.#state !== 'starting') return
      this.startFailures = 0
      this.#becomeIdle()
    } else if (message.type === 'stats') {
      this.#last = message.stats
      for (const question of this.#questions) {
        if (question.id !== message.id) continue
        this.#questions.delete(question)
        question.resolve(message.stats)
      }
    } else if (message.id === this.#jobId && this.#jobs.length > 0) {
      if (message.type === 'piece') this.#jobs[0]!.request.say(message.text)
      else this.#answered(this.#jobs, message)
    }
  }

  #answered(jobs: readonly Job[], message: Exclude<FromWorker, { type: 'ready' | 'stats' | 'piece' }>): void {
    clearTimeout(this.#timer)
    this.#jobs = []
    if (message.type === 'need-plan') {
      this.#plans.delete(jobs[0]!.request.plan.hash)
      this.#state = 'idle'
      const left = wanted(jobs)
      if (left.length === 0) this.#becomeIdle()
      else this.run(left)
      return
    }
    if (message.type === 'result') this.#events.worked(jobs, performance.now() - this.#since)
    let at = 0
    for (const job of jobs) {
      const [from, to] = [at, at + job.end - job.start]
      at = to
      if (job.request.settled) continue
      this.#events.answered(
        job,
        message.type === 'result' ? message.results.slice(from, to) : new AppError(message.code, message.details),
      )
    }
    if (message.type === 'result' && message.rssBytes > this.#limits.maxRssBytes) {
      this.#log.info(
        { worker: this.#process?.pid, rssBytes: message.rssBytes },
        'a worker grew too large and is replaced',
      )
      this.#stop()
    } else {
      this.#becomeIdle()
    }
  }

  #becomeIdle(): void {
    clearTimeout(this.#timer)
    if (this.#closing) {
      this.#stop()
      return
    }
    this.#state = 'idle'
    this.#events.idle()
    this.#events.changed()
  }

  #stop(): void {
    this.#state = 'stopping'
    this.#process!.send({ type: 'stop' })
    this.#after(this.#limits.stopGraceMs, () => this.#process?.kill())
  }

  #exited(worker: WorkerProcess<ToWorker, FromWorker>, reason: string): void {
    clearTimeout(this.#timer)
    const [state, jobs] = [this.#state, wanted(this.#jobs)]
    this.#jobs = []
    for (const question of this.#questions) question.resolve(undefined)
    this.#questions.clear()
    if (this.#closing) {
      this.#state = 'closed'
    } else if (state === 'starting') {
      this.startFailures++
      this.startFailure = worker.lastError || reason
      const wait = Math.min(this.#limits.startBackoffMs * 2 ** (this.startFailures - 1), MAX_START_BACKOFF_MS)
      this.#log.error({ worker: worker.pid, reason, retryMs: wait }, 'a worker failed to start')
      this.#state = 'waiting'
      this.#after(wait, () => this.#start())
    } else {
      if (state !== 'stopping') this.#log.error({ worker: worker.pid, reason }, 'a worker died and is replaced')
      this.#start()
    }
    if (jobs.length > 0) this.#events.died(jobs, this.#hung)
    this.#events.changed()
  }

  #remember(plan: Plan): void {
    this.#plans.add(plan.hash)
    if (this.#plans.size > MAX_KNOWN_PLANS) this.#plans.delete(this.#plans.keys().next().value!)
    for (const node of plan.nodes) this.engines.add(node.engine)
  }

  #after(ms: number, action: () => void): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(action, ms)
  }
}

/** The jobs whose callers still wait. */
const wanted = (jobs: readonly Job[]): Job[] => jobs.filter(({ request }) => !request.settled)

/** Only the weights that the plan names; a request may come with the files of everything installed. */
function neededFiles(plan: Plan, files: WeightFiles): WeightFiles {
  const ids = new Set(plan.nodes.flatMap((node) => node.weights))
  return Object.fromEntries([...ids].flatMap((id) => (files[id] ? [[id, files[id]]] : [])))
}
