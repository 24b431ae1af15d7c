import { availableParallelism } from 'node:os'
import type { Log } from '../../base/log.ts'
import type { Data } from '../../contract/index.ts'
import type { WeightFiles } from '../../engines/engine.ts'
import { engineTalks } from '../../engines/registry.ts'
import type { Plan, RunOptions } from '../../workflow/plan.ts'
import { mediaBytes } from '../host/job.ts'
import type { RuntimeOptions } from '../host/runtime.ts'
import * as limits from '../limits.ts'
import type { Runtime } from '../protocol.ts'
import { type Sample, Workbench } from './measure.ts'
import { machineName, TuningRecord } from './record.ts'
import { search } from './search.ts'
import { candidates, kindOf, type Setup } from './setup.ts'

export interface TunerOptions {
  /** Workers of the pool that is tuned. */
  readonly workers: number
  /** Where what was found is kept. */
  readonly file: string
  readonly log: Log
  /** Cores of the machine. */
  readonly cores?: number
  readonly budgetMs?: number
  /** Time without any request after which the tuner begins, in milliseconds. */
  readonly quietMs?: number
  /** For the pools that are measured. */
  readonly pool?: Partial<RuntimeOptions>
}

interface Wanted {
  readonly sample: Sample
  tries: number
}

/**
 * Finds out how this machine does each kind of plan fastest: with many workers or many threads, input by input or in
 * batches. It looks when nothing is asked, with the inputs that were asked last, and stops at once when something is;
 * what it found holds from then on and is remembered by machine and models.
 */
export class Tuner {
  readonly #options: TunerOptions
  readonly #record: TuningRecord
  readonly #wanted = new Map<string, Wanted>()
  readonly #hopeless = new Set<string>()
  #running = 0
  #timer: NodeJS.Timeout | undefined
  #looking: { readonly abort: AbortController; readonly done: Promise<void> } | undefined
  #closed = false

  private constructor(options: TunerOptions, record: TuningRecord) {
    this.#options = options
    this.#record = record
  }

  static async open(options: TunerOptions): Promise<Tuner> {
    return new Tuner(options, await TuningRecord.open(options.file, machineName(options.workers), options.log))
  }

  /** The setup for a plan, where it is known. */
  readonly setupOf = (plan: Plan, files: WeightFiles): Setup | undefined => {
    const kind = kindOf(plan, files)
    return kind === undefined ? undefined : this.#record.find(kind)
  }

  /** The pool, watched: when it is quiet, what it was asked is tuned. */
  watch(pool: Runtime): Runtime {
    return {
      ready: () => pool.ready(),
      unload: (engine) => pool.unload(engine),
      stats: () => pool.stats(),
      run: async (plan, files, inputs, options, signal) => {
        this.#stop()
        this.#running++
        try {
          const results = await pool.run(plan, files, inputs, options, signal)
          this.#note(plan, files, inputs, options)
          return results
        } finally {
          this.#running--
          this.#wait()
        }
      },
      close: async () => {
        this.#closed = true
        this.#stop()
        await this.#looking?.done
        await pool.close()
      },
    }
  }

  #note(plan: Plan, files: WeightFiles, inputs: readonly Data[], { sampleMs, memory, served }: RunOptions): void {
    const kind = kindOf(plan, files)
    // Language models take long and much memory; trying them out in several ways would take more than it brings.
    if (plan.nodes.some(({ engine }) => engineTalks(engine))) return
    if (kind === undefined || memory || served || this.#record.find(kind) || this.#hopeless.has(kind)) return
    if (this.#wanted.has(kind) || this.#wanted.size >= limits.TUNE_WAITING_MAX) return
    const usable = inputs.filter((data) => !data.video && mediaBytes(data) <= limits.TUNE_SAMPLE_BYTES_MAX)
    if (usable.length === 0) return
    const sample = { plan, files, inputs: usable.slice(0, limits.TUNE_SAMPLES_MAX), options: { sampleMs } }
    this.#wanted.set(kind, { sample, tries: 0 })
  }

  /** Begins to look after a while without requests. */
  #wait(): void {
    clearTimeout(this.#timer)
    if (this.#closed || this.#running > 0 || this.#wanted.size === 0) return
    this.#timer = setTimeout(() => this.#begin(), this.#options.quietMs ?? limits.TUNE_QUIET_MS).unref()
  }

  #stop(): void {
    clearTimeout(this.#timer)
    this.#looking?.abort.abort()
  }

  #begin(): void {
    const [next] = this.#wanted
    if (!next || this.#looking) return
    const abort = new AbortController()
    const done = this.#look(...next, abort.signal).finally(() => {
      this.#looking = undefined
      this.#wait()
    })
    this.#looking = { abort, done }
  }

  async #look(kind: string, wanted: Wanted, signal: AbortSignal): Promise<void> {
    const { log, budgetMs = limits.TUNE_BUDGET_MS } = this.#options
    const workers = Math.min(this.#options.workers, limits.MAX_WORKERS)
    // Who allows fewer workers than there are cores wants some of them left alone.
    const cores = Math.min(workers, this.#options.cores ?? availableParallelism())
    const bench = new Workbench(wanted.sample, signal, this.#options.pool)
    const now = () => performance.now()
    try {
      const found = await search(candidates(cores, workers), bench.measure, budgetMs, now)
      signal.throwIfAborted()
      this.#wanted.delete(kind)
      await this.#record.keep(kind, found)
      log.info({ kind, ...found }, 'tuned')
    } catch (error) {
      // Interrupted work comes again, last in line; after several times it seems that there is never the time.
      this.#wanted.delete(kind)
      wanted.tries++
      if (signal.aborted && wanted.tries < limits.TUNE_TRIES_MAX) this.#wanted.set(kind, wanted)
      else this.#hopeless.add(kind)
      if (!signal.aborted) log.warn({ err: error, kind }, 'tuning failed; the defaults stay')
    } finally {
      await bench.close()
    }
  }
}
