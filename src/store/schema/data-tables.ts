import type { Generated } from 'kysely'
import type { Bool, FamilyColumns } from './columns.ts'

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
  /** Of the first frame in it, in milliseconds; empty where it is about no frame. */
  frame_ms: number | null
  /** Of the same frame. */
  frame_number: number | null
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
