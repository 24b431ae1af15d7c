import type { StatusCode } from '../contract/status-code.ts'
import type { LogMark } from '../store/repos/embedding-log.ts'
import type { SearchAnswer, SearchPlan } from './plan.ts'

/** What the server tells the search process when it starts it, as JSON in its only argument. */
export interface SearchSettings {
  readonly parentPid: number
  readonly location: { readonly dataDir: string } | { readonly url: string }
  /** Where indexes are kept. */
  readonly folder: string
  readonly residentBytes?: number
}

export type ToSearch =
  | { readonly type: 'search'; readonly id: number; readonly plan: SearchPlan }
  | { readonly type: 'sizes'; readonly id: number }
  | { readonly type: 'stop' }

export type FromSearch =
  | { readonly type: 'ready' }
  /** From where on the log of embeddings is still needed. */
  | { readonly type: 'needed'; readonly mark: LogMark }
  | { readonly type: 'answer'; readonly id: number; readonly answer: SearchAnswer }
  | { readonly type: 'sizes'; readonly id: number; readonly sizes: IndexSizes }
  | { readonly type: 'error'; readonly id: number; readonly code: StatusCode; readonly details: string }

/** How large the open indexes are. */
export interface IndexSizes {
  readonly rows: number
  /** Rows that no graph has yet; they are compared one by one. */
  readonly waiting: number
  readonly indexes: number
}
