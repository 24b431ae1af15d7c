import { create } from '@bufbuild/protobuf'
import { AppError } from '../base/errors.ts'
import { type Data, DataSchema } from '../contract/index.ts'
import { StatusCode } from '../contract/status-code.ts'
import type { EngineMemory, EngineSetup, LoadedEngine, WeightFiles } from '../engines/engine.ts'
import type { RunnerHub } from '../runners/hub.ts'
import type { Runtime } from '../runtime/protocol.ts'
import type { InputResult, Plan, RunMemory, RunOptions } from '../workflow/plan.ts'
import type { Links } from './links.ts'
import { engineNode, singlePlan } from './local-plan.ts'

/**
 * A runtime that also runs plans with models of other servers or of runners, or with nodes that this server does itself. Others go to
 * the workers as before;
 * the others are run here, layer by layer: remote nodes wait for their server without holding up a worker, and each
 * local node is a plan of its own for the workers.
 */
export function withRemotes(local: Runtime, links: Links, hub: RunnerHub): Runtime {
  return {
    run: (plan, files, inputs, options, signal) =>
      plan.nodes.some(({ remote, runner, served }) => remote !== undefined || runner !== undefined || served)
        ? runMixed({ local, links, hub, plan, files, options, signal }, inputs)
        : local.run(plan, files, inputs, options, signal),
    ready: () => local.ready(),
    unload: (engine) => local.unload(engine),
    stats: () => local.stats(),
    close: () => local.close(),
  }
}

interface MixedRun {
  readonly local: Runtime
  readonly links: Links
  readonly hub: RunnerHub
  readonly plan: Plan
  readonly files: WeightFiles
  readonly options: RunOptions
  readonly signal: AbortSignal
}

async function runMixed(run: MixedRun, inputs: readonly Data[]): Promise<InputResult[]> {
  const { plan, options, signal } = run
  // Servers without remote models never need the executor and what it brings along.
  const [{ executePlan }, { remoteEngine }, { runnerEngine }] = await Promise.all([
    import('../workflow/run/execute.ts'),
    import('./engine.ts'),
    import('../runners/engine.ts'),
  ])
  return executePlan(
    plan,
    inputs,
    {
      load: async (engine, weights) => {
        const node = plan.nodes.find((other) => other.engine === engine)
        if (node?.served) return servedEngine(engine, options)
        if (node?.runner) return runnerEngine(node.runner, run.hub, signal)
        return node?.remote ? remoteEngine(node.remote, run) : localEngine(run, engine, weights)
      },
      frames: refuseVideo,
    },
    options,
    signal,
  )
}

/** A node that the server does itself. */
function servedEngine(engine: string, { served }: RunOptions): LoadedEngine {
  if (!served) throw new AppError(StatusCode.MODEL_DEPLOYMENT_FAILED, `The operator '${engine}' cannot run here.`)
  return { bytes: 0, dispose: async () => {}, infer: (items, setup) => served(engine, items, setup) }
}

/** An engine of the workers, asked for one batch at a time. */
function localEngine(run: MixedRun, engine: string, weights: readonly string[]): LoadedEngine {
  const plans = new Map<EngineSetup['params'], Plan>()
  return {
    bytes: 0,
    dispose: async () => {},
    async infer(items, setup) {
      let plan = plans.get(setup.params)
      if (!plan) {
        plan = singlePlan(engineNode(engine, weights, setup))
        plans.set(setup.params, plan)
      }
      const data = items.map((item) => item.data)
      // An item with a memory is alone: it is the one picture of a stream.
      const memory = items[0]?.memory
      const { served: _served, ...plain } = run.options
      const options = { ...plain, memory: memory && memoryFor(plan, memory) }
      const results = await run.local.run(plan, run.files, data, options, run.signal)
      if (memory) memory.text = results[0]?.memory?.[plan.nodes[0]!.id] ?? memory.text
      return results.map(({ nodes: [result] }) => {
        if (result?.code !== StatusCode.SUCCESS) {
          throw new AppError(result?.code ?? StatusCode.MODEL_PREDICTION_FAILED, result?.details ?? '')
        }
        return result.data ?? create(DataSchema)
      })
    },
  }
}

const memoryFor = ({ nodes }: Plan, { text }: EngineMemory): RunMemory =>
  text === undefined ? {} : { [nodes[0]!.id]: text }

// biome-ignore lint/correctness/useYield: a video that is refused has no frames.
async function* refuseVideo(): AsyncGenerator<never> {
  throw new AppError(
    StatusCode.INPUT_UNSUPPORTED_FORMAT,
    'A workflow with a remote model or a searching operator takes no video; send its frames as pictures.',
  )
}
