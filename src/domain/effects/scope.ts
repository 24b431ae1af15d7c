import type { Input } from '../../contract/index.ts'
import type { Effect, PlanNode } from '../../workflow/plan.ts'

/** Which run effects come from. */
export interface EffectScope {
  /** App (and user) whose turn it is, and with which what is still to be done is deleted. */
  readonly appPk?: number
  readonly userPk?: number
  /** Ids of that user and app, as receivers are told. */
  readonly userId: string
  readonly appId: string
  /** What was run: a workflow, or one model alone. */
  readonly workflow?: { readonly id: string; readonly version: string }
  readonly model?: { readonly id: string; readonly version: string }
}

/** What came of one input. */
export interface InputEffects {
  /** Without bytes. */
  readonly input: Input
  readonly effects: readonly Effect[]
  /** How far an input is that is being added to an app; absent in predictions. */
  readonly ingestion?: { readonly code: number; readonly details: string }
}

/** One effect with all that is known of it. */
export interface Occasion extends Omit<InputEffects, 'effects'> {
  readonly scope: EffectScope
  readonly node: PlanNode
  readonly data: Effect['data']
}
