import type { Data } from '../../contract/index.ts'
import type { StatusCode } from '../../contract/status-code.ts'
import type { InferScope } from '../../engines/engine.ts'
import { dataOf } from '../data.ts'
import type { Plan, RunMemory } from '../plan.ts'
import { finishData } from './finish.ts'
import type { Work } from './gather.ts'

/** What a node's engine made of its work on one input, before limits: nodes of equal computation share it. */
export interface RawOutput {
  readonly work: Work
  readonly results: readonly Data[]
}

/** How far a node has come with one input. */
export interface NodeState {
  readonly code: StatusCode
  readonly details: string
  /** What later nodes see; empty when the node had nothing to work on or found nothing. */
  readonly data: Data
  readonly elapsedMs: number
  /** The node could not be run because the failure of another one took away its input. */
  readonly failed?: boolean
  /** None of the node's input fields was there. */
  readonly unmatched?: boolean
  readonly raw?: RawOutput
}

/** One input (or one frame of a video) on its way through the plan. */
export interface Slot {
  readonly input: Data
  readonly scope: InferScope
  readonly states: (NodeState | undefined)[]
  /** What nodes remember, by node id; absent where the input is no part of a stream. */
  readonly memory?: Record<string, string>
  /** Parts that all nodes together have made so far; see countParts. */
  parts: number
}

/** A fresh slot; regions that came with the input get ids, by which nodes refer to them. */
export function slotOf(plan: Plan, input: Data, scope: InferScope, memory?: RunMemory): Slot {
  const named = finishData(dataOf(input), NO_LIMITS)
  const states = new Array(plan.nodes.length).fill(undefined)
  return { input: named, scope, states, parts: 0, ...(memory ? { memory: { ...memory } } : {}) }
}

const NO_LIMITS = {
  isModel: false,
  limits: { maxConcepts: 0, minValue: 0, selectConcepts: [] },
  params: {},
  concepts: [],
}
