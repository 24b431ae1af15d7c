import { ancestorLevels } from '../ancestors.ts'
import { splitFields } from '../fields.ts'
import type { Needs } from '../lookup.ts'
import type { Plan } from '../plan.ts'

/** What is worked out once for each node of a plan, however often the plan runs. */
export interface PreparedNode {
  readonly needs: Needs
  /** Indexes of its ancestors by distance; see ancestorLevels. */
  readonly levels: readonly (readonly number[])[]
  /** The nodes that have to be done before it: its inputs, and the one whose work it shares. */
  readonly after: readonly number[]
  /** Names the engine with its weights; nodes with the same key use one engine. */
  readonly engineKey: string
  /**
   * The nodes that look for the same fields in the same places for the same engine, and differ only in their settings
   * (the heads on one embedder), this one among them. Empty but for the first of them, which stands for all.
   */
  readonly group: readonly number[]
}

/** A plan with what its nodes are asked again and again. */
export interface PreparedPlan {
  readonly nodes: readonly PreparedNode[]
  /** All nodes, each after those that it depends on. */
  readonly order: readonly number[]
  /** More than one engine looks at the picture of an input. */
  readonly sharesPicture: boolean
}

const prepared = new WeakMap<Plan, PreparedPlan>()

/** Prepares a plan, or finds what was prepared before. */
export function prepare(plan: Plan): PreparedPlan {
  let known = prepared.get(plan)
  if (!known) {
    const groups = groupsOf(plan)
    const nodes = plan.nodes.map((node, index) => ({
      needs: { fields: splitFields(node.inputFields), anyInput: node.anyInput ?? false },
      levels: ancestorLevels(plan.nodes, index),
      after: node.sameAs === undefined ? node.inputs : [...node.inputs, node.sameAs],
      engineKey: JSON.stringify([node.engine, node.weights]),
      group: groups[index]!,
    }))
    const looking = nodes.filter(({ needs: { fields }, group }) => group.length > 0 && fields.includes('image'))
    const sharesPicture = new Set(looking.map(({ engineKey }) => engineKey)).size > 1
    known = { nodes, order: plan.layers.flat(), sharesPicture }
    prepared.set(plan, known)
  }
  return known
}

/** By node, the group that it stands for. */
function groupsOf({ nodes }: Plan): number[][] {
  const groups: number[][] = nodes.map(() => [])
  const first = new Map<string, number>()
  for (const [index, { engine, weights, inputs, inputFields, anyInput, sameAs }] of nodes.entries()) {
    const key = JSON.stringify(sameAs === undefined ? [engine, weights, inputs, inputFields, anyInput] : index)
    const leader = first.get(key) ?? index
    first.set(key, leader)
    groups[leader]!.push(index)
  }
  return groups
}
