import type { Data } from '../contract/index.ts'
import type { StatusCode } from '../contract/status-code.ts'
import type { WeightFiles } from '../engines/engine.ts'
import type { InputResult, Plan, RunOptions } from '../workflow/plan.ts'

/** Work for one worker: run a plan on some inputs. The plan itself is sent once per worker and then named by hash. */
export interface RunRequest {
  readonly planHash: string
  readonly plan?: Plan
  readonly files: WeightFiles
  /** Media bytes are inside (`image.base64` and so on); URLs have been fetched before. */
  readonly inputs: readonly Data[]
  readonly options: RunOptions
  /** Whether the server wants the answer in pieces as it is written. */
  readonly inPieces?: boolean
  /** Threads of each network that is loaded for it. */
  readonly threads: number
}

export type ToWorker =
  | { readonly type: 'run'; readonly id: number; readonly request: RunRequest }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'unload'; readonly id: number; readonly engine?: string }
  | { readonly type: 'stats'; readonly id: number }
  | { readonly type: 'stop' }

export type FromWorker =
  | { readonly type: 'ready'; readonly engines: readonly string[] }
  | {
      readonly type: 'result'
      readonly id: number
      readonly results: readonly InputResult[]
      /** Resident memory of the worker after the work, in bytes. */
      readonly rssBytes: number
    }
  | { readonly type: 'need-plan'; readonly id: number }
  /** A piece of the text that is being written; the result comes whole all the same. */
  | { readonly type: 'piece'; readonly id: number; readonly text: string }
  | { readonly type: 'error'; readonly id: number; readonly code: StatusCode; readonly details: string }
  | { readonly type: 'stats'; readonly id: number; readonly stats: WorkerStats }

/** State of one worker process. */
export interface WorkerStats {
  readonly pid: number
  readonly rssBytes: number
  readonly engines: readonly {
    readonly name: string
    readonly bytes: number
    readonly calls: number
    readonly busyMs: number
  }[]
}

/** The port through which the server runs anything that is not its own business logic. */
export interface Runtime {
  /** Runs a plan on inputs; inputs may be spread over workers. Throws AppError when the whole run fails. */
  run(
    plan: Plan,
    files: WeightFiles,
    inputs: readonly Data[],
    options: RunOptions,
    signal: AbortSignal,
  ): Promise<InputResult[]>
  /** Resolves when at least one worker is ready. */
  ready(): Promise<void>
  unload(engine?: string): Promise<void>
  stats(): Promise<WorkerStats[]>
  close(): Promise<void>
}
