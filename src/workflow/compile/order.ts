import { AppError } from '../../base/errors.ts'
import type { WorkflowNode } from '../../contract/index.ts'
import { StatusCode } from '../../contract/status-code.ts'

/**
 * Orders checked nodes so that each comes after its inputs, and otherwise as written.
 * Throws AppError 22107 that names the nodes of a circle.
 */
export function orderNodes(nodes: readonly WorkflowNode[]): WorkflowNode[] {
  const ordered: WorkflowNode[] = []
  const placed = new Set<string>()
  const rest = [...nodes]
  while (rest.length > 0) {
    const next = rest.findIndex((node) => node.nodeInputs.every(({ nodeId }) => placed.has(nodeId)))
    if (next < 0) throw circleError(rest, placed)
    const [node] = rest.splice(next, 1)
    placed.add(node!.id)
    ordered.push(node!)
  }
  return ordered
}

/** Every node left waits for another one left, so walking back along inputs must come to a node again. */
function circleError(rest: readonly WorkflowNode[], placed: ReadonlySet<string>): AppError {
  const byId = new Map(rest.map((node) => [node.id, node]))
  const walked: string[] = []
  let id = rest[0]!.id
  while (!walked.includes(id)) {
    walked.push(id)
    id = byId.get(id)!.nodeInputs.find(({ nodeId }) => !placed.has(nodeId))!.nodeId
  }
  const circle = walked.slice(walked.indexOf(id)).reverse()
  const names = circle.map((name) => `"${name}"`)
  const details =
    names.length === 1
      ? `The node ${names[0]} takes input from itself; remove that from its node_inputs.`
      : `The nodes ${names.join(', ')} take input from each other in a circle; remove one of their node_inputs.`
  return new AppError(StatusCode.WORKFLOW_INVALID_GRAPH, details)
}
