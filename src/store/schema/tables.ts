import type { Generated, Insertable, Selectable, Updateable } from 'kysely'
import type { Micros } from '../../base/clock.ts'
import type {
  AnnotationFiltersTable,
  AnnotationTracksTable,
  DatasetInputsTable,
  DatasetsTable,
  DatasetVersionChunksTable,
  DatasetVersionExportsTable,
  DatasetVersionGroupsTable,
  DatasetVersionsTable,
} from './dataset-tables.ts'
import type { JobsTable } from './jobs-table.ts'
import type {
  AnnotationSearchMetricsTable,
  AnnotationTermsTable,
  EmbeddingLogTable,
  SearchesTable,
} from './search-tables.ts'

/** A truth value as both engines store it. */
export type Bool = 0 | 1
/** The JSON form of a contract message, without what the columns beside it say. */
export type JsonText = string

/**
 * Columns that every family table has. `pk` is given once and never again, so references to a deleted row find
 * nothing; `revision` counts the changes and is what optimistic updates compare.
 */
export interface FamilyColumns {
  pk: Generated<number>
  doc: JsonText
  revision: Generated<number>
  created_at: Micros
  modified_at: Micros
}

export interface UsersTable extends FamilyColumns {
  id: string
  visibility: number
  /** In the form that addresses are compared in; one user per address. */
  email: string | null
  password_hash: string | null
}

export interface AppsTable extends FamilyColumns {
  user_pk: number
  id: string
  name: string
  description: string
  visibility: number
  is_template: Generated<Bool>
  is_featured: Generated<Bool>
  /** No foreign key, as both tables name each other: a pk that finds no workflow means none. */
  default_workflow_pk: number | null
}

export interface CredentialsTable extends FamilyColumns {
  user_pk: number
  app_pk: number | null
  kind: 'app_key' | 'pat' | 'session'
  /** SHA-256 of the secret, in hexadecimal. */
  secret_hash: string
  public_id: string
  expires_at: Micros | null
}

export interface CollaboratorsTable extends FamilyColumns {
  app_pk: number
  user_pk: number
  id: string
  deleted_at: Micros | null
}

export interface ConceptsTable extends FamilyColumns {
  app_pk: number
  id: string
  name: string
  language: string
}

/** `id` is the language code. */
export interface ConceptLanguagesTable extends FamilyColumns {
  concept_pk: number
  id: string
  name: string
  definition: string
}

export interface KnowledgeGraphsTable extends FamilyColumns {
  app_pk: number
  id: string
}

/** A relation in the direction that it is kept in: a kind of something knows what it is a kind of, never the reverse. */
export interface ConceptRelationsTable extends FamilyColumns {
  /** The app that made it; its concepts may be those of other apps. */
  app_pk: number
  id: string
  /** Empty for the graph of the app as a whole. */
  knowledge_graph_id: string
  predicate: 'hyponym' | 'synonym'
  subject_pk: number
  object_pk: number
  visibility: number
}

export interface ModelsTable extends FamilyColumns {
  app_pk: number
  id: string
  model_type_id: string
  name: string
  description: string
  visibility: number
  is_bookmark: Generated<Bool>
  is_featured: Generated<Bool>
  /** No foreign key, as both tables name each other: a pk that finds no version means none. */
  latest_version_pk: number | null
}

export interface ModelVersionsTable extends FamilyColumns {
  model_pk: number
  id: string
  status_code: number
  description: string
  visibility: number
  completed_at: Micros | null
}

/** Which concepts of the app a model version answers, in the order of its outputs. */
export interface ModelVersionConceptsTable {
  version_pk: number
  position: number
  concept_pk: number
  /** What the version says about the concept beside its id and name, such as a threshold in `value`. */
  doc: JsonText
}

/** Weights of a linear head, apart from their version because lists of versions must not carry them. */
export interface ModelVersionHeadsTable {
  version_pk: number
  doc: JsonText
}

