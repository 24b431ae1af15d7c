import { basename, dirname } from 'node:path'
import type { WeightFiles } from '../../engines/engine.ts'
import type { Plan } from '../../workflow/plan.ts'

/** How the work of one kind of plan is spread over the machine. */
export interface Setup {
  /** Threads of each network, within one worker. */
  readonly threads: number
  /** Workers that work on such plans at the same time. */
  readonly workers: number
  /** Inputs that a worker takes at once. */
  readonly batch: number
}

/** What makes plans of one kind: the same engines with the same weights; undefined for plans without weights. */
export function kindOf(plan: Plan, files: WeightFiles): string | undefined {
  const parts = new Set<string>()
  for (const { engine, weights } of plan.nodes) {
    if (weights.length === 0) continue
    const versions = weights.map((id) => `${id}@${versionOf(files[id] ?? {})}`)
    parts.add(`${engine}(${versions.sort().join(' ')})`)
  }
  return parts.size === 0 ? undefined : [...parts].sort().join(' ')
}

/** Weights lie in a folder named by what they are made from (see WeightStore). */
function versionOf(files: Readonly<Record<string, string>>): string {
  const [path] = Object.values(files)
  return path === undefined ? '' : basename(dirname(path))
}

const BATCHES = [1, 2, 4, 8]

/**
 * The setups worth a try on a machine: its cores shared out among few workers with many threads or many with few, in
 * powers of two; each with several batch sizes. The plain one is the first.
 */
export function candidates(cores: number, workersMax: number): Setup[] {
  const result: Setup[] = []
  for (let threads = 1; threads <= cores; threads *= 2) {
    const workers = Math.min(workersMax, Math.floor(cores / threads))
    for (const batch of BATCHES) result.push({ threads, workers, batch })
  }
  return result
}
