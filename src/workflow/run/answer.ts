import { StatusCode } from '../../contract/status-code.ts'
import { materialise } from '../../engines/scope.ts'
import { isEmptyData, presentFields, splitFields } from '../fields.ts'
import type { Effect, InputResult, NodeResult, Plan } from '../plan.ts'
import { toAppError } from './batches.ts'
import { withoutMediaBytes } from './media-bytes.ts'
import { failure } from './run.ts'
import type { NodeState, Slot } from './state.ts'

/** What is answered for one input: one result per node, undefined for suppressed ones, pictures encoded. */
export async function answer(plan: Plan, slot: Slot): Promise<InputResult> {
  const refused = refusal(plan, slot)
  const nodes: (NodeResult | undefined)[] = []
  // One after the other: a crop that several nodes answer is encoded by the first of them.
  for (const [index, node] of plan.nodes.entries()) {
    nodes.push(node.suppressOutput ? undefined : (refused ?? resultOf(await encoded(slot.states[index]!))))
  }
  const effects = refused ? [] : effectsOf(plan, slot)
  return {
    nodes,
    ...(effects.length > 0 ? { effects } : {}),
    ...(slot.memory ? { memory: slot.memory } : {}),
  }
}

/** A node acts on what it has got; one that got nothing, or failed, does not act. */
function effectsOf(plan: Plan, slot: Slot): Effect[] {
  return plan.nodes.flatMap(({ acts }, node) => {
    const state = slot.states[node]!
    return acts && !state.failed && !isEmptyData(state.data) ? [{ node, data: withoutMediaBytes(state.data) }] : []
  })
}

function resultOf({ code, details, data, elapsedMs }: NodeState): NodeResult {
  return isEmptyData(data) ? { code, details, elapsedMs } : { code, details, data, elapsedMs }
}

/** A damaged picture may show only when its part is encoded; that costs this node its result, and only this. */
async function encoded(state: NodeState): Promise<NodeState> {
  try {
    await materialise(state.data)
    return state
  } catch (error) {
    return failure(toAppError(error, () => {}))
  }
}

/** The common result of an input that no node of the workflow could begin with; undefined when one could. */
function refusal(plan: Plan, slot: Slot): NodeResult | undefined {
  const roots = [...plan.nodes.keys()].filter((index) => plan.nodes[index]!.inputs.length === 0)
  if (roots.length === 0 || !roots.every((index) => slot.states[index]!.unmatched)) return undefined
  const wanted = [...new Set(roots.flatMap((index) => splitFields(plan.nodes[index]!.inputFields)))]
  // A node by itself needs all of its fields, several nodes take what they can use.
  const all = roots.length === 1 && !plan.nodes[roots[0]!]!.anyInput
  const given = presentFields(slot.input)
  const has = given.length === 0 ? 'has no data' : `has ${given.join(', ')}`
  return {
    code: plan.single ? StatusCode.INPUT_UNSUPPORTED_FORMAT : StatusCode.WORKFLOW_NO_MATCHING_INPUT,
    details: `The ${plan.single ? 'model' : 'workflow'} works on ${wanted.join(all ? ' and ' : ' or ')}, but the input ${has}.`,
    elapsedMs: 0,
  }
}
