import { silentLog } from '../../base/log.ts'
import type { Data } from '../../contract/index.ts'
import type { WeightFiles } from '../../engines/engine.ts'
import type { Plan, RunOptions } from '../../workflow/plan.ts'
import { createRuntime, type RuntimeOptions } from '../host/runtime.ts'
import type { Runtime } from '../protocol.ts'
import type { Measure } from './search.ts'
import type { Setup } from './setup.ts'

/** Work that is representative of a kind of plan. */
export interface Sample {
  readonly plan: Plan
  readonly files: WeightFiles
  readonly inputs: readonly Data[]
  readonly options: RunOptions
}

/** Requests under way for each worker: one that it works on, one that waits for it. */
const REQUESTS_PER_WORKER = 2

/** Measures setups by really doing the work in worker processes of their own, which stay from one look to the next. */
export class Workbench {
  readonly #sample: Sample
  readonly #signal: AbortSignal
  readonly #options: Partial<RuntimeOptions>
  readonly #pools = new Map<string, Runtime>()
  /** What the pools work by now. */
  #setup: Setup | undefined

  constructor(sample: Sample, signal: AbortSignal, options: Partial<RuntimeOptions> = {}) {
    this.#sample = sample
    this.#signal = signal
    this.#options = options
  }

  /** See Measure; rejects when the work fails or the signal is aborted. */
  readonly measure: Measure = async (setup, ms) => {
    const runtime = await this.#pool(setup)
    const requests = setup.workers * REQUESTS_PER_WORKER
    const start = performance.now()
    let inputs = 0
    await Promise.all(
      Array.from({ length: requests }, async (_, at) => {
        // At least one request each, however short the time is.
        do {
          await this.#work(runtime, setup.batch, at + inputs)
          inputs += setup.batch
        } while (performance.now() - start < ms)
      }),
    )
    return (inputs * 1000) / (performance.now() - start)
  }

  /** Ends the processes. */
  async close(): Promise<void> {
    const pools = [...this.#pools.values()]
    this.#pools.clear()
    await Promise.all(pools.map((pool) => pool.close()))
  }

  /** The pool for a shape, started and warm. */
  async #pool(setup: Setup): Promise<Runtime> {
    this.#signal.throwIfAborted()
    const shape = `${setup.threads} x ${setup.workers}`
    this.#setup = setup
    const running = this.#pools.get(shape)
    if (running) return running
    const pool = createRuntime({
      log: silentLog,
      closeGraceMs: 0,
      joinedWorkMs: 0,
      ...this.#options,
      workers: setup.workers,
      setupOf: () => this.#setup,
    })
    this.#pools.set(shape, pool)
    // Every worker has its turn, as each of them loads the model.
    const turns = Array.from({ length: setup.workers * REQUESTS_PER_WORKER }, (_, at) => this.#work(pool, 1, at))
    await Promise.all(turns)
    return pool
  }

  async #work(runtime: Runtime, batch: number, from: number): Promise<void> {
    const { plan, files, inputs, options } = this.#sample
    const part = Array.from({ length: batch }, (_, at) => inputs[(from + at) % inputs.length]!)
    await runtime.run(plan, files, part, options, this.#signal)
  }
}
