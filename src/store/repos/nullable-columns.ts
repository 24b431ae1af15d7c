import type { Row, Schema } from '../schema/tables.ts'

type NullableColumn = {
  [T in keyof Schema]: { [C in keyof Row<T>]: null extends Row<T>[C] ? C : never }[keyof Row<T>]
}[keyof Schema]

/** Every column that may be empty in some table; the compiler demands that the list is complete. */
const nullableColumns: Record<NullableColumn, true> = {
  email: true,
  password_hash: true,
  default_workflow_pk: true,
  app_pk: true,
  expires_at: true,
  install_pk: true,
  nodepool_pk: true,
  deleted_at: true,
  latest_version_pk: true,
  completed_at: true,
  input_pk: true,
  add_job_pk: true,
  worker_pk: true,
  annotation_pk: true,
  frame_ms: true,
  frame_number: true,
  content: true,
  hash: true,
  user_pk: true,
  state: true,
  total: true,
  lease_token: true,
  lease_until: true,
  concurrency_key: true,
  dedupe_key: true,
  error_code: true,
  error_details: true,
  started_at: true,
  finished_at: true,
  dataset_pk: true,
  dataset_version_pk: true,
  predictions_version_pk: true,
  roc_auc: true,
  f1: true,
  macro_precision: true,
  macro_recall: true,
  mean_average_precision: true,
}

/** True when the column may be empty, so that sorting has to say where empty values go. */
export function isNullable(column: string): boolean {
  return Object.hasOwn(nullableColumns, column)
}
