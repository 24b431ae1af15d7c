import { AppError } from '../../base/errors.ts'
import type { Data } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { WeightFiles } from '../../engines/engine.ts'
import type { InputResult, Plan, RunOptions } from '../../workflow/plan.ts'
import { MAX_CHUNK_BYTES } from '../limits.ts'
import type { Setup } from '../tuning/setup.ts'

/** A piece of a request that one worker takes: the inputs `start` to `end` (not included). */
export interface Job {
  readonly request: PendingRequest
  readonly start: number
  readonly end: number
  /** Times that a worker died over it. */
  readonly deaths: number
}

/** Bytes of the media inside an input. */
export function mediaBytes(data: Data): number {
  return (data.image?.base64.length ?? 0) + (data.video?.base64.length ?? 0) + (data.audio?.base64.length ?? 0)
}

/** A request on its way through the pool: its jobs that wait, its results so far, and how it ends. */
export class PendingRequest {
  readonly plan: Plan
  readonly files: WeightFiles
  readonly inputs: readonly Data[]
  readonly options: RunOptions
  readonly done: Promise<InputResult[]>
  /** Jobs that wait for a worker. */
  readonly waiting: Job[] = []
  /** Times that a request behind this one was served first. */
  skips = 0
  readonly #results: (InputResult | undefined)[]
  #missing: number
  #settled = false
  #resolve!: (results: InputResult[]) => void
  #reject!: (error: unknown) => void

  /** How the work is done; a request of which nothing is known takes what the pool has. */
  readonly setup: Setup

  constructor(plan: Plan, files: WeightFiles, inputs: readonly Data[], options: RunOptions, setup: Setup) {
    this.plan = plan
    this.setup = setup
    this.files = files
    this.inputs = inputs
    this.options = options
    this.#results = new Array(inputs.length).fill(undefined)
    this.#missing = inputs.length
    this.done = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    for (const [start, end] of chunkBounds(inputs, setup)) this.waiting.push({ request: this, start, end, deaths: 0 })
    if (inputs.length === 0) this.#settle(() => this.#resolve([]))
  }

  /** Whether the caller has its answer, whatever it was. */
  get settled(): boolean {
    return this.#settled
  }

  /** Inputs that wait for a worker. */
  get waitingInputs(): number {
    return this.waiting.reduce((sum, job) => sum + job.end - job.start, 0)
  }

  /** Hands on a piece of the text that is being written, while somebody waits for it. */
  say(piece: string): void {
    if (!this.#settled) this.options.onText?.(piece)
  }

  /** Files in the results of a job; the last one completes the request. */
  complete(job: Job, results: readonly InputResult[]): void {
    for (let at = job.start; at < job.end; at++) {
      if (this.#results[at]) continue
      this.#results[at] = results[at - job.start] ?? failedResult(this.plan, LOST)
      this.#missing--
    }
    if (this.#missing === 0) this.#settle(() => this.#resolve(this.#results as InputResult[]))
  }

  /** Answers all inputs of a job with an error of their own; the rest of the request goes on. */
  completeWith(job: Job, error: AppError): void {
    const failed = failedResult(this.plan, error)
    this.complete(job, new Array(job.end - job.start).fill(failed))
  }

  /** Ends the whole request with an error. */
  fail(error: unknown): void {
    this.waiting.length = 0
    this.#settle(() => this.#reject(error))
  }

  #settle(how: () => void): void {
    if (this.#settled) return
    this.#settled = true
    how()
  }
}

const LOST = new AppError(StatusCode.MODEL_PREDICTION_FAILED, 'The worker answered without a result; try again.')

/** The result of an input that could not be worked on: the same error for every node that is answered. */
export function failedResult(plan: Plan, { code, details }: AppError): InputResult {
  return { nodes: plan.nodes.map((node) => (node.suppressOutput ? undefined : { code, details, elapsedMs: 0 })) }
}

/** A job whose worker died, as single inputs: the one that is to blame must not take the others with it. */
export function splitJob({ request, start, end, deaths }: Job): Job[] {
  return Array.from({ length: end - start }, (_, at) => ({
    request,
    start: start + at,
    end: start + at + 1,
    deaths: deaths + 1,
  }))
}

/** Whether one worker may work on both at once, as if they had come in one request: films take their time alone. */
export function canJoin(a: Job, b: Job): boolean {
  const [x, y] = [a.request, b.request]
  return (
    x.plan.hash === y.plan.hash &&
    x.options.sampleMs === y.options.sampleMs &&
    x.setup.threads === y.setup.threads &&
    isPlain(a) &&
    isPlain(b)
  )
}

/** Not part of a stream, without films, and nothing that a worker has died over. */
function isPlain({ request, start, end, deaths }: Job): boolean {
  if (request.options.memory || request.options.onText || deaths > 0) return false
  for (let at = start; at < end; at++) if (request.inputs[at]!.video) return false
  return true
}

/** Bytes of the media of a job. */
export function jobBytes({ request, start, end }: Job): number {
  let sum = 0
  for (let at = start; at < end; at++) sum += mediaBytes(request.inputs[at]!)
  return sum
}

/** Cuts inputs into pieces: at least one per worker if there are enough, of limited count and bytes. */
export function chunkBounds(inputs: readonly Data[], { workers, batch }: Setup): [number, number][] {
  const size = Math.max(1, Math.min(batch, Math.ceil(inputs.length / workers)))
  const bounds: [number, number][] = []
  let start = 0
  let bytes = 0
  for (const [at, data] of inputs.entries()) {
    const own = mediaBytes(data)
    if (at > start && (at - start >= size || bytes + own > MAX_CHUNK_BYTES)) {
      bounds.push([start, at])
      start = at
      bytes = 0
    }
    bytes += own
  }
  if (start < inputs.length) bounds.push([start, inputs.length])
  return bounds
}