/** What a stored content is to a model that a user has brought. */
export type VersionFileRole = 'package' | 'model' | 'layers'

/** Stored contents of a model version: what was sent until it is checked, then the model and what its tensors mean. */
export interface ModelVersionFilesTable {
  version_pk: number
  role: VersionFileRole
  /** Of a row of `blobs`. */
  hash: string
}

export type ModelTagKind = 'toolkit' | 'use_case' | 'language'

/** Tags of models by which lists are narrowed; the model's document has them too. */
export interface ModelTagsTable {
  model_pk: number
  kind: ModelTagKind
  tag: string
}

export interface WorkflowsTable extends FamilyColumns {
  app_pk: number
  id: string
  name: string
  description: string
  visibility: number
  is_featured: Generated<Bool>
  /** No foreign key, as both tables name each other: a pk that finds no version means none. */
  latest_version_pk: number | null
}

export interface WorkflowVersionsTable extends FamilyColumns {
  workflow_pk: number
  id: string
  description: string
  visibility: number
  is_deprecated: Generated<Bool>
}

export type StarredKind = 'app' | 'model' | 'workflow' | 'user'

export interface StarsTable {
  user_pk: number
  kind: StarredKind
  resource_pk: number
  created_at: Micros
}

/** Where a renamed resource is now; `parent_pk` is 0 for users. */
export interface RedirectsTable {
  kind: string
  parent_pk: number
  old_id: string
  /** The renamed row, so that several renames in a row need no chain. */
  resource_pk: number
  created_at: Micros
}

export interface BlobsTable {
  /** SHA-256 of the content, in hexadecimal. */
  hash: string
  size: number
  content_type: string
  /** How many rows name the blob; at 0 it may be swept. */
  ref_count: number
  created_at: Micros
  modified_at: Micros
}

export interface WorkflowStatesTable {
  id: string
  app_pk: number
  doc: JsonText
  expires_at: Micros
}

/** Counts of one app by what they count; a count is the sum over its slots, of which each alone may be negative. */
export interface AppTalliesTable {
  app_pk: number
  /** `inputs`: how many inputs have the status `key`. `changes`: grows with every change that searches may see. */
  kind: TallyKind
  key: number
  slot: number
  amount: number
}

export type TallyKind = 'inputs' | 'changes'

/** Statistics under an id that the caller chose, over several PostInputs calls. */
export interface InputsAddJobsTable extends FamilyColumns {
  app_pk: number
  id: string
  status_code: number
  /** Items that never became an input. */
  refused: number
}

/** The document is the Input message without what other tables have: media files, the input-level annotation, status. */
export interface InputsTable extends FamilyColumns {
  app_pk: number
  id: string
  /** Bit mask of INPUT_KINDS (../data-bits.ts). */
  kinds: number
  status_code: number
  status_details: string
  add_job_pk: number | null
}

/** Where an input came from, to find that an address is used a second time. */
export interface InputUrlsTable {
  app_pk: number
  /** SHA-256 of the address as given, without blanks around it, in hexadecimal. */
  url_hash: string
  input_pk: number
}

export type MediaKind = 'image' | 'video' | 'audio' | 'text'

/** A hosted picture, film, sound or text; `id` is the last part of its address. The document has facts such as its width. */
export interface MediaTable extends FamilyColumns {
  app_pk: number
  /** Empty while no input has it, for pictures of apps and the like. */
  input_pk: number | null
  id: string
  kind: MediaKind
}

/** One size of a hosted medium: `orig`, `large`, `small`, `tiny`, `thumbnail`. */
export interface MediaFilesTable {
  media_pk: number
  size_name: string
  /** SHA-256 of the bytes, in hexadecimal; names a row of `blobs` unless the bytes are in `content`. */
  hash: string
  /** Where in that blob it begins: all derived sizes of a medium lie in one. */
  start: Generated<number>
  /** Bytes. */
  size: number
  content_type: string
  /** Small contents (texts above all), which need no file of their own. */
  content: Uint8Array | null
}

