import type { EngineSetup } from '../engines/engine.ts'
import { hashNodes } from '../workflow/compile/hash.ts'
import { ANY_FIELD } from '../workflow/fields.ts'
import type { Plan, PlanNode } from '../workflow/plan.ts'

/** A node that hands an engine the whole of its input and answers what the engine made, without limits of its own. */
export function engineNode(engine: string, weights: readonly string[], setup: EngineSetup): PlanNode {
  return {
    id: 'alone',
    inputs: [],
    engine,
    weights,
    params: setup.params,
    concepts: setup.concepts,
    limits: { maxConcepts: 0, minValue: 0, selectConcepts: [] },
    inputFields: [ANY_FIELD],
    outputFields: [ANY_FIELD],
    isModel: false,
    suppressOutput: false,
  }
}

/** A plan of one node. */
export function singlePlan(node: PlanNode): Plan {
  return { hash: hashNodes([node], false), nodes: [node], layers: [[0]] }
}
