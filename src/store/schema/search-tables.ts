import type { Generated } from 'kysely'
import type { Bool, FamilyColumns } from './columns.ts'

/** What was added to `embeddings` and what went, in order, written by triggers; vector indexes follow it. */
export interface EmbeddingLogTable {
  pk: Generated<number>
  app_pk: number
  model_version_pk: number
  dimension: number
  embedding_pk: number
  added: Bool
  /** Of `ops.transactionNumber`. */
  transaction_number: number
  /** No two rows have the same, also not when a lost tail of the log is written anew after a crash. */
  token: string
}

/** Who follows the log of embeddings, and from where on it must be kept for them. */
export interface EmbeddingLogReadersTable {
  reader: string
  sequence: number
  oldest_running: number
  seen_at: number
}

/** What metadata of annotations can be found by: a term per path and value. */
export interface AnnotationTermsTable {
  annotation_pk: number
  term: string
  app_pk: number
  input_pk: number
}

/** Saved searches. */
export interface SearchesTable extends FamilyColumns {
  app_pk: number
  id: string
  name: string
  visibility: number
}

export interface AnnotationSearchMetricsTable extends FamilyColumns {
  app_pk: number
  id: string
  status_code: number
}

/** The words of a text: of an input's own, or of an annotation. Rows are never updated, as the index would not follow. */
export interface TextsTable {
  pk: Generated<number>
  app_pk: number
  input_pk: number
  /** Null for the text that the input itself is. */
  annotation_pk: number | null
  /** How many there are in `body`. */
  words: number
  /** Words as searches know them (`base/words.ts`), each with a blank before it. */
  body: string
}
