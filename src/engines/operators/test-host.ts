import { fromJson, type JsonValue } from '@bufbuild/protobuf'
import { type Data, WorkflowSchema } from '../../contract/index.ts'
import type { ResolvedModel } from '../../workflow/compile/types.ts'
import type { NodeResult } from '../../workflow/plan.ts'
import type { SampledFrame } from '../../workflow/run/execute.ts'
import { executePlan } from '../../workflow/run/execute.ts'
import { type Answer, compileWith, FakeHost, model } from '../../workflow/test-support.ts'
import type { LoadedEngine } from '../engine.ts'
import { operators } from './index.ts'

/** A host in which operators are real and all other engines are made up. */
export class OperatorHost extends FakeHost {
  /** How often the video was decoded. */
  decoded = 0

  constructor(answers: Record<string, Answer>, frames: readonly SampledFrame[] = []) {
    super(answers, frames)
  }

  override load(engine: string): Promise<LoadedEngine> {
    const operator = operators.find(({ name }) => name === engine)
    return operator ? operator.load({}) : super.load(engine)
  }

  override async *frames(): AsyncGenerator<SampledFrame> {
    this.decoded++
    yield* super.frames()
  }
}

/** A model of an operator, as a workflow names it. */
export const operatorModel = (typeId: string, more: Partial<ResolvedModel> = {}): ResolvedModel =>
  model(typeId, { engine: '', ...more })

/**
 * Compiles a workflow written as JSON and runs it; the results by node id, one object per input. Models are operators
 * of the type they are named after, unless given.
 */
export async function runWorkflow(
  workflow: JsonValue,
  host: FakeHost,
  inputs: Data[],
  models: Record<string, ResolvedModel> = {},
): Promise<Record<string, NodeResult>[]> {
  const { nodes } = fromJson(WorkflowSchema, workflow)
  const known = Object.fromEntries(nodes.map(({ model: named }) => [named!.id, operatorModel(named!.id)]))
  const { plan, nodes: shown } = await compileWith(nodes, { ...known, ...models })
  const results = await executePlan(plan, inputs, host, { sampleMs: 1000 }, new AbortController().signal)
  return results.map((result) =>
    Object.fromEntries(
      shown.flatMap(({ index, node }) => {
        const own = result.nodes[index]
        return own ? [[node!.id, own]] : []
      }),
    ),
  )
}
