/**
 * Indexes of the nodes in whose output a node looks for its fields, by distance: its inputs, their inputs and so on.
 * Each ancestor stands at its shortest distance. Empty for a node that reads the workflow's own input.
 */
export function ancestorLevels(nodes: readonly { readonly inputs: readonly number[] }[], node: number): number[][] {
  const levels: number[][] = []
  const seen = new Set([node])
  let current: readonly number[] = nodes[node]!.inputs
  while (current.length > 0) {
    const level = [...new Set(current)].filter((index) => !seen.has(index))
    for (const index of level) seen.add(index)
    if (level.length > 0) levels.push(level)
    current = level.flatMap((index) => nodes[index]!.inputs)
  }
  return levels
}
