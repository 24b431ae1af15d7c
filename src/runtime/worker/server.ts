import { isAppError } from '../../base/errors.ts'
import { StatusCode } from '../../contract/status-code.ts'
import type { Plan } from '../../workflow/plan.ts'
import { type EngineHost, executePlan } from '../../workflow/run/execute.ts'
import { MAX_KNOWN_PLANS, RSS_TRUSTED_MS } from '../limits.ts'
import type { FromWorker, RunRequest, ToWorker } from '../protocol.ts'
import type { EngineCache } from './engine-cache.ts'
import { sampledFrames } from './frames.ts'

/** Serves the messages of the worker protocol from an engine cache. */
export class WorkerServer {
  readonly #engines: EngineCache
  readonly #answer: (message: FromWorker) => void
  readonly #plans = new Map<string, Plan>()
  readonly #running = new Map<number, { readonly abort: AbortController; readonly done: Promise<void> }>()

  #rss = 0
  #rssUntil = 0

  constructor(engines: EngineCache, answer: (message: FromWorker) => void) {
    this.#engines = engines
    this.#answer = answer
  }

  /** Takes one message; answers come through the callback. Does not throw. */
  async handle(message: ToWorker): Promise<void> {
    if (message.type === 'run') {
      const abort = new AbortController()
      const done = this.#run(message.id, message.request, abort.signal)
      this.#running.set(message.id, { abort, done })
      await done
      this.#running.delete(message.id)
    } else if (message.type === 'cancel') {
      this.#running.get(message.id)?.abort.abort()
    } else if (message.type === 'unload') {
      await this.#engines.unload(message.engine)
      this.#answer({ type: 'stats', id: message.id, stats: this.#stats() })
    } else if (message.type === 'stats') {
      this.#answer({ type: 'stats', id: message.id, stats: this.#stats() })
    }
  }

  /** Waits for the work under way, then frees the engines. */
  async stop(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ done }) => done))
    await this.#engines.unload()
  }

  async #run(id: number, request: RunRequest, signal: AbortSignal): Promise<void> {
    const plan = this.#plan(request)
    if (!plan) {
      this.#answer({ type: 'need-plan', id })
      return
    }
    const lease = this.#engines.lease()
    try {
      const host: EngineHost = {
        load: (engine, weights) => lease.engine(engine, request.files, weights, request.threads),
        frames: sampledFrames,
        report: (engine, error) => console.error(`engine ${engine} failed`, error),
      }
      const onText = request.inPieces ? (text: string) => this.#answer({ type: 'piece', id, text }) : undefined
      const options = onText ? { ...request.options, onText } : request.options
      const results = await executePlan(plan, request.inputs, host, options, signal)
      this.#answer({ type: 'result', id, results, rssBytes: this.#rssBytes() })
    } catch (error) {
      this.#answer({ type: 'error', id, ...describe(error, signal) })
    } finally {
      await lease.release().catch((error) => console.error('unloading an engine failed', error))
    }
  }

  #plan({ planHash, plan }: RunRequest): Plan | undefined {
    const found = plan ?? this.#plans.get(planHash)
    if (!found) return undefined
    this.#plans.delete(planHash)
    this.#plans.set(planHash, found)
    if (this.#plans.size > MAX_KNOWN_PLANS) this.#plans.delete(this.#plans.keys().next().value!)
    return found
  }

  // Asking the system costs as much as several nodes of a plan, and memory does not grow in a moment.
  #rssBytes(): number {
    const now = performance.now()
    if (now >= this.#rssUntil) {
      this.#rss = process.memoryUsage.rss()
      this.#rssUntil = now + RSS_TRUSTED_MS
    }
    return this.#rss
  }

  #stats() {
    return { pid: process.pid, rssBytes: process.memoryUsage.rss(), engines: this.#engines.stats() }
  }
}

function describe(error: unknown, signal: AbortSignal): { code: StatusCode; details: string } {
  if (isAppError(error)) return { code: error.code, details: error.details }
  if (signal.aborted) return { code: StatusCode.RPC_CANCELED, details: 'The request was cancelled.' }
  console.error('a run failed', error)
  return {
    code: StatusCode.MODEL_PREDICTION_FAILED,
    details: 'The prediction failed inside the server; try again, and look into its log if it fails again.',
  }
}
