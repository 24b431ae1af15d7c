import type { Data, Input } from '../../contract/index.ts'
import { isEmptyData } from '../../workflow/fields.ts'
import type { InputResult } from '../../workflow/plan.ts'
import type { Call } from '../call.ts'
import { runData, runInputs } from '../predict/run.ts'
import { type ReadyWorkflow, readyWorkflow } from '../predict/workflow.ts'

/** A workflow of the collector's app that filters what models have answered; throws AppError 22102, 22107 and the like. */
export const preQueueWorkflow = (call: Call, workflowId: string): Promise<ReadyWorkflow> =>
  readyWorkflow(call, { workflowId, versionId: '', favorClarifaiWorkflows: false, over: 'outputs' })

/** A workflow of the collector's app that filters collected inputs. */
export const postQueueWorkflow = (call: Call, workflowId: string): Promise<ReadyWorkflow> =>
  readyWorkflow(call, { workflowId, versionId: '', favorClarifaiWorkflows: false })

/** Whether each answer of a model passes the workflow. */
export async function outputsPass(call: Call, workflowId: string, outputs: readonly Data[]): Promise<boolean[]> {
  const workflow = await preQueueWorkflow(call, workflowId)
  const results = await runData(call, workflow, outputs)
  return results.map((result) => passes(workflow, result))
}

/** Whether an input passes the workflow; throws AppError where it cannot be run on it. */
export async function inputPasses(call: Call, workflowId: string, input: Input): Promise<boolean> {
  const workflow = await postQueueWorkflow(call, workflowId)
  const [ran] = await runInputs(call, workflow, [input])
  if ('error' in ran!) throw ran.error
  return passes(workflow, ran!.result)
}

/** What comes out at the end of a workflow decides: nodes that others work on always have something to say. */
function passes({ plan }: ReadyWorkflow, { nodes }: InputResult): boolean {
  const used = new Set(plan.nodes.flatMap(({ inputs }) => inputs))
  return nodes.some((result, at) => !used.has(at) && result?.data !== undefined && !isEmptyData(result.data))
}
