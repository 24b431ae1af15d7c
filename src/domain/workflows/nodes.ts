import { create } from '@bufbuild/protobuf'
import { AppError } from '../../base/errors.ts'
import { ModelSchema, type WorkflowNode, WorkflowNodeSchema } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { checkSetup } from '../../engines/operators/check-setup.ts'
import { compile } from '../../workflow/compile/index.ts'
import { nodeProblem } from '../../workflow/compile/node-problem.ts'
import { isOperatorType } from '../../workflow/model-types/index.ts'
import type { Call } from '../call.ts'
import { type FoundModel, resolveModel } from '../models/resolve.ts'
import { toResolved } from '../predict/runnable.ts'
import { applyPatch } from '../resource/patch.ts'

/**
 * Checks the nodes of a workflow that is about to be stored (graph, models, types between nodes, parameters) and
 * returns them in the order in which they will run, with every model named by its full id and pinned to a version.
 */
export async function checkNodes(call: Call, nodes: readonly WorkflowNode[]): Promise<WorkflowNode[]> {
  const found = new Map<WorkflowNode, FoundModel>()
  const resolve = async (node: WorkflowNode) => {
    const model = await findModelOfNode(call, node)
    found.set(node, model)
    return toResolved(model)
  }
  // Collectors have workflows that work on what a model has answered.
  const compiled = await compile(nodes, resolve, { over: 'either' })
  for (const { index, node, model } of compiled.nodes) {
    if (!isOperatorType(model.modelTypeId)) continue
    const { params, concepts } = compiled.plan.nodes[index]!
    await checkSetup(model.modelTypeId, { params, concepts }).catch((error: unknown) => {
      throw nodeProblem(node!.id, error)
    })
  }
  return compiled.nodes.flatMap(({ node }) => (node ? [storedNode(node, found.get(node)!)] : []))
}

/**
 * The model that a node names; without user and app it is one of the call's app or a built-in one. Throws AppError
 * 21200 (no such model), 22104 (no such version), 22002 (no version at all), or Moved.
 */
export async function findModelOfNode(call: Call, node: WorkflowNode): Promise<FoundModel> {
  const { model } = node
  try {
    return await resolveModel(call, {
      userId: model?.userId ?? '',
      appId: model?.appId ?? '',
      modelId: model?.id ?? '',
      versionId: model?.modelVersion?.id ?? '',
    })
  } catch (error) {
    const code = error instanceof AppError ? OF_NODE.get(error.code) : undefined
    if (code === undefined) throw error
    throw new AppError(code, `Node "${node.id}": ${(error as AppError).details}`)
  }
}

/** What is wrong with a model by itself, as the workflow that names it says it. */
const OF_NODE: ReadonlyMap<StatusCode, StatusCode> = new Map([
  [StatusCode.MODEL_UNTRAINED, StatusCode.WORKFLOW_REQUIRE_TRAINED_MODEL],
  [StatusCode.CONN_DOES_NOT_EXIST, StatusCode.WORKFLOW_INVALID_ARGUMENT],
])

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

/**
 * The nodes of a workflow with those of a merge patch: nodes with a known id are changed, others are added. A model
 * is changed as a whole, since the version of one model is none of another, and inputs that are there are not added
 * again.
 */
export function mergeNodes(current: readonly WorkflowNode[], patches: readonly WorkflowNode[]): WorkflowNode[] {
  const merged = [...current]
  for (const patch of patches) {
    const at = merged.findIndex(({ id }) => id === patch.id)
    if (at < 0) {
      merged.push(patch)
      continue
    }
    const fields = ['suppress_output', 'output_info_override']
    const node = applyPatch(WorkflowNodeSchema, merged[at]!, patch, 'merge', fields)
    if (patch.model?.id) node.model = patch.model
    const known = new Set(node.nodeInputs.map(({ nodeId }) => nodeId))
    node.nodeInputs.push(...patch.nodeInputs.filter(({ nodeId }) => !known.has(nodeId)))
    merged[at] = node
  }
  return merged
}
