import type { OutputConfig, WorkflowNode } from '../../contract/index.ts'
import type { Plan, PlanNode } from '../plan.ts'
import { checkFields } from './check-fields.ts'
import { checkNodes } from './check-nodes.ts'
import { checkSelected } from './check-selected.ts'
import { checkRunnable } from './check-trained.ts'
import { draftOf } from './draft.ts'
import { freezeDeep } from './freeze.ts'
import { hashNodes } from './hash.ts'
import { insertEmbedders } from './insert-embedders.ts'
import { layersOf } from './layers.ts'
import { orderNodes } from './order.ts'
import { ownParams, settingsOf } from './settings.ts'
import { engineOf, shareWork } from './share-work.ts'
import type { Compiled, CompileOptions, Draft, ResolvedModel, ResolveModel } from './types.ts'

/** The nodes of a workflow in the order in which it is stored, shown and answered; throws AppError 22104 or 22107. */
export function checkAndOrder(nodes: readonly WorkflowNode[]): WorkflowNode[] {
  checkNodes(nodes)
  return orderNodes(nodes)
}

/**
 * Compiles a workflow to a frozen plan. Throws AppError 22104 and 22107 for a wrong graph, 22002 for an untrained
 * model, 21202 for wrong parameters, and whatever `resolve` throws.
 */
export async function compile(
  nodes: readonly WorkflowNode[],
  resolve: ResolveModel,
  options: CompileOptions = {},
): Promise<Compiled> {
  const ordered = checkAndOrder(nodes)
  const models = await Promise.all(ordered.map((node) => resolve(node)))
  const places = new Map(ordered.map((node, place) => [node.id, place]))
  const written = ordered.map((node, place) => {
    const inputs = node.nodeInputs.map(({ nodeId }) => places.get(nodeId)!)
    return draftOf(node, models[place]!, inputs, options.outputConfig)
  })
  checkSelected(written, options.outputConfig)
  const drafts = insertEmbedders(written)
  checkFields(drafts, options.over)
  return finish(drafts, false)
}

/**
 * Compiles a plan of one model alone, as PostModelOutputs runs it; `outputConfig` and `params` are those of the call.
 * Throws AppError 21202 for wrong settings and the model's own status when it is not trained.
 */
export function compileSingle(
  model: ResolvedModel,
  call: { readonly outputConfig?: OutputConfig; readonly params?: ResolvedModel['params'] } = {},
): Compiled {
  const entry = checkRunnable(model)
  const asked = { ...model, params: { ...ownParams(model, entry, call.params ?? {}), ...call.params } }
  const draft: Draft = {
    id: model.modelId,
    inputs: [],
    model: asked,
    entry,
    ...settingsOf(asked, entry, undefined, call.outputConfig),
    suppressOutput: false,
    inputFields: model.inputFields ?? entry.type.inputFields,
    outputFields: model.outputFields ?? entry.type.outputFields,
    inserted: false,
  }
  checkSelected([draft], call.outputConfig)
  return finish(insertEmbedders([draft]), true)
}

function finish(drafts: readonly Draft[], single: boolean): Compiled {
  shareWork(drafts)
  const nodes = drafts.map(planNode)
  const layers = layersOf(nodes.map((node) => node.inputs))
  const plan: Plan = { hash: hashNodes(nodes, single), nodes, layers, single }
  return {
    plan: freezeDeep(plan),
    nodes: drafts.flatMap(({ inserted, written, model }, index) => (inserted ? [] : [{ index, node: written, model }])),
  }
}

function planNode(draft: Draft): PlanNode {
  const { id, inputs, model, entry, params, concepts, limits, suppressOutput, inputFields, outputFields } = draft
  const { userId, appId } = model
  return {
    id,
    inputs,
    engine: engineOf(draft),
    weights: [...(model.weights.length > 0 ? model.weights : entry.weights)],
    params,
    concepts,
    limits,
    inputFields: [...inputFields],
    outputFields: [...outputFields],
    isModel: !entry.operator,
    suppressOutput,
    ...(entry.operator ? {} : { conceptOwner: { userId, appId } }),
    ...(entry.anyInput ? { anyInput: true } : {}),
    ...(entry.acts ? { acts: true } : {}),
    ...(draft.sameAs === undefined ? {} : { sameAs: draft.sameAs }),
    ...(model.remote ? { remote: model.remote } : {}),
    ...(model.runner ? { runner: model.runner } : {}),
    ...(entry.served ? { served: true } : {}),
    ...(draft.missingConcepts ? { missingConcepts: draft.missingConcepts } : {}),
  }
}
