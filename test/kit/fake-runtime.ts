import { create } from '@bufbuild/protobuf'
import { type Data, DataSchema } from '../../src/contract/index.ts'
import { StatusCode } from '../../src/contract/status-code.ts'
import type { Services } from '../../src/domain/services.ts'
import type { Runtime } from '../../src/runtime/protocol.ts'
import type { WeightStore } from '../../src/weights/store.ts'
import type { InputResult, NodeResult, Plan, PlanNode, RunMemory, RunOptions } from '../../src/workflow/plan.ts'

/** One run that the server asked for. */
export interface FakeRun {
  readonly plan: Plan
  readonly inputs: readonly Data[]
  readonly options: RunOptions
  readonly signal: AbortSignal
}

/** What a fake node makes of an input. */
export type FakeNode = (node: PlanNode, input: Data, at: number) => Partial<NodeResult>

/**
 * A runtime for what the server does around a run: every node that is not suppressed answers what `answer` says, by
 * default success without data. Runs are written down.
 */
export class FakeRuntime implements Runtime {
  readonly runs: FakeRun[] = []
  answer: FakeNode = () => ({})
  /** What nodes remember after an input of a stream; as it was, unless said. */
  remember: ((memory: RunMemory) => RunMemory) | undefined
  /** Called before a run answers; may wait or throw. */
  before: (run: FakeRun) => Promise<void> | void = () => {}

  async run(...[plan, , inputs, options, signal]: Parameters<Runtime['run']>): Promise<InputResult[]> {
    const run = { plan, inputs, options, signal }
    this.runs.push(run)
    await this.before(run)
    return inputs.map((input, at) => ({
      nodes: plan.nodes.map((node) =>
        node.suppressOutput
          ? undefined
          : { code: StatusCode.SUCCESS, details: '', elapsedMs: 0, ...this.answer(node, input, at) },
      ),
      ...(options.memory && this.remember ? { memory: this.remember(options.memory) } : {}),
    }))
  }

  /** The newest run. */
  get last(): FakeRun {
    const run = this.runs.at(-1)
    if (!run) throw new Error('nothing was run')
    return run
  }

  /** What a test server takes in place of workers and weights. */
  get services(): Partial<Services> {
    const weights = {
      ensure: () => Promise.resolve({ files: {} }),
      filesOf: () => Promise.resolve({}),
    } as unknown as WeightStore
    return { runtime: this, weights }
  }

  ready(): Promise<void> {
    return Promise.resolve()
  }
  unload(): Promise<void> {
    return Promise.resolve()
  }
  stats(): Promise<[]> {
    return Promise.resolve([])
  }
  close(): Promise<void> {
    return Promise.resolve()
  }
}

/** Data with the given fields. */
export const data = (fields: Parameters<typeof create<typeof DataSchema>>[1]): Data => create(DataSchema, fields)
