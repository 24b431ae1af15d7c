import { AppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Plan } from '../../workflow/plan.ts'
import {
  MAX_CHUNK_BYTES,
  MAX_QUEUE_SKIPS,
  MAX_QUEUED_BYTES,
  MAX_QUEUED_INPUTS,
  MAX_QUEUED_INPUTS_PER_PLAN,
  QUEUE_LOOKAHEAD,
} from '../limits.ts'
import { canJoin, type Job, jobBytes, type PendingRequest } from './job.ts'

/** Limits on what may wait for a worker. */
export interface QueueLimits {
  readonly maxInputs?: number
  readonly maxInputsPerPlan?: number
  readonly maxBytes?: number
}

/** Requests with work that waits, served in turn: each gives one job, then stands in line again. */
export class RequestQueue {
  readonly #limits: Required<QueueLimits>
  #requests: PendingRequest[] = []

  constructor(limits: QueueLimits = {}) {
    this.#limits = {
      maxInputs: limits.maxInputs ?? MAX_QUEUED_INPUTS,
      maxInputsPerPlan: limits.maxInputsPerPlan ?? MAX_QUEUED_INPUTS_PER_PLAN,
      maxBytes: limits.maxBytes ?? MAX_QUEUED_BYTES,
    }
  }

  /** Requests that wait, at least in part. */
  get size(): number {
    return this.#requests.filter((request) => !request.settled && request.waiting.length > 0).length
  }

  /** Appends a request. Throws AppError 40030 when too much waits already, 21354 when too much does for its plan. */
  add(request: PendingRequest): void {
    let [inputs, ofPlan, bytes] = [request.inputs.length, request.inputs.length, waitingBytes(request)]
    for (const other of this.#requests) {
      inputs += other.waitingInputs
      bytes += waitingBytes(other)
      if (other.plan.hash === request.plan.hash) ofPlan += other.waitingInputs
    }
    if (inputs > this.#limits.maxInputs || bytes > this.#limits.maxBytes) {
      throw new AppError(
        StatusCode.RPC_REQUEST_QUEUE_FULL,
        'The server has too many predictions waiting; try again soon.',
      )
    }
    if (ofPlan > this.#limits.maxInputsPerPlan) {
      throw new AppError(StatusCode.MODEL_BUSY_PLEASE_RETRY, 'This model has too many inputs waiting; try again soon.')
    }
    this.#requests.push(request)
  }

  /** Puts jobs whose worker died back in front of the line. */
  putBack(jobs: readonly Job[]): void {
    const request = jobs[0]?.request
    if (!request || request.settled) return
    request.waiting.unshift(...jobs)
    this.#requests = [request, ...this.#requests.filter((other) => other !== request)]
  }

  /**
   * Takes the next job: of the first request in line, or of one close behind for which `isWarm` says that an idle
   * worker has all it needs, as long as the first is not passed over too often. Those that `mayRun` is false of wait.
   */
  take(
    isWarm: (request: PendingRequest) => boolean,
    mayRun: (request: PendingRequest) => boolean = () => true,
  ): Job | undefined {
    this.#requests = this.#requests.filter((request) => !request.settled && request.waiting.length > 0)
    const able = this.#requests.filter(mayRun)
    const first = able[0]
    if (!first) return undefined
    const ahead = first.skips < MAX_QUEUE_SKIPS ? able.slice(0, QUEUE_LOOKAHEAD) : [first]
    const chosen = ahead.find(isWarm) ?? first
    if (chosen === first) first.skips = 0
    else first.skips++
    const job = chosen.waiting.shift()!
    this.#requests = this.#requests.filter((request) => request !== chosen)
    if (chosen.waiting.length > 0) this.#requests.push(chosen)
    return job
  }

  /**
   * Takes further jobs that a worker can do together with one that was taken, in their order: `most` inputs with those of
   * the job, and the media bytes of one message.
   */
  takeAlike(job: Job, most: number): Job[] {
    const taken: Job[] = []
    let [inputs, bytes] = [job.end - job.start, jobBytes(job)]
    for (const request of this.#requests) {
      while (inputs < most) {
        const next = request.waiting[0]
        if (request.settled || !next || !canJoin(job, next)) break
        inputs += next.end - next.start
        bytes += jobBytes(next)
        if (inputs > most || bytes > MAX_CHUNK_BYTES) return taken
        taken.push(request.waiting.shift()!)
      }
    }
    return taken
  }

  /** Inputs of a plan that wait for a worker. */
  waitingOf(plan: Plan): number {
    let sum = 0
    for (const request of this.#requests) if (request.plan.hash === plan.hash) sum += request.waitingInputs
    return sum
  }

  /** Ends everything that waits with an error. */
  failAll(error: AppError): void {
    const requests = this.#requests
    this.#requests = []
    for (const request of requests) request.fail(error)
  }
}

function waitingBytes(request: PendingRequest): number {
  return request.waiting.reduce((sum, job) => sum + jobBytes(job), 0)
}
