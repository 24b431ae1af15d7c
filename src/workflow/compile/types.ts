import type { JsonObject } from '@bufbuild/protobuf'
import type { Concept, OutputConfig, WorkflowNode } from '../../contract/index.ts'
import type { StatusCode } from '../../contract/status-code.ts'
import type { TypeEntry } from '../model-types/define.ts'
import type { ConceptLimits, Plan } from '../plan.ts'
import type { RemoteSettings } from '../remote.ts'
import type { RunnerSettings } from '../runner.ts'

/** A model version as the compiler sees it, looked up by the caller. */
export interface ResolvedModel {
  readonly modelId: string
  readonly versionId: string
  readonly modelTypeId: string
  /** Owner of the model and of its concepts. */
  readonly userId: string
  readonly appId: string
  /** Key of the engine registry; empty for operators (their type's id is the key) and for models without engine. */
  readonly engine: string
  readonly weights: readonly string[]
  /** `output_info.params` of the version. */
  readonly params: JsonObject
  /** What the server has looked up for an operator; becomes parameters that nobody can set otherwise. */
  readonly supplied?: JsonObject
  /** `output_info.data.concepts` of the version; for learned models all that they can answer, as far as known. */
  readonly concepts: readonly Concept[]
  /** `output_info.output_config` of the version. */
  readonly outputConfig?: OutputConfig
  /** Status of the version; only MODEL_TRAINED can be run. */
  readonly status: StatusCode
  /** The model whose vectors a head (embedding-classifier, clusterer) works on. */
  readonly baseEmbedder?: ResolvedModel
  /** Fields of this very model where they differ from those of its type. */
  readonly inputFields?: readonly string[]
  readonly outputFields?: readonly string[]
  /** Where another server runs it. */
  readonly remote?: RemoteSettings
  /** Which runners serve it. */
  readonly runner?: RunnerSettings
}

/** Looks the model version of a node up; throws AppError when it does not exist or may not be used. */
export type ResolveModel = (node: WorkflowNode) => ResolvedModel | Promise<ResolvedModel>

/** What a call may say about the whole workflow. */
export interface CompileOptions {
  /** Applies to every node that is a model, before what nodes and versions say. */
  readonly outputConfig?: OutputConfig
  /**
   * What the workflow is given: an input (unless said), or what a model has answered. `either` is for storing: also
   * workflows of which no node can begin with an input.
   */
  readonly over?: 'inputs' | 'outputs' | 'either'
}

/** A compiled workflow and what the nodes that are not inserted are made of, in the order of answers. */
export interface Compiled {
  readonly plan: Plan
  /** `index` is the place in plan.nodes; `node` is absent for a model alone; suppressed nodes are listed too. */
  readonly nodes: readonly { readonly index: number; readonly node?: WorkflowNode; readonly model: ResolvedModel }[]
}

/** A node on its way through the passes. */
export interface Draft {
  readonly id: string
  /** Places of its inputs in the list of drafts. */
  inputs: number[]
  readonly model: ResolvedModel
  readonly entry: TypeEntry
  readonly params: JsonObject
  readonly concepts: readonly Concept[]
  readonly limits: ConceptLimits
  /** The node has a selection of concepts of its own, beside that of the call. */
  readonly ownSelection: boolean
  missingConcepts?: readonly string[]
  readonly suppressOutput: boolean
  readonly inputFields: readonly string[]
  readonly outputFields: readonly string[]
  readonly inserted: boolean
  /** The node as the user wrote it; absent for inserted nodes and for a model alone. */
  readonly written?: WorkflowNode
  sameAs?: number
}
