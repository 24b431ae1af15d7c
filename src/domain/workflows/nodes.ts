import { create } from '@bufbuild/protobuf'
import { ModelSchema, type WorkflowNode, WorkflowNodeSchema } from '../../contract/index.ts'
import { compile } from '../../workflow/compile/index.ts'
import type { Call } from '../call.ts'
import { type FoundModel, resolveModel } from '../models/resolve.ts'
import { toResolved } from '../predict/runnable.ts'

/**
 * Checks the nodes of a workflow that is about to be stored (graph, models, types between nodes, parameters) and
 * returns them in the order in which they will run, with every model named by its full id and pinned to a version.
 */
export async function checkNodes(call: Call, nodes: readonly WorkflowNode[]): Promise<WorkflowNode[]> {
  const found = new Map<WorkflowNode, FoundModel>()
  const compiled = await compile(nodes, async (node) => {
    const model = await findModelOfNode(call, node)
    found.set(node, model)
    return toResolved(model)
  })
  return compiled.nodes.flatMap(({ node }) => (node ? [storedNode(node, found.get(node)!)] : []))
}

/** The model that a node names; without user and app it is one of the call's app or a built-in one. */
export function findModelOfNode(call: Call, node: WorkflowNode): Promise<FoundModel> {
  const { model } = node
  return resolveModel(call, {
    userId: model?.userId ?? '',
    appId: model?.appId ?? '',
    modelId: model?.id ?? '',
    versionId: model?.modelVersion?.id ?? '',
  })
}

// Clients echo whole models back into nodes; only who is meant is kept, so that nothing in a workflow grows stale.
function storedNode(node: WorkflowNode, found: FoundModel): WorkflowNode {
  const { modelId: id, userId, appId, modelTypeId, version } = found
  return create(WorkflowNodeSchema, {
    id: node.id,
    model: create(ModelSchema, { id, userId, appId, modelTypeId, modelVersion: { id: version.id } }),
    nodeInputs: node.nodeInputs,
    suppressOutput: node.suppressOutput,
    outputInfoOverride: node.outputInfoOverride,
  })
}
