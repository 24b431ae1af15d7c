import type { Generated } from 'kysely'
import type { Micros } from '../../base/clock.ts'
import type { Bool, FamilyColumns, JsonText } from './columns.ts'

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
  /** The installed module version that the key was made for, with which it goes. */
  install_pk: number | null
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
export type VersionFileRole = 'package' | 'model' | 'layers' | 'export'

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

export type StarredKind = 'app' | 'dataset' | 'model' | 'workflow' | 'user'

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
