/**
 * Places nodes, given by the indexes of their inputs, into layers by their longest distance from the workflow's
 * input; every input of a node lies in an earlier layer. Inputs come before the nodes that take them.
 */
export function layersOf(inputs: readonly (readonly number[])[]): number[][] {
  const layers: number[][] = []
  const depths: number[] = []
  for (const [index, own] of inputs.entries()) {
    const depth = own.length === 0 ? 0 : 1 + Math.max(...own.map((input) => depths[input]!))
    depths.push(depth)
    layers[depth] ??= []
    layers[depth]!.push(index)
  }
  return layers
}
