import type { LoadedEngine, WeightFiles } from '../../engines/engine.ts'
import { onThreads } from '../../engines/onnx.ts'
import type { EngineRegistry } from '../../engines/registry.ts'
import type { WorkerStats } from '../protocol.ts'
import { collectGarbage } from './garbage.ts'

interface Entry {
  readonly name: string
  readonly loading: Promise<LoadedEngine>
  bytes: number
  /** Runs that use the engine now; it is not unloaded under them. */
  pins: number
  lastUse: number
  calls: number
  busyMs: number
}

/** The engines that one run uses; they stay loaded until it is released. */
export interface EngineLease {
  /**
   * The engine, loaded if needed; rejects with AppError when there is none or its weights cannot be used. `weights` are
   * those of the node, for engines that have none of their own but run what each node brings. `threads` is for each of its
   * networks.
   */
  engine(name: string, files: WeightFiles, weights?: readonly string[], threads?: number): Promise<LoadedEngine>
  /** Ends the use; engines beyond the byte limit are unloaded, the least recently used first. */
  release(): Promise<void>
}

/** Engines in the memory of one worker, at most `maxBytes` of them unless a single one, or a single run, needs more. */
export class EngineCache {
  readonly #registry: EngineRegistry
  readonly #maxBytes: number
  readonly #entries = new Map<string, Entry>()
  #uses = 0

  constructor(registry: EngineRegistry, maxBytes: number) {
    this.#registry = registry
    this.#maxBytes = maxBytes
  }

  /** Starts the use of engines by one run. */
  lease(): EngineLease {
    const held = new Set<Entry>()
    return {
      engine: async (name, files, weights = [], threads = 1) => {
        const [key, entry] = await this.#entry(name, files, weights, threads)
        if (!held.has(entry)) {
          held.add(entry)
          entry.pins++
        }
        entry.lastUse = ++this.#uses
        try {
          const engine = await entry.loading
          entry.bytes = engine.bytes
          return timed(engine, entry)
        } catch (error) {
          // A later run may find the weights mended.
          if (this.#entries.get(key) === entry) this.#entries.delete(key)
          throw error
        }
      },
      release: async () => {
        for (const entry of held) entry.pins--
        held.clear()
        await this.#shrink()
      },
    }
  }

  /** Unloads the engines of a name, or all, except those in use. */
  async unload(name?: string): Promise<void> {
    const idle = [...this.#entries].filter(([, entry]) => entry.pins === 0)
    await this.#drop(idle.filter(([, entry]) => name === undefined || entry.name === name))
  }

  /** Figures per loaded engine. */
  stats(): WorkerStats['engines'] {
    return [...this.#entries.values()].map(({ name, bytes, calls, busyMs }) => ({ name, bytes, calls, busyMs }))
  }

  async #entry(
    name: string,
    files: WeightFiles,
    weights: readonly string[],
    threads: number,
  ): Promise<[string, Entry]> {
    const engine = await this.#registry.find(name)
    const wanted = engine.weights.length > 0 ? engine.weights : weights
    const own: WeightFiles = Object.fromEntries(wanted.map((weight) => [weight, files[weight] ?? {}]))
    const key = JSON.stringify([name, own, threads])
    let entry = this.#entries.get(key)
    if (!entry) {
      entry = {
        name,
        loading: onThreads(threads, () => engine.load(own)),
        bytes: 0,
        pins: 0,
        lastUse: 0,
        calls: 0,
        busyMs: 0,
      }
      this.#entries.set(key, entry)
    }
    return [key, entry]
  }

  async #shrink(): Promise<void> {
    let total = 0
    for (const entry of this.#entries.values()) total += entry.bytes
    // One that is too large by itself stays until another is used: it would only be loaded again for the next call.
    const newest = Math.max(...[...this.#entries.values()].map(({ lastUse }) => lastUse))
    const idle = [...this.#entries].filter(
      ([, { pins, bytes, lastUse }]) => pins === 0 && bytes > 0 && lastUse < newest,
    )
    const dropped: [string, Entry][] = []
    for (const one of idle.sort(([, a], [, b]) => a.lastUse - b.lastUse)) {
      if (total <= this.#maxBytes) break
      total -= one[1].bytes
      dropped.push(one)
    }
    await this.#drop(dropped)
  }

  async #drop(dropped: readonly (readonly [string, Entry])[]): Promise<void> {
    if (dropped.length === 0) return
    for (const [key] of dropped) this.#entries.delete(key)
    try {
      for (const [, entry] of dropped) await (await entry.loading).dispose()
    } finally {
      collectGarbage()
    }
  }
}

/** The engine with its calls counted and timed. */
function timed(engine: LoadedEngine, entry: Entry): LoadedEngine {
  const count = async <T>(calls: number, work: () => Promise<T>): Promise<T> => {
    const start = performance.now()
    try {
      return await work()
    } finally {
      entry.calls += calls
      entry.busyMs += performance.now() - start
    }
  }
  const { inferMany } = engine
  return {
    bytes: engine.bytes,
    dispose: () => engine.dispose(),
    infer: (items, setup) => count(items.length, () => engine.infer(items, setup)),
    inferMany:
      inferMany &&
      ((items, setups) => count(items.length * setups.length, () => inferMany.call(engine, items, setups))),
  }
}