export type WorkerKind = 'user' | 'model_version' | 'workflow_version'

/** The document is the Annotation message with its data, but without vectors, which are in `embeddings`. */
export interface AnnotationsTable extends FamilyColumns {
  app_pk: number
  input_pk: number
  id: string
  worker_kind: WorkerKind
  /** User id or version id; stays when the worker is deleted. */
  worker_id: string
  worker_pk: number | null
  status_code: number
  /** Made by a person, or on behalf of one. */
  trusted: Bool
  /** The one annotation of an input that its own data shows. */
  input_level: Bool
  /** Empty for none, as `track_id`. */
  task_id: string
  track_id: string
  /** Bit mask of SHAPES (../data-bits.ts): what kinds of data there are. */
  shapes: number
}

/** Which concepts an annotation has, each with its highest value at each place. */
export interface AnnotationConceptsTable {
  annotation_pk: number
  concept_pk: number
  /** Of CONCEPT_PLACES (../data-bits.ts): in the data itself, in regions, frames or time segments. */
  place: number
  app_pk: number
  input_pk: number
  value: number
}

export interface AnnotationGeosTable {
  annotation_pk: number
  app_pk: number
  input_pk: number
  longitude: number
  latitude: number
}

/** The source of truth of vector search. */
export interface EmbeddingsTable {
  pk: Generated<number>
  app_pk: number
  input_pk: number
  annotation_pk: number
  /** Version of the model that made it; 0 when it was given by a caller. */
  model_version_pk: number
  /** Empty for the whole input. */
  region_id: string
  dimension: number
  /** 32-bit floats, little endian. */
  vector: Uint8Array
}

export interface MetaTable {
  key: string
  value: string
}

/** All tables of the newest schema version. */
export interface Schema {
  users: UsersTable
  apps: AppsTable
  credentials: CredentialsTable
  collaborators: CollaboratorsTable
  concepts: ConceptsTable
  concept_languages: ConceptLanguagesTable
  concept_relations: ConceptRelationsTable
  knowledge_graphs: KnowledgeGraphsTable
  models: ModelsTable
  model_versions: ModelVersionsTable
  model_version_concepts: ModelVersionConceptsTable
  model_version_heads: ModelVersionHeadsTable
  model_version_files: ModelVersionFilesTable
  model_tags: ModelTagsTable
  workflows: WorkflowsTable
  workflow_versions: WorkflowVersionsTable
  stars: StarsTable
  redirects: RedirectsTable
  blobs: BlobsTable
  workflow_states: WorkflowStatesTable
  app_tallies: AppTalliesTable
  inputs_add_jobs: InputsAddJobsTable
  inputs: InputsTable
  input_urls: InputUrlsTable
  media: MediaTable
  media_files: MediaFilesTable
  annotations: AnnotationsTable
  annotation_concepts: AnnotationConceptsTable
  annotation_geos: AnnotationGeosTable
  embeddings: EmbeddingsTable
  embedding_log: EmbeddingLogTable
  annotation_terms: AnnotationTermsTable
  searches: SearchesTable
  annotation_search_metrics: AnnotationSearchMetricsTable
  datasets: DatasetsTable
  dataset_inputs: DatasetInputsTable
  annotation_filters: AnnotationFiltersTable
  annotation_tracks: AnnotationTracksTable
  dataset_versions: DatasetVersionsTable
  dataset_version_chunks: DatasetVersionChunksTable
  dataset_version_groups: DatasetVersionGroupsTable
  dataset_version_exports: DatasetVersionExportsTable
  jobs: JobsTable
  meta: MetaTable
}

export type Row<T extends keyof Schema> = Selectable<Schema[T]>
export type NewRow<T extends keyof Schema> = Insertable<Schema[T]>
export type RowChange<T extends keyof Schema> = Updateable<Schema[T]>
