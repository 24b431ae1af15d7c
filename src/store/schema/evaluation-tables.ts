import type { Micros } from '../../base/clock.ts'
import type { FamilyColumns, JsonText } from './columns.ts'

/** How good a model version is on some examples. The document has what was asked for and the summary. */
export interface EvaluationsTable extends FamilyColumns {
  /** Where it was asked for, which need not be the app of the model or of the examples. */
  app_pk: number
  id: string
  model_version_pk: number
  /** The examples; empty when they are whatever the app has. No foreign keys: figures outlive what they came from. */
  dataset_pk: number | null
  dataset_version_pk: number | null
  /** Ids of the datasets that the version is measured with and was trained with; empty for none. */
  eval_dataset_id: string
  train_dataset_id: string
  status_code: number
  status_details: string
  job_id: string
  /** Figures that lists are sorted by; empty where they do not apply. */
  roc_auc: number | null
  f1: number | null
  macro_precision: number | null
  macro_recall: number | null
  mean_average_precision: number | null
}

/** What a model said about some inputs, and what they are (src/evaluation/chunk.ts). */
export interface EvaluationChunksTable {
  evaluation_pk: number
  position: number
  /** Examples in it. */
  examples: number
  content: Uint8Array
}

/** One of the large fields of EvalMetrics, by its name in the contract, as a document with that field alone. */
export interface EvaluationResultsTable {
  evaluation_pk: number
  field: string
  doc: JsonText
}

/** A model version as a file that can be taken elsewhere; the file is the version's content `export`. */
export interface ModelVersionExportsTable {
  version_pk: number
  status_code: number
  status_details: string
  /** The last part of its address. */
  media_id: string
  size: number
  job_id: string
  created_at: Micros
  modified_at: Micros
}

/** How good a node of a workflow version is on a dataset version. The document has the result. */
export interface WorkflowEvaluationsTable extends FamilyColumns {
  app_pk: number
  id: string
  workflow_version_pk: number
  target_node_id: string
  template_id: string
  /** No foreign keys, as figures outlive what they came from. */
  dataset_version_pk: number
  /** Predictions that somebody else has stored as a dataset version. */
  predictions_version_pk: number | null
  status_code: number
  status_details: string
  job_id: string
}

/** One example of such an evaluation: a WorkflowVersionEvaluationData without its id. */
export interface WorkflowEvaluationDataTable {
  evaluation_pk: number
  position: number
  id: string
  doc: JsonText
}
