import type { JsonObject } from '@bufbuild/protobuf'
import type { StatusCode } from '../contract/status-code.ts'
import type { Figures, NamedConcept } from './messages.ts'

/** What is to be measured. */
export interface MeasureOrder {
  readonly task: 'classification' | 'detection'
  readonly concepts: readonly NamedConcept[]
  /** Folds that predictions come from; 1 when nothing was trained anew. */
  readonly splits: number
  /** The linear head that turns vectors into scores, by its parameters. */
  readonly head?: JsonObject
  /** Where what does not fit into memory is put. */
  readonly spoolDir: string
}

/** To the process, which answers each message before it takes the next. */
export type ToMeasure =
  | { readonly type: 'begin'; readonly order: MeasureOrder }
  /** Vectors row by row, `dimensions` numbers each. */
  | { readonly type: 'score'; readonly vectors: Float32Array; readonly dimensions: number }
  /** A chunk of predictions to be counted. */
  | { readonly type: 'add'; readonly content: Uint8Array }
  | { readonly type: 'figures' }

export type FromMeasure =
  | { readonly type: 'done' }
  | { readonly type: 'scores'; readonly scores: Float32Array }
  | { readonly type: 'figures'; readonly figures: Figures }
  | { readonly type: 'problem'; readonly code: StatusCode; readonly details: string }
  | { readonly type: 'failed'; readonly error: string }
