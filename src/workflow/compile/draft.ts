import type { OutputConfig, WorkflowNode } from '../../contract/index.ts'
import { checkRunnable } from './check-trained.ts'
import { nodeProblem } from './node-problem.ts'
import { settingsOf } from './settings.ts'
import type { Draft, ResolvedModel } from './types.ts'

/** Takes one written node and its model together; `inputs` are places of the nodes that feed it. */
export function draftOf(
  node: WorkflowNode,
  model: ResolvedModel,
  inputs: readonly number[],
  call: OutputConfig | undefined,
): Draft {
  const entry = checkRunnable(model, node.id)
  return {
    id: node.id,
    inputs: [...new Set(inputs)],
    model,
    entry,
    ...ofNode(node.id, () => settingsOf(model, entry, node.outputInfoOverride, call)),
    suppressOutput: node.suppressOutput,
    inputFields: model.inputFields ?? entry.type.inputFields,
    outputFields: model.outputFields ?? entry.type.outputFields,
    inserted: false,
    written: node,
  }
}

/** Names the node in what is wrong with its settings. */
function ofNode<T>(nodeId: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw nodeProblem(nodeId, error)
  }
}

/** A node for a model that nobody wrote but another node needs. */
export function insertedDraft(id: string, model: ResolvedModel, inputs: readonly number[], neededBy: string): Draft {
  const entry = checkRunnable(model, neededBy)
  return {
    id,
    inputs: [...inputs],
    model,
    entry,
    ...settingsOf(model, entry, undefined, undefined),
    suppressOutput: true,
    inputFields: model.inputFields ?? entry.type.inputFields,
    outputFields: model.outputFields ?? entry.type.outputFields,
    inserted: true,
  }
}
