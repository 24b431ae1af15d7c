import { AppError } from '../../base/errors.ts'
import type { WorkflowNode } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'
import { MAX_WORKFLOW_NODES } from '../limits.ts'
import { INSERTED_PREFIX } from '../plan.ts'

/**
 * Checks nodes one by one and their references: at most MAX_WORKFLOW_NODES, unique ids, a model each, inputs that
 * exist. Throws AppError 22104 for what is wrong inside a node, 22107 for what is wrong between nodes.
 */
export function checkNodes(nodes: readonly WorkflowNode[]): void {
  if (nodes.length > MAX_WORKFLOW_NODES) {
    throw argument(`The workflow has ${nodes.length} nodes; at most ${MAX_WORKFLOW_NODES} are allowed.`)
  }
  const ids = new Set<string>()
  for (const { id } of nodes) {
    if (id === '') throw argument('A workflow node has no id; give every node one.')
    if (id.startsWith(INSERTED_PREFIX)) throw argument(`The node id "${id}" must not begin with "${INSERTED_PREFIX}".`)
    if (ids.has(id)) throw graph(`The workflow has two nodes with id "${id}"; node ids must be unique.`)
    ids.add(id)
  }
  for (const node of nodes) {
    if (!node.model || node.model.id === '') throw argument(`The node "${node.id}" names no model; set its model.id.`)
    for (const { nodeId } of node.nodeInputs) {
      if (!ids.has(nodeId)) throw graph(`The node "${node.id}" takes input from "${nodeId}", which is not a node.`)
    }
  }
}

const argument = (details: string): AppError => new AppError(StatusCode.WORKFLOW_INVALID_ARGUMENT, details)
const graph = (details: string): AppError => new AppError(StatusCode.WORKFLOW_INVALID_GRAPH, details)
