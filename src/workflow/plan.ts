import type { JsonObject } from '@bufbuild/protobuf'
import type { Concept, Data } from '../contract/index.ts'
import type { StatusCode } from '../contract/status-code.ts'
import type { EngineItem, EngineSetup } from '../engines/engine.ts'
import type { RemoteSettings } from './remote.ts'
import type { RunnerSettings } from './runner.ts'

/** Begins the ids of nodes that the compiler inserted; ids of users may not begin with it. */
export const INSERTED_PREFIX = '~'

/** Limits on the concepts that a node returns; zero values mean the defaults of the contract (20 concepts, no minimum). */
export interface ConceptLimits {
  readonly maxConcepts: number
  readonly minValue: number
  /** Ids or names, exact and case-sensitive; empty = all. */
  readonly selectConcepts: readonly { readonly id: string; readonly name: string }[]
}

/** One node, resolved so far that it can run without looking anything up. */
export interface PlanNode {
  /** Node id as the user wrote it; nodes inserted by the compiler start with `~`, which no user id can. */
  readonly id: string
  /** Indexes into `Plan.nodes` of the nodes that feed this one; empty = the workflow's own input. */
  readonly inputs: readonly number[]
  /** Name of the engine or operator that runs it, a key of the engine registry. */
  readonly engine: string
  /** Weight ids whose files the engine loads. */
  readonly weights: readonly string[]
  /** Parameters: defaults of the model type, then the model version's `output_info.params`, then the node's override. */
  readonly params: JsonObject
  /** `output_info.data.concepts` of the model version or the node's override. */
  readonly concepts: readonly Concept[]
  readonly limits: ConceptLimits
  /** Data paths the node needs and gives, as in ModelType.input_fields, e.g. `regions[...].data.image`. */
  readonly inputFields: readonly string[]
  readonly outputFields: readonly string[]
  /** A learned model (its concepts are limited and sorted) rather than an operator. */
  readonly isModel: boolean
  /** Set where the app of the concepts is known, to be written into concepts that name none. */
  readonly conceptOwner?: { readonly userId: string; readonly appId: string }
  /** True for nodes whose output is not answered: suppressed by the user, or inserted by the compiler. */
  readonly suppressOutput: boolean
  /** One of the input fields is enough (a model that takes an image or a text); else all are needed. */
  readonly anyInput?: boolean
  /** Index of an earlier node that computes the very same thing; only limits may differ, the engine runs once. */
  readonly sameAs?: number
  /** Selected concepts that the model does not have; the others are answered with MIXED_STATUS. */
  readonly missingConcepts?: readonly string[]
  /** What it answers is also an effect of the run. */
  readonly acts?: boolean
  /** Where another server runs the model; such plans are not for workers. */
  readonly remote?: RemoteSettings
  /** Which runners serve the model; such plans are not for workers either. */
  readonly runner?: RunnerSettings
  /** Done by the server itself, see RunOptions.served. */
  readonly served?: boolean
}

/** A compiled workflow: frozen, topologically ordered, safe to cache and to send to another process. */
export interface Plan {
  /** Content hash of everything that decides the result; equal plans share caches. */
  readonly hash: string
  readonly nodes: readonly PlanNode[]
  /** Node indexes by layer: all inputs of a layer's nodes lie in earlier layers. */
  readonly layers: readonly (readonly number[])[]
  /** True for one model alone (PostModelOutputs): an input without its fields is an unsupported format. */
  readonly single?: boolean
}

/** What one node made of one input. `data` is absent when the node failed or had nothing to work on. */
export interface NodeResult {
  readonly code: StatusCode
  readonly details: string
  readonly data?: Data
  /** Time spent in this node for this input, in milliseconds. */
  readonly elapsedMs: number
}

/** Results of one input, one entry per `Plan.nodes`; undefined for suppressed and inserted nodes. */
export interface InputResult {
  readonly nodes: readonly (NodeResult | undefined)[]
  /** What the server is to do in the world for this input, by the engines of the nodes. */
  readonly effects?: readonly Effect[]
  /** What nodes want to know in the next call of a stream. */
  readonly memory?: RunMemory
}

/** What a node that acts on the world got to act on; workers only report it. Media bytes are not in it. */
export interface Effect {
  /** Index into `Plan.nodes`. */
  readonly node: number
  readonly data: Data
}

/** What nodes remember of a stream, by node id. */
export type RunMemory = Readonly<Record<string, string>>

/** Options of one run that are not part of the plan. */
export interface RunOptions {
  /** Does the nodes that the server does itself, on behalf of a call; it stays in the server. */
  readonly served?: (engine: string, items: readonly EngineItem[], setup: EngineSetup) => Promise<Data[]>
  /** Milliseconds of video between two frames, 100..60000. */
  readonly sampleMs: number
  /** What nodes remember of the calls before; without it the call is no part of a stream. Inputs do not share it. */
  readonly memory?: RunMemory
  /** Takes pieces of the text that the one node of a plan answers to the one input, while it is being written. */
  readonly onText?: (piece: string) => void
}
