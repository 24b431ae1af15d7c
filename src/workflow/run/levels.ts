import type { Data } from '../../contract/index.ts'
import { mergeData } from '../data.ts'
import type { Plan } from '../plan.ts'
import type { Slot } from './state.ts'

/**
 * Node indexes in whose output a node looks for its fields, by distance: its inputs, their inputs and so on.
 * Each ancestor stands at its shortest distance. Empty for a node that reads the workflow's own input.
 */
export function ancestorLevels(plan: Plan, node: number): number[][] {
  const levels: number[][] = []
  const seen = new Set([node])
  let current = [...plan.nodes[node]!.inputs]
  while (current.length > 0) {
    const level = [...new Set(current)].filter((index) => !seen.has(index))
    for (const index of level) seen.add(index)
    if (level.length > 0) levels.push(level)
    current = level.flatMap((index) => plan.nodes[index]!.inputs)
  }
  return levels
}

/** The data of each level for one input, the workflow's input last. */
export function dataLevels(slot: Slot, levels: readonly (readonly number[])[]): Data[] {
  return [...levels.map((level) => mergeData(level.map((index) => slot.states[index]!.data))), slot.input]
}
