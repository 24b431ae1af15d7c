import type { Insertable, Selectable, Updateable } from 'kysely'
import type { AppDuplicationsTable, CollectedInputsTable, CollectorsTable } from './app-tables.ts'
import type {
  ComputeClustersTable,
  DeploymentNodepoolsTable,
  DeploymentsTable,
  NodepoolsTable,
  RunnersTable,
} from './compute-tables.ts'
import type {
  AnnotationConceptsTable,
  AnnotationGeosTable,
  AnnotationsTable,
  AppTalliesTable,
  EmbeddingsTable,
  InputsAddJobsTable,
  InputsTable,
  InputUrlsTable,
  MediaFilesTable,
  MediaTable,
} from './data-tables.ts'
import type {
  AnnotationFiltersTable,
  AnnotationTracksTable,
  DatasetInputsTable,
  DatasetsTable,
  DatasetVersionChunksTable,
  DatasetVersionExportPartsTable,
  DatasetVersionExportsTable,
  DatasetVersionGroupsTable,
  DatasetVersionsTable,
} from './dataset-tables.ts'
import type {
  EvaluationChunksTable,
  EvaluationResultsTable,
  EvaluationsTable,
  ModelVersionExportsTable,
  WorkflowEvaluationDataTable,
  WorkflowEvaluationsTable,
} from './evaluation-tables.ts'
import type { InputsAddJobCallbacksTable, InputsExtractionJobsTable } from './extraction-tables.ts'
import type {
  AppsTable,
  BlobsTable,
  CollaboratorsTable,
  ConceptLanguagesTable,
  ConceptRelationsTable,
  ConceptsTable,
  CredentialsTable,
  KnowledgeGraphsTable,
  ModelsTable,
  ModelTagsTable,
  ModelVersionConceptsTable,
  ModelVersionFilesTable,
  ModelVersionHeadsTable,
  ModelVersionsTable,
  RedirectsTable,
  StarsTable,
  UsersTable,
  WorkflowStatesTable,
  WorkflowsTable,
  WorkflowVersionsTable,
} from './foundation-tables.ts'
import type { JobsTable } from './jobs-table.ts'
import type { InstalledModuleVersionsTable, ModulesTable, ModuleVersionsTable } from './module-tables.ts'
import type {
  AnnotationSearchMetricsTable,
  AnnotationTermsTable,
  EmbeddingLogReadersTable,
  EmbeddingLogTable,
  SearchesTable,
  TextsTable,
} from './search-tables.ts'

import type { SecretsTable } from './secret-tables.ts'
import type { StatValuesTable, StatValueTagsTable, ViewsTable } from './statistics-tables.ts'
import type {
  LabelOrdersTable,
  TaskAssignmentsTable,
  TaskMembersTable,
  TaskReviewsTable,
  TasksTable,
} from './task-tables.ts'
import type { ModelTrainingsTable, TrainingStartsTable, TrainingVectorsTable } from './training-tables.ts'
import type { UploadPartsTable, UploadsTable } from './upload-tables.ts'

export type * from './columns.ts'
export type * from './data-tables.ts'
export type * from './foundation-tables.ts'
export type { TaskRole } from './task-tables.ts'

export interface MetaTable {
  key: string
  value: string
}

/** All tables of the newest schema version. */
export interface Schema {
  users: UsersTable
  apps: AppsTable
  app_duplications: AppDuplicationsTable
  collectors: CollectorsTable
  collected_inputs: CollectedInputsTable
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
  embedding_log_readers: EmbeddingLogReadersTable
  annotation_terms: AnnotationTermsTable
  texts: TextsTable
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
  dataset_version_export_parts: DatasetVersionExportPartsTable
  jobs: JobsTable
  stat_values: StatValuesTable
  stat_value_tags: StatValueTagsTable
  views: ViewsTable
  uploads: UploadsTable
  upload_parts: UploadPartsTable
  model_trainings: ModelTrainingsTable
  training_vectors: TrainingVectorsTable
  training_starts: TrainingStartsTable
  inputs_extraction_jobs: InputsExtractionJobsTable
  inputs_add_job_callbacks: InputsAddJobCallbacksTable
  evaluations: EvaluationsTable
  evaluation_chunks: EvaluationChunksTable
  evaluation_results: EvaluationResultsTable
  model_version_exports: ModelVersionExportsTable
  workflow_evaluations: WorkflowEvaluationsTable
  workflow_evaluation_data: WorkflowEvaluationDataTable
  modules: ModulesTable
  module_versions: ModuleVersionsTable
  installed_module_versions: InstalledModuleVersionsTable
  label_orders: LabelOrdersTable
  tasks: TasksTable
  task_members: TaskMembersTable
  task_assignments: TaskAssignmentsTable
  task_reviews: TaskReviewsTable
  compute_clusters: ComputeClustersTable
  nodepools: NodepoolsTable
  runners: RunnersTable
  deployments: DeploymentsTable
  deployment_nodepools: DeploymentNodepoolsTable
  secrets: SecretsTable
  meta: MetaTable
}

export type Row<T extends keyof Schema> = Selectable<Schema[T]>
export type NewRow<T extends keyof Schema> = Insertable<Schema[T]>
export type RowChange<T extends keyof Schema> = Updateable<Schema[T]>
