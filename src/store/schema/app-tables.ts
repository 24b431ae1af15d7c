import type { Generated } from 'kysely'
import type { Micros } from '../../base/clock.ts'
import type { FamilyColumns, JsonText } from './columns.ts'

/** The document has what was asked for and how far it is. */
export interface AppDuplicationsTable extends FamilyColumns {
  /** Whoever asked for it, whoever owns the apps. */
  user_pk: number
  id: string
  status_code: number
  status_details: string
  /** The app that is copied into; no foreign key, as the job stays known when the app is gone. */
  destination_pk: number
}

/** The document is the Collector message. */
export interface CollectorsTable extends FamilyColumns {
  app_pk: number
  id: string
  status_code: number
  status_details: string
  /** Of the model whose predictions are collected; no foreign key, as the collector outlives it. */
  model_pk: number
  /** 0 for every version. */
  version_pk: number
  /** 0 for everybody. */
  caller_pk: number
}

/** An input that a collector has taken from a prediction. */
export interface CollectedInputsTable {
  pk: Generated<number>
  app_pk: number
  collector_pk: number
  /** Id that the input gets, which follows from its content. */
  item_id: string
  doc: JsonText
  created_at: Micros
}
