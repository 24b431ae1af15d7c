import type { Generated } from 'kysely'
import type { Micros } from '../../base/clock.ts'
import type { Bool, FamilyColumns, JsonText } from './columns.ts'

export interface DatasetsTable extends FamilyColumns {
  app_pk: number
  id: string
  description: string
  visibility: number
  is_bookmark: Generated<Bool>
  is_featured: Generated<Bool>
}

export interface DatasetInputsTable {
  dataset_pk: number
  input_pk: number
  created_at: Micros
}

/** The document is the filter's search. */
export interface AnnotationFiltersTable extends FamilyColumns {
  app_pk: number
  id: string
}

export interface AnnotationTracksTable extends FamilyColumns {
  input_pk: number
  id: string
  status_code: number
}

/** The document has what was asked for: the filter as it was then, processing, metadata. */
export interface DatasetVersionsTable extends FamilyColumns {
  dataset_pk: number
  id: string
  description: string
  visibility: number
  status_code: number
  status_details: string
  request_origin: number
  /** Inputs in the chunks written so far. */
  inputs_count: number
  /** The job that makes the version. */
  job_id: string
}

/** A part of a version's content: a blob with an InputBatch. */
export interface DatasetVersionChunksTable {
  version_pk: number
  position: number
  hash: string
  size: number
  inputs: number
}

/** One group of a version's metrics; the document is the DatasetVersionMetrics. */
export interface DatasetVersionGroupsTable {
  version_pk: number
  position: number
  parent_path: string
  /** DatasetVersionMetricsGroupType of the contract. */
  type: number
  /** As JSON. */
  value: string
  doc: JsonText
}

/** A version as a file in another format; there is one of each format. */
export interface DatasetVersionExportsTable {
  version_pk: number
  /** DatasetVersionExportFormat of the contract. */
  format: number
  include_embeddings: Bool
  status_code: number
  status_details: string
  /** The last part of its address. */
  media_id: string
  hash: string | null
  size: number
  job_id: string
  created_at: Micros
  modified_at: Micros
}

/** Bytes of an export that is being written, in the order of its file. */
export interface DatasetVersionExportPartsTable {
  version_pk: number
  format: number
  position: number
  hash: string
  size: number
  /** Headers of the files of the archive that end in the part, as JSON. */
  files: string
}
